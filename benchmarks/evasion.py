"""Whether disguised copy is read like plain copy: recall kept, offsets, false flags, for each way to write around a scanner.

    python benchmarks/evasion.py [--speed fast|accurate|patterns] [--sentences N] [--clean N] [--seed N] [-o FILE.json]

Sentences with claims are the `flag` lines of the pack's patterns and the flagged sentences of the corpus's test split, as
far as the audit flags them undisguised; clean ones are sentences of the test split without any label. Each is a listing of
its own with its setting given. Which words are disguised does not depend on what the library knows: the longest of the
claim's. *Light*: one word, in one place. *Medium*: two words, in a third of their letters. *Strong*: every word of four
letters and more, wherever it can be.

- Recall kept: of the units (sentence, claim type) flagged in the plain sentence, those that are flagged in disguise.
- Offsets: every character read must map to characters of the copy that stand for it, and where a sentence is read as if it
  were plain, each claim must cover the same characters of the plain sentence. Errors are counted.
- False flags in disguised clean sentences (medium): units flagged that are not flagged in the plain one. Many come from what
  a disguise destroys, whoever reads; those of the *seeing through* are not flagged either when no word is seen through.
- The same on plain clean sentences, with and without the seeing through.

Same seed, same figures on the same machine.
"""

from __future__ import annotations

import argparse
import datetime
import html
import json
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from claimaudit import Auditor, Listing, load_pack
from claimaudit.claims.corpus import read_corpus
from claimaudit.resources import Pack
from claimaudit.text.lexicon import Lexicon
from claimaudit.text.normalize import LOOKALIKES, fold_character
from claimaudit.types import AuditResult

STRENGTHS = ("light", "medium", "strong")
_WORD = re.compile(r"[A-Za-z]{4,}")


class Glyph(NamedTuple):
    """A character of a disguised text and the place in the plain one that it stands for; -1 if for none."""

    text: str
    origin: int


Glyphs = list[Glyph]


@dataclass(frozen=True, slots=True)
class Family:
    """A way to disguise: `word` writes one word anew, or `line` the whole sentence, at a strength of 0, 1 or 2."""

    word: Callable[[Glyphs, int, random.Random], Glyphs] | None = None
    line: Callable[[Glyphs, Sequence[range], int, random.Random], Glyphs] | None = None
    is_html: bool = False
    least: int = 4
    """Letters of the shortest word that it is used on."""


# --- Ways to write a word --------------------------------------------------------------------------------------


