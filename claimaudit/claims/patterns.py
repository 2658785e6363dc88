"""Claims by pattern: wording that must never be missed, kept as data in a pack's `claims/`.

A pattern proposes a claim type and a strength for a range of words. How the sentence says it is `assertion`'s concern, and
what the evidence says of it is the judge's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from claimaudit.claims.phrases import ByPhrase, Phrase, Phrases, gaps, phrasebook
from claimaudit.resources import Pack, PatternEntry
from claimaudit.types import Assertion, ClaimType, Scope, Sentence, Step, Strength

MAX_MATCHES = 8
"""Matches of one phrase in one sentence: who repeats a claim more often says no more, and time stays linear."""

MAX_SCOPES = 1_000
"""Settings with modalities for which it is remembered which patterns apply."""

_ANSWER_LABEL = re.compile(r"(?:a|answer) ?\d{0,2} ?[:.)] +(?=\w)")
"""`A:` before an answer is no part of the claim."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A claim as a pattern or a model proposes it: the seam where both join.

    `start` and `end` are offsets in `sentence.folded.text`; `gaps` are ranges inside that the proposer did not look at
    (a denial there counts). `assertion` is None where the cues shall tell.
    """

    sentence: Sentence
    type: ClaimType
    strength: Strength
    start: int
    end: int
    confidence: float
    proposed_by: str
    assertion: Assertion | None = None
    gaps: tuple[tuple[int, int], ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """Folded texts that a sentence is read with; empty where there is none. `answers` is True right after a question."""

    lead_in: str = ""
    heading: str = ""
    question: str = ""
    title: str = ""
    answers: bool = False

    @classmethod
    def of(cls, sentence: Sentence, sentences: Sequence[Sentence]) -> Context:
        def folded(index: int | None) -> str:
            return "" if index is None else sentences[index].folded.text

        return cls(
            lead_in=folded(sentence.lead_in),
            heading=folded(sentence.heading),
            question=folded(sentence.question),
            title=folded(0) if sentence.index else "",
            answers=sentence.question is not None and sentence.index - sentence.question == 1,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """An entry of `claims/<type>.yaml`, with its phrases made."""

    id: str
    type: ClaimType
    entry: PatternEntry
    any: Phrases
    with_: Phrases
    unless: Phrases
    about: Phrases
    under: Phrases
    question: Phrases

    def applies(self, scope: Scope) -> bool:
        """Whether it is to be heard in a scope: `not_modality` is about the modality named most alone."""
        entry = self.entry
        return (
            (entry.setting is None or entry.setting == scope.assumed_setting)
            and (not entry.modality or not scope.modalities.isdisjoint(entry.modality))
            and (not scope.primary or scope.primary[0].isdisjoint(entry.not_modality))
        )

    def strength(self, scope: Scope) -> Strength | None:
        """The rung in this scope; None if the entry has none for its setting."""
        strength = self.entry.strength
        return strength if isinstance(strength, Strength) else strength.get(scope.assumed_setting)

    def find(self, phrases: Sequence[Phrase], text: str, context: Context) -> list[re.Match[str]]:
        """Matches of some of its phrases in a folded sentence, if the entry's conditions hold."""
        if self.entry.question and not context.answers:
            return []
        matches = [match for phrase in phrases for match in islice(phrase.pattern.finditer(text), MAX_MATCHES)]
        if not matches or not self._holds(text, context):
            return []
        return sorted(matches, key=lambda match: (match.start(), -match.end()))

    def _holds(self, text: str, context: Context) -> bool:
        entry = self.entry
        beside = [part for part in (context.lead_in, context.heading, context.question) if part]
        if entry.question and not self.question.are_in(context.question):
            return False
        if entry.with_ and not self.with_.are_in(text):
            return False
        if self.unless.are_in(text):
            return False
        if entry.under and not any(map(self.under.are_in, beside)):
            return False
        return not entry.about or any(self.about.are_in(part) for part in (text, *beside, context.title) if part)


class PatternMatcher:
    """All patterns of a pack."""

    name = "patterns"

    def __init__(self, pack: Pack) -> None:
        self._book = phrasebook(pack)
        self.patterns = tuple(self._make(pack))
        entries = [(phrase, (pattern, phrase)) for pattern in self.patterns for phrase in pattern.any]
        self._anywhere = ByPhrase([entry for entry in entries if not entry[1][0].entry.question])
        self._in_answers = ByPhrase(entries)
        self._by_scope: dict[tuple[str, tuple[frozenset[str], ...]], dict[Pattern, Strength]] = {}

    def _make(self, pack: Pack) -> Iterator[Pattern]:
        for claim_type, file in pack.claims.items():
            for entry in file.patterns:
                origin = str(pack.origins[f"pattern:{claim_type}/{entry.id}"])
                keys = ("any", "with_", "unless", "about", "under", "question")
                phrases = {key: self._book.phrases(getattr(entry, key), origin=origin) for key in keys}
                yield Pattern(id=f"{claim_type}/{entry.id}", type=claim_type, entry=entry, **phrases)

    def _strengths(self, scope: Scope) -> dict[Pattern, Strength]:
        """The patterns that apply in a scope, with their rungs there."""
        key = scope.assumed_setting, scope.primary
        if key not in self._by_scope:
            if len(self._by_scope) >= MAX_SCOPES:
                self._by_scope.clear()
            self._by_scope[key] = {
                pattern: strength
                for pattern in self.patterns
                if pattern.applies(scope) and (strength := pattern.strength(scope)) is not None
            }
        return self._by_scope[key]

    def propose(self, sentences: Sequence[Sentence], scope: Scope) -> Iterator[Proposal]:
        """Proposals for each sentence, in order."""
        strengths = self._strengths(scope)
        for sent in sentences:
            text = sent.folded.text
            candidates: dict[Pattern, list[Phrase]] = {}
            index = self._anywhere if sent.question is None else self._in_answers
            for pattern, phrase in index.of(self._book.index.candidates(text)):
                if pattern in strengths:
                    candidates.setdefault(pattern, []).append(phrase)
            context = Context.of(sent, sentences) if candidates else Context()
            for pattern, phrases in candidates.items():
                for match in pattern.find(phrases, text, context):
                    label = _ANSWER_LABEL.match(text, match.start(), match.end()) if match.start() == 0 else None
                    yield Proposal(
                        sentence=sent,
                        type=pattern.type,
                        strength=strengths[pattern],
                        start=label.end() if label else match.start(),
                        end=match.end(),
                        confidence=pattern.entry.confidence / 100,
                        proposed_by=f"pattern:{pattern.id}",
                        assertion=pattern.entry.assertion,
                        gaps=tuple(gaps(match)),
                        steps=(Step("pattern", pattern.id, match.group()),),
                    )
