"""Which parts of a listing are in another language than English, and so are not checked.

By script and by function words, sentence by sentence. The test is shy on purpose: broken English lacks function words of any
language and must be read, so a sentence counts as foreign only when another language speaks up in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from claimaudit.text.function_words import ENGLISH, FOREIGN
from claimaudit.types import Listing, Sentence, Span, Unchecked

MIN_LETTERS = 4
"""Letters of another script that a sentence must hold to count as foreign: `ㅠㅠ` in an English post does not."""

MIN_FUNCTION_WORDS = 2
SHORT = 3
"""Words of a sentence that tells too little of its language to stand for another than that of its neighbours."""

_WORD = re.compile(r"[^\W\d_]+")
_ANY_FOREIGN = frozenset().union(*FOREIGN.values())


@dataclass(frozen=True, slots=True)
class ForeignParts:
    """Indices of the sentences that were not read, and the language of each."""

    languages: dict[int, str]
    spans: dict[int, Span]

    @property
    def indices(self) -> frozenset[int]:
        return frozenset(self.languages)

    def notes(self, listing: Listing) -> list[Unchecked]:
        """One note for each run of neighbouring sentences in one language."""
        runs: list[list[int]] = []
        for index in sorted(self.languages):
            if runs and index == runs[-1][-1] + 1 and self.languages[index] == self.languages[runs[-1][-1]]:
                runs[-1].append(index)
            else:
                runs.append([index])
        return [
            Unchecked(
                listing.id,
                "language",
                f"{len(run)} sentence{'s' * (len(run) > 1)} in another language ({self.languages[run[0]]}): not read.",
                # Hidden text stands after its block, so the first sentence need not be the first in the source.
                Span(min(self.spans[index].start for index in run), max(self.spans[index].end for index in run)),
            )
            for run in runs
        ]


def foreign_parts(sentences: Sequence[Sentence]) -> ForeignParts:
    """The sentences in another language; one of up to three words between two foreign ones goes with them."""
    languages: dict[int, str] = {}
    whole = "\n".join([sent.readable.text for sent in sentences])
    is_plain = _ANY_FOREIGN.isdisjoint(_WORD.findall(whole.lower()))
    for sent in sentences:
        if is_plain and sent.folded.text.isascii() and not sent.is_disguised:
            continue  # what else is not ASCII is typography
        language = language_of(sent.folded.text if sent.is_disguised else sent.readable.text, letters=sent.folded.text)
        if language is not None:
            languages[sent.index] = language
    if not languages:
        return ForeignParts({}, {})
    for before, sent, after in zip(sentences, sentences[1:], sentences[2:], strict=False):
        around = languages.get(before.index)
        if around and around == languages.get(after.index) and sent.index not in languages and _is_open(sent):
            languages[sent.index] = around
    return ForeignParts(languages, {sent.index: sent.span for sent in sentences if sent.index in languages})


def language_of(text: str, *, letters: str | None = None) -> str | None:
    """The language or script of a sentence if it is not English, else None.

    `letters` is the sentence folded, where look-alikes of other scripts stand as the Latin letters that they pass for.

    >>> language_of("Die Flecken sind nach einer Woche weg und kommen nicht wieder.")
    'German'
    >>> language_of("Repair pit scar, smooth wrinkle, tighten pore") is None
    True
    >>> language_of("Удаляет пятна навсегда")
    'Cyrillic script'
    """
    if text.isascii() and len(text) < 8:
        return None
    if not text.isascii():
        script = _foreign_script(letters or text)
        if script is not None:
            return script
    words = _WORD.findall(text.lower())
    if len(words) < 3 or _ANY_FOREIGN.isdisjoint(words):
        return None
    english = sum(word in ENGLISH for word in words)
    best = max(FOREIGN, key=lambda language: sum(word in FOREIGN[language] for word in words))
    hits = [word for word in words if word in FOREIGN[best]]
    if len(set(hits)) >= MIN_FUNCTION_WORDS and len(hits) > english:
        return best
    return None


def _is_open(sent: Sentence) -> bool:
    words = _WORD.findall(sent.readable.text.lower())
    return len(words) <= SHORT and not any(word in ENGLISH for word in words)


def _foreign_script(text: str) -> str | None:
    """The script that most letters are written in, unless it is Latin."""
    latin = 0
    others: dict[str, int] = {}
    for character in text:
        if not character.isalpha():
            continue
        if character.isascii():
            latin += 1
            continue
        name = unicodedata.name(character, "UNKNOWN").split()[0]
        if name in (
            "LATIN",
            "FULLWIDTH",
            "MATHEMATICAL",
            "CIRCLED",
            "MODIFIER",
            "FEMININE",
            "MASCULINE",
            "SCRIPT",
            "DOUBLE-STRUCK",
        ):
            latin += 1
        else:
            others[name] = others.get(name, 0) + 1
    foreign = sum(others.values())
    if foreign < MIN_LETTERS or foreign <= latin:
        return None
    return f"{max(others, key=lambda name: others[name]).capitalize()} script"