def _some(word: Glyphs, strength: int, rng: random.Random, can: Callable[[str], bool] = lambda _: True) -> list[int]:
    """Places of a word that a disguise takes: one, a third, or all of those that can be."""
    places = [place for place, glyph in enumerate(word) if can(glyph.text)]
    count = (1, max(2, len(word) // 3), len(word))[strength]
    return sorted(rng.sample(places, min(count, len(places))))


def _within(word: Glyphs, strength: int, rng: random.Random) -> list[int]:
    """Places between two letters, as the index of the later one."""
    count = (1, max(2, len(word) // 3), len(word) - 1)[strength]
    return sorted(rng.sample(range(1, len(word)), min(count, len(word) - 1)))


def replaced(table: dict[str, str]) -> Callable[[Glyphs, int, random.Random], Glyphs]:
    """Letters by others; several in the table are drawn from."""

    def write(word: Glyphs, strength: int, rng: random.Random) -> Glyphs:
        chosen = _some(word, strength, rng, lambda letter: letter in table)
        return [Glyph(rng.choice(table[g.text]), g.origin) if at in chosen else g for at, g in enumerate(word)]

    return write


def inserted(signs: str, *, at_once: int = 1) -> Callable[[Glyphs, int, random.Random], Glyphs]:
    def write(word: Glyphs, strength: int, rng: random.Random) -> Glyphs:
        chosen = _within(word, strength, rng)
        result: Glyphs = []
        for at, glyph in enumerate(word):
            if at in chosen:
                result += [Glyph(rng.choice(signs), -1) for _ in range(at_once)]
            result.append(glyph)
        return result

    return write


def wrapped(begin: str, end: str = "") -> Callable[[Glyphs, int, random.Random], Glyphs]:
    """Something between letters, spelt out (markup)."""

    def write(word: Glyphs, strength: int, rng: random.Random) -> Glyphs:
        chosen = _within(word, strength, rng)
        result: Glyphs = []
        for at, glyph in enumerate(word):
            if at in chosen:
                result += [Glyph(character, -1) for character in begin + end]
            result.append(glyph)
        return result

    return write


def parted(separator: str) -> Callable[[Glyphs, int, random.Random], Glyphs]:
    """Every letter on its own: the strength tells in how many words."""

    def write(word: Glyphs, strength: int, rng: random.Random) -> Glyphs:
        return [part for at, glyph in enumerate(word) for part in ([Glyph(separator, -1)] * (at > 0) + [glyph])]

    return write


def cut(separator: str) -> Callable[[Glyphs, int, random.Random], Glyphs]:
    """A word in two pieces, or three where it is long and the disguise strong."""

    def write(word: Glyphs, strength: int, rng: random.Random) -> Glyphs:
        cuts = {rng.randrange(2, len(word) - 1)} if len(word) >= 4 else set()
        if strength == 2 and len(word) >= 9:
            cuts = {rng.randrange(2, len(word) // 2), rng.randrange(len(word) // 2 + 2, len(word) - 1)}
        result: Glyphs = []
        for at, glyph in enumerate(word):
            if at in cuts:
                result += [Glyph(character, -1) for character in separator]
            result.append(glyph)
        return result

    return write


def marked(word: Glyphs, strength: int, rng: random.Random) -> Glyphs:
    chosen = _some(word, strength, rng)
    result: Glyphs = []
    for at, glyph in enumerate(word):
        result.append(glyph)
        if at in chosen:
            result.append(Glyph(rng.choice("\u0336\u0335\u0338\u0323\u0301\u0308\u0332\u20dd"), -1))
    return result


def doubled(word: Glyphs, strength: int, rng: random.Random) -> Glyphs:
    chosen = _some(word, strength, rng)
    return [part for at, glyph in enumerate(word) for part in [glyph] * (1 + (at in chosen))]


def misspelt(word: Glyphs, strength: int, rng: random.Random) -> Glyphs:
    """One edit inside the word: a letter less, another, one more, or two swapped."""
    place = rng.randrange(1, len(word) - 2)
    kind = rng.randrange(4)
    letter = rng.choice([one for one in "abcdefghijklmnoprstuvwy" if one != word[place].text.lower()])
    if word[place].text.isupper():
        letter = letter.upper()
    if kind == 0:
        return word[:place] + word[place + 1 :]
    if kind == 1:
        return [*word[:place], Glyph(letter, word[place].origin), *word[place + 1 :]]
    if kind == 2:
        return [*word[:place], Glyph(letter, -1), *word[place:]]
    return [*word[:place], word[place + 1], word[place], *word[place + 2 :]]


def entities(word: Glyphs, strength: int, rng: random.Random) -> Glyphs:
    chosen = _some(word, strength, rng)
    result: Glyphs = []
    for at, glyph in enumerate(word):
        code = rng.choice((f"&#{ord(glyph.text)};", f"&#x{ord(glyph.text):x};", f"&#0{ord(glyph.text)};"))
        result += [Glyph(character, glyph.origin) for character in code] if at in chosen else [glyph]
    return result


def reversed_(word: Glyphs, strength: int, rng: random.Random) -> Glyphs:
    return [Glyph("\u202e", -1), *word[::-1], Glyph("\u202c", -1)]


def covered(word: Glyphs, strength: int, rng: random.Random) -> Glyphs:
    count = 2 if strength == 2 and len(word) >= 8 else 1
    chosen = rng.sample(range(1, len(word) - 1), count)
    return [Glyph("*", glyph.origin) if at in chosen else glyph for at, glyph in enumerate(word)]


# --- Ways to write a sentence ----------------------------------------------------------------------------------


def joined(line: Glyphs, words: Sequence[range], strength: int, rng: random.Random) -> Glyphs:
    """Three, four or all words from the claim's longest on, joined by case."""
    text = "".join(glyph.text for glyph in line)
    every = [range(*match.span()) for match in re.finditer(r"[A-Za-z]+", text)]
    first = next(number for number, word in enumerate(every) if word.start == words[0].start)
    count = (3, 4, len(every))[strength]
    first = max(0, min(first, len(every) - count))
    run = [every[first]]
    for word in every[first + 1 : first + count]:
        if text[run[-1].stop : word.start] != " ":
            break
        run.append(word)
    result = line[: run[0].start]
    for word in run:
        result += [Glyph(line[word.start].text.upper(), line[word.start].origin)]
        result += [Glyph(glyph.text.lower(), glyph.origin) for glyph in line[word.start + 1 : word.stop]]
    return result + line[run[-1].stop :] if len(run) > 2 else line


def tagged(line: Glyphs, words: Sequence[range], strength: int, rng: random.Random) -> Glyphs:
    """The words from the claim's longest on as a hashtag: one, two or three."""
    result = joined(line, words, 0, rng) if strength == 2 else line
    if strength == 1:
        text = "".join(glyph.text for glyph in line)
        following = re.compile(r" [A-Za-z]{2,}").match(text, words[0].stop)
        if following:
            result = line[: words[0].stop] + line[words[0].stop + 1 :]
    start = next((at for at, glyph in enumerate(result) if glyph.origin == line[words[0].start].origin), 0)
    while start and result[start - 1].text.isalpha():
        start -= 1
    lower = rng.random() < 0.5 and strength < 2
    tag = [Glyph(g.text.lower() if lower and at >= start else g.text, g.origin) for at, g in enumerate(result)]
    return [*tag[:start], Glyph("#", -1), *tag[start:]]


def around(*pages: tuple[str, str]) -> Callable[[Glyphs, Sequence[range], int, random.Random], Glyphs]:
    """The sentence where a page does not show it, or beside its text; a page for each strength."""

    def write(line: Glyphs, words: Sequence[range], strength: int, rng: random.Random) -> Glyphs:
        before, after = pages[strength]
        return [*(Glyph(one, -1) for one in before), *line, *(Glyph(one, -1) for one in after)]

    return write


def _alphabet(first_upper: int, first_lower: int) -> dict[str, str]:
    return {
        **{chr(65 + place): chr(first_upper + place) for place in range(26)},
        **{chr(97 + place): chr(first_lower + place) for place in range(26)},
    }


_SANS, _BOLD, _MONO = _alphabet(0x1D5D4, 0x1D5EE), _alphabet(0x1D400, 0x1D41A), _alphabet(0x1D670, 0x1D68A)
_CYRILLIC = dict(zip("acehijopsxyABCEHIJKMOPSTXY", "асеһіјорѕхуАВСЕНІЈКМОРЅТХУ", strict=True))
_GREEK = dict(zip("ioprtuvxABEHIKMNOPTXYZ", "ιορρτυνχΑΒΕΗΙΚΜΝΟΡΤΧΥΖ", strict=True)) | {"r": "г"}
_LEET = {"a": "@4", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7", "l": "1", "b": "8", "g": "9"}
_LEET |= {letter.upper(): signs for letter, signs in _LEET.items()}

FAMILIES: dict[str, Family] = {
    "look-alike letters, Cyrillic": Family(replaced(_CYRILLIC)),
    "look-alike letters, Greek": Family(replaced(_GREEK)),
    "mathematical alphabets": Family(replaced({one: _SANS[one] + _BOLD[one] + _MONO[one] for one in _SANS})),
    "fullwidth letters": Family(replaced(_alphabet(0xFF21, 0xFF41))),
    "circled letters": Family(replaced(_alphabet(0x24B6, 0x24D0))),
    "zero-width characters": Family(inserted("\u200b\u200c\u200d\u2060\ufeff")),
    "soft hyphens": Family(inserted("\u00ad")),
    "combining marks": Family(marked),
    "figures for letters": Family(replaced(_LEET)),
    "spaced letters": Family(parted(" ")),
    "dotted letters": Family(parted(".")),
    "doubled letters": Family(doubled),
    "slips in long words": Family(misspelt, least=8),
    "hyphen splits": Family(cut("-"), least=6),
    "line-break splits": Family(cut("-\n"), least=6),
    "emoji within words": Family(inserted("🔥💥✨❤⭐")),
    "entities": Family(entities, is_html=True),
    "tags within words": Family(wrapped("<b></b>"), is_html=True),
    "comments within words": Family(wrapped("<!-- x -->"), is_html=True),
    "hidden text within words": Family(wrapped('<span style="display:none">', "xq</span>"), is_html=True),
    "hidden by style": Family(
        line=around(
            ('<div style="display:none">', "</div>"),
            ('<p style="font-size:0">', "</p>"),
            ('<span style="color:#fff;background:#fff">', "</span>"),
        ),
        is_html=True,
    ),
    "beside the text": Family(
        line=around(
            ('<img src="a.png" alt="', '">'),
            ('<meta name="description" content="', '">'),
            ('<script type="application/ld+json">{"@type": "Product", "description": "', '"}</script>'),
        ),
        is_html=True,
    ),
    "right-to-left override": Family(reversed_),
    "words joined by case": Family(line=joined),
    "hashtags": Family(line=tagged),
    "trademark signs": Family(inserted("™®©")),
    "covered letters": Family(covered, least=6),
}


# --- Measuring -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Plain:
    """A sentence as it is, with what the audit says of it and where in it the claims stand."""

    text: str
    setting: str
    result: AuditResult
    spans: tuple[tuple[int, int], ...]

    @property
    def flagged(self) -> frozenset[str]:
        return frozenset(finding.claim.type for finding in self.result.flagged)


def disguised(plain: Plain, family: Family, strength: int, rng: random.Random) -> Glyphs | None:
    """The sentence in disguise; None if it holds no word for it."""
    line = [Glyph(character, place) for place, character in enumerate(plain.text)]
    words = [range(*match.span()) for match in _WORD.finditer(plain.text)]
    claimed = [word for word in words if any(start < word.stop and word.start < end for start, end in plain.spans)]
    fit = [word for word in claimed or words if len(word) >= family.least]
    fit.sort(key=lambda word: (-len(word), word.start))
    chosen = fit[: (1, 2, len(fit))[strength]]
    if not chosen:
        return None
    if family.line is not None:
        if family.is_html:
            line = _escaped(line)
        return family.line(line, chosen, strength, rng)
    assert family.word is not None
    result: Glyphs = []
    place = 0
    for word in sorted(chosen, key=lambda one: one.start):
        between, inside = line[place : word.start], line[word.start : word.stop]
        result += (_escaped(between) if family.is_html else between) + family.word(inside, strength, rng)
        place = word.stop
    rest = line[place:]
    result += _escaped(rest) if family.is_html else rest
    if family.is_html:
        result = [Glyph("<", -1), Glyph("p", -1), Glyph(">", -1), *result]
    return None if "".join(glyph.text for glyph in result) == plain.text else result


def _escaped(glyphs: Glyphs) -> Glyphs:
    return [Glyph(one, glyph.origin) for glyph in glyphs for one in html.escape(glyph.text)]


def offset_errors(plain: Plain, glyphs: Glyphs, result: AuditResult) -> int:
    """How many characters read, and claims, do not lie where they stand in the copy."""
    errors = 0
    for sent in result.sentences:
        folded = sent.folded
        for place, character in enumerate(folded.text):
            span = folded.source(place, place + 1)
            if span.start == span.end or character == " ":
                continue
            here = glyphs[span.start : span.end]
            meant = {one for glyph in here if glyph.origin >= 0 for one in fold_character(plain.text[glyph.origin])}
            given = {LOOKALIKES.get(one, one) for glyph in here for one in fold_character(glyph.text)}
            given.update("".join(glyph.text for glyph in here).lower())  # left as it was written
            is_slip = character not in given and _is_beside(plain, glyphs, span.start, character)
            errors += character not in meant | given and not is_slip
    # A model reads lists and prose apart, and may mark other words: then its claims are not compared.
    laid_out = [[(sent.folded.text, sent.kind, sent.line) for sent in one.sentences] for one in (plain.result, result)]
    if laid_out[0] == laid_out[1]:
        for finding in result.findings:
            span = finding.claim.span
            origins = [glyph.origin for glyph in glyphs[span.start : span.end] if glyph.origin >= 0]
            covered = (min(origins), max(origins) + 1) if origins else None
            same = [claim.claim.span for claim in plain.result.findings if claim.claim.type == finding.claim.type]
            errors += bool(same) and covered not in [(claim.start, claim.end) for claim in same]
    return errors


def _is_beside(plain: Plain, glyphs: Glyphs, at: int, character: str) -> bool:
    """Whether the plain text has a character next to what stands at a place: a letter that a slip left out."""
    origins = [glyph.origin for glyph in glyphs[max(0, at - 1) : at + 2] if glyph.origin >= 0]
    return any(
        character in fold_character(plain.text[place])
        for origin in origins
        for place in range(max(0, origin - 2), min(len(plain.text), origin + 3))
    )


def sentences_with_claims(pack: Pack, auditor: Auditor, count: int, rng: random.Random) -> Iterator[Plain]:
    given: list[tuple[str, str]] = []
    for file in pack.claims.values():
        for entry in file.patterns:
            for line in entry.flag:
                sides = line.items() if isinstance(line, dict) else [(entry.setting or pack.settings[0], line)]
                given += [(text, setting) for setting, text in sides]
    corpus = read_corpus(pack)
    for document in corpus.split("test"):
        for index in sorted({label.sentence for label in document.labels if label.is_flagged}):
            start, end = document.sentences[index]
            given.append((document.text[start:end], document.setting))
    given = [(text, setting if setting in pack.settings else pack.settings[0]) for text, setting in given]
    rng.shuffle(given)
    for text, setting in given:
        plain = _plain(auditor, text, setting)
        if count and plain.flagged:
            count -= 1
            yield plain


def clean_sentences(pack: Pack, auditor: Auditor, count: int, rng: random.Random) -> list[Plain]:
    given: list[tuple[str, str]] = []
    for document in read_corpus(pack).split("test"):
        labelled = {label.sentence for label in document.labels}
        setting = document.setting if document.setting in pack.settings else pack.settings[0]
        given += [
            (document.text[start:end], setting)
            for index, (start, end) in enumerate(document.sentences)
            if index not in labelled
        ]
    return [_plain(auditor, text, setting) for text, setting in rng.sample(given, min(count, len(given)))]


def _plain(auditor: Auditor, text: str, setting: str) -> Plain:
    result = auditor.audit(Listing("plain", text, setting=setting, markup="text"))
    spans = tuple((finding.claim.span.start, finding.claim.span.end) for finding in result.flagged)
    return Plain(text, setting, result, spans)


def measure(
    auditor: Auditor, blind: Auditor, plains: Sequence[Plain], family: Family, strength: int, rng: random.Random
) -> dict[str, int]:
    """Counts over sentences: units flagged plain and in disguise, added, offset errors, listings with a notice.

    `blind` audits without seeing through anything.
    """
    counts = dict.fromkeys(("sentences", "units", "kept", "added", "added_by_seeing", "offset_errors", "notices"), 0)
    for plain in plains:
        glyphs = disguised(plain, family, strength, rng)
        if glyphs is None:
            continue
        text = "".join(glyph.text for glyph in glyphs)
        listing = Listing("disguised", text, setting=plain.setting, markup="html" if family.is_html else "text")
        result = auditor.audit(listing)
        flagged = {finding.claim.type for finding in result.flagged}
        counts["sentences"] += 1
        counts["units"] += len(plain.flagged)
        counts["kept"] += len(plain.flagged & flagged)
        added = flagged - plain.flagged
        counts["added"] += len(added)
        if added:
            counts["added_by_seeing"] += len(added - {finding.claim.type for finding in blind.audit(listing).flagged})
        counts["offset_errors"] += offset_errors(plain, glyphs, result)
        counts["notices"] += result.evasion is not None
    return counts


def added_when_plain(blind: Auditor, clean: Sequence[Plain]) -> dict[str, int]:
    """What the seeing through changes on plain clean sentences."""
    added = notices = 0
    for plain in clean:
        before = blind.audit(plain.result.listing)
        added += len(plain.flagged - {finding.claim.type for finding in before.flagged})
        notices += plain.result.evasion is not None
    return {"sentences": len(clean), "added": added, "notices": notices}


PAGE = """# Disguised copy

Written by `{command}`, whose docstring says what is measured and how. {date}; {signature}.

Recall kept, averaged over the families: **{mean:.3f}** at medium strength (light {light:.3f}, strong {strong:.3f}); lowest
family at medium strength: **{lowest:.3f}**. Offset errors: **{offsets}** in {audits:,} disguised sentences. For each 1,000
clean sentences, seeing through adds **{seeing:.2f}** false flags in disguise and **{plain_false:.2f}** in plain copy (in
disguise {false:.2f} are added in all, most of them by what the disguise destroys). Notices of evasion on plain clean
sentences: {plain_notices} of {clean:,}.

| family | light | medium | strong | notice at medium | added / 1,000 clean | by seeing through | offset errors |
|---|---|---|---|---|---|---|---|
{rows}
"""


def report(result: dict[str, object]) -> str:
    families: dict[str, dict[str, dict[str, int]]] = result["families"]  # type: ignore[assignment]
    plain: dict[str, int] = result["plain_clean"]  # type: ignore[assignment]

    def kept(name: str, strength: str) -> float:
        counts = families[name][strength]
        return counts["kept"] / max(counts["units"], 1)

    means = {strength: sum(kept(name, strength) for name in families) / len(families) for strength in STRENGTHS}
    rows = []
    offsets = audits = added = seeing = clean = 0
    for name, parts in families.items():
        errors = sum(counts["offset_errors"] for counts in parts.values())
        offsets += errors
        audits += sum(counts["sentences"] for counts in parts.values())
        added += parts["clean"]["added"]
        seeing += parts["clean"]["added_by_seeing"]
        clean += parts["clean"]["sentences"]
        false, seen = (
            1000 * parts["clean"][name] / max(parts["clean"]["sentences"], 1) for name in ("added", "added_by_seeing")
        )
        notice = parts["medium"]["notices"] / max(parts["medium"]["sentences"], 1)
        figures = " | ".join(f"{kept(name, strength):.3f}" for strength in STRENGTHS)
        rows.append(f"| {name} | {figures} | {notice:.0%} | {false:.1f} | {seen:.1f} | {errors} |")
    return PAGE.format(
        command=result["command"], date=result["date"], signature=f"seed {result['seed']}; `{result['signature']}`",
        mean=means["medium"], light=means["light"], strong=means["strong"],
        lowest=min(kept(name, "medium") for name in families), offsets=offsets, audits=audits,
        false=1000 * added / max(clean, 1), seeing=1000 * seeing / max(clean, 1),
        plain_false=1000 * plain["added"] / max(plain["sentences"], 1), plain_notices=plain["notices"],
        clean=plain["sentences"], rows="\n".join(rows),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--speed", default="fast", choices=("fast", "accurate", "patterns"))
    parser.add_argument("--sentences", type=int, default=500)
    parser.add_argument("--clean", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--families", nargs="*", default=list(FAMILIES), choices=list(FAMILIES))
    parser.add_argument("-o", "--output", type=Path, default=Path("benchmarks/evasion.json"))
    options = parser.parse_args()
    begun = time.perf_counter()
    pack = load_pack()
    auditor, blind = Auditor(pack, speed=options.speed), Auditor(pack, speed=options.speed)
    blind._lexicon = Lexicon(())  # no setting leaves a stage out, and none is wanted
    plains = list(sentences_with_claims(pack, auditor, options.sentences, random.Random(options.seed)))
    clean = clean_sentences(pack, auditor, options.clean, random.Random(options.seed))
    families = {}
    for name in options.families:
        family = FAMILIES[name]
        rng = random.Random(f"{options.seed} {name}")
        families[name] = {
            strength: measure(auditor, blind, plains, family, number, rng) for number, strength in enumerate(STRENGTHS)
        }
        families[name]["clean"] = measure(auditor, blind, clean, family, 1, rng)
        recalls = (families[name][strength]["kept"] / max(families[name][strength]["units"], 1) for strength in STRENGTHS)
        print(f"{name:32}", *(f"{recall:.3f}" for recall in recalls), families[name]["clean"]["added"], flush=True)
    defaults = f"--speed {options.speed} --sentences {options.sentences} --clean {options.clean} --seed {options.seed}"
    result = {
        "command": f"python benchmarks/evasion.py {defaults}",
        "date": datetime.date.today().isoformat(),
        "seed": options.seed,
        "signature": str(auditor.signature),
        "seconds": round(time.perf_counter() - begun),
        "sentences_with_claims": len(plains),
        "families": families,
        "plain_clean": added_when_plain(blind, clean),
    }
    options.output.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    page = report(result)
    options.output.with_suffix(".md").write_text(page, "utf-8")
    print(page)


if __name__ == "__main__":
    main()
