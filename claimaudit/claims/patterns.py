"""Claims by pattern: wording that must never be missed, kept as data in a pack's `claims/`.

A pattern proposes a claim type and a strength for a range of words. How the sentence says it is `assertion`'s concern, and
what the evidence says of it is the judge's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from claimaudit.claims.phrases import compile_phrases, gaps
from claimaudit.claims.prefilter import LiteralIndex
from claimaudit.resources import Pack, PatternEntry
from claimaudit.types import Assertion, ClaimType, Scope, Sentence, Step, Strength

MAX_MATCHES = 8
"""Matches of one phrase in one sentence: who repeats a claim more often says no more, and time stays linear."""

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


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled entry of `claims/<type>.yaml`."""

    id: str
    type: ClaimType
    entry: PatternEntry
    any: tuple[re.Pattern[str], ...]
    with_: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    about: re.Pattern[str] | None
    under: re.Pattern[str] | None
    question: re.Pattern[str] | None

    def applies(self, scope: Scope) -> bool:
        entry = self.entry
        return (
            (entry.setting is None or entry.setting == scope.assumed_setting)
            and (not entry.modality or not scope.modalities.isdisjoint(entry.modality))
            and scope.modalities.isdisjoint(entry.not_modality)
        )

    def strength(self, scope: Scope) -> Strength | None:
        """The rung in this scope; None if the entry has none for its setting."""
        strength = self.entry.strength
        return strength if isinstance(strength, Strength) else strength.get(scope.assumed_setting)

    def find(self, phrases: Sequence[re.Pattern[str]], text: str, context: Context) -> list[re.Match[str]]:
        """Matches of some of its phrases in a folded sentence, if the entry's conditions hold."""
        if self.question is not None and not context.answers:
            return []
        matches = [match for phrase in phrases for match in islice(phrase.finditer(text), MAX_MATCHES)]
        if not matches or not self._holds(text, context):
            return []
        return sorted(matches, key=lambda match: (match.start(), -match.end()))

    def _holds(self, text: str, context: Context) -> bool:
        beside = [part for part in (context.lead_in, context.heading, context.question) if part]
        if self.question is not None and not self.question.search(context.question):
            return False
        if self.with_ is not None and not self.with_.search(text):
            return False
        if self.unless is not None and self.unless.search(text):
            return False
        if self.under is not None and not any(self.under.search(part) for part in beside):
            return False
        return self.about is None or any(self.about.search(part) for part in (text, *beside, context.title) if part)


class PatternMatcher:
    """All patterns of a pack, compiled."""

    name = "patterns"

    def __init__(self, pack: Pack) -> None:
        self.patterns = tuple(self._compile(pack))
        self._index = LiteralIndex([(phrase, (pattern, phrase)) for pattern in self.patterns for phrase in pattern.any])

    @staticmethod
    def _compile(pack: Pack) -> Iterator[Pattern]:
        for claim_type, file in pack.claims.items():
            for entry in file.patterns:
                origin = str(pack.origins[f"pattern:{claim_type}/{entry.id}"])
                compiled = {
                    key: compile_phrases(phrases, pack.vocabulary, origin=origin)
                    for key, phrases in (
                        ("with_", entry.with_),
                        ("unless", entry.unless),
                        ("about", entry.about),
                        ("under", entry.under),
                        ("question", entry.question),
                    )
                }
                phrases = (compile_phrases([phrase], pack.vocabulary, origin=origin) for phrase in entry.any)
                words = tuple(phrase for phrase in phrases if phrase is not None)
                yield Pattern(id=f"{claim_type}/{entry.id}", type=claim_type, entry=entry, any=words, **compiled)

    def propose(self, sentences: Sequence[Sentence], scope: Scope) -> Iterator[Proposal]:
        """Proposals for each sentence, in order."""
        strengths = {
            pattern.id: strength
            for pattern in self.patterns
            if pattern.applies(scope) and (strength := pattern.strength(scope)) is not None
        }
        for sent in sentences:
            context = Context.of(sent, sentences)
            text = sent.folded.text
            candidates: dict[str, tuple[Pattern, list[re.Pattern[str]]]] = {}
            for pattern, phrase in self._index.candidates(text):
                if pattern.id in strengths:
                    candidates.setdefault(pattern.id, (pattern, []))[1].append(phrase)
            for pattern, phrases in candidates.values():
                for match in pattern.find(phrases, text, context):
                    label = _ANSWER_LABEL.match(text, match.start(), match.end()) if match.start() == 0 else None
                    yield Proposal(
                        sentence=sent,
                        type=pattern.type,
                        strength=strengths[pattern.id],
                        start=label.end() if label else match.start(),
                        end=match.end(),
                        confidence=pattern.entry.confidence / 100,
                        proposed_by=f"pattern:{pattern.id}",
                        assertion=pattern.entry.assertion,
                        gaps=tuple(gaps(match)),
                        steps=(Step("pattern", pattern.id, match.group()),),
                    )
