"""From sentences to claims: what patterns hear and a model proposes, one claim for each sentence and type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from claimaudit.claims.assertion import AssertionReader, Found
from claimaudit.claims.patterns import Context, PatternMatcher, Proposal
from claimaudit.claims.scope import ScopeReader
from claimaudit.resources import Pack
from claimaudit.types import NO_VERDICT, SOFTENED, Assertion, Claim, ClaimType, Scope, Sentence, Step, Strength, Verdict

_RUNG = {Strength.ABSOLUTE: 2, Strength.STRONG: 1, Strength.MODEST: 0}

_TAKEN_BACK = {Assertion.DENIED, Assertion.REPORTED, Assertion.COMPARED}
"""What is said so takes nothing from a stronger claim beside it: "permanent, not temporary"."""


Unit = tuple[int, ClaimType]
"""Sentence index and claim type."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A claim as the patterns and cues read it; `is_affirmed` where a cue says that a denial is none ("not only")."""

    strength: Strength
    assertion: Assertion
    is_affirmed: bool = False

    @classmethod
    def of(cls, claim: Claim) -> Heard:
        affirmed = claim.assertion is Assertion.ASSERTED and any(step.kind == "cue" for step in claim.why)
        return cls(claim.strength, claim.assertion, affirmed)


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a model says of one unit, having heard the patterns.

    `probability` (0..1, calibrated) is that of a flag; `is_flagged` tells whether it reaches the model's cut;
    `is_doubtful` that a reader should look. `proposal` is how the model itself reads the claim.
    """

    probability: float
    is_flagged: bool
    is_doubtful: bool
    proposal: Proposal


class ClaimModel(Protocol):
    """What weighs and proposes claims beside the patterns: a trained model."""

    name: str

    def assess(self, sentences: Sequence[Sentence], scope: Scope, heard: Mapping[Unit, Heard]) -> Mapping[Unit, Assessment]:
        """Of the sentences of one listing, each unit that the patterns heard or the model takes for spoken of."""
        ...


class ClaimFinder:
    """Finds the claims of listings in scope."""

    def __init__(self, pack: Pack, model: ClaimModel | None = None) -> None:
        self._pack = pack
        self._patterns, self._assertion, self._scope = _compiled(pack)
        self._model = model

    def read_scope(self, sentences: Sequence[Sentence], *, setting: str | None = None) -> Scope:
        return self._scope.read(sentences, setting=setting)

    def find(self, sentences: Sequence[Sentence], scope: Scope) -> tuple[Claim, ...]:
        """The claims, in order of their sentences and of the pack's claim types; none if out of scope.

        Where several patterns speak of one sentence and type, the one that promises most stands. Where there is a model,
        it decides how probable a flag is: a promise of the patterns that it does not believe is held back, and where it sees
        a promise that they do not, its own reading stands (unless it leaves the assertion to the cues, which have spoken).
        """
        if not scope.in_scope:
            return ()
        claims = self._heard(sentences, scope)
        if self._model is not None:
            claims = self._weighed(claims, self._model, sentences, scope)
        rank = {claim_type: place for place, claim_type in enumerate(self._pack.claim_types)}
        return tuple(claims[unit] for unit in sorted(claims, key=lambda unit: (unit[0], rank[unit[1]])))

    def hear(self, sentences: Sequence[Sentence], scope: Scope) -> dict[Unit, Heard]:
        """What patterns and cues hear of each unit: what a model is given, and learns to weigh."""
        return {unit: Heard.of(claim) for unit, claim in self._heard(sentences, scope).items()}

    def _heard(self, sentences: Sequence[Sentence], scope: Scope) -> dict[Unit, Claim]:
        groups: dict[Unit, list[Proposal]] = defaultdict(list)
        for proposal in self._patterns.propose(sentences, scope):
            if self._applies(proposal.type, scope):
                groups[proposal.sentence.index, proposal.type].append(proposal)
        cues = {index: self._assertion.cues_in(sentences[index].folded.text) for index in {index for index, _ in groups}}
        return {unit: self._claim(groups[unit], sentences, scope, cues[unit[0]]) for unit in groups}

    def _weighed(
        self, heard: dict[Unit, Claim], model: ClaimModel, sentences: Sequence[Sentence], scope: Scope
    ) -> dict[Unit, Claim]:
        claims = dict(heard)
        told = {unit: Heard.of(claim) for unit, claim in heard.items()}
        for unit, assessment in model.assess(sentences, scope, told).items():
            if not self._applies(unit[1], scope):
                continue
            claim = heard.get(unit)
            is_promise = claim is not None and self._promises(claim)
            reads_assertion = assessment.proposal.assertion is not None
            if claim is None or (assessment.is_flagged and not is_promise and reads_assertion):
                cues = self._assertion.cues_in(sentences[unit[0]].folded.text)
                claim = self._claim([assessment.proposal], sentences, scope, cues)
                is_promise = assessment.is_flagged or assessment.is_doubtful
            if is_promise:
                claim = replace(
                    claim,
                    confidence=round(assessment.probability, 4),
                    is_held=not assessment.is_flagged,
                    is_doubtful=assessment.is_doubtful,
                    why=_with_model(claim.why, assessment.proposal.steps),
                )
            claims[unit] = claim
        return claims

    def _promises(self, claim: Claim) -> bool:
        return promises(claim.strength, claim.assertion, self._pack.claims[claim.type].verdicts)

    def _applies(self, claim_type: ClaimType, scope: Scope) -> bool:
        return scope.assumed_setting not in self._pack.claims[claim_type].not_for

    def _claim(
        self, proposals: list[Proposal], sentences: Sequence[Sentence], scope: Scope, cues: tuple[Found, ...]
    ) -> Claim:
        sent = proposals[0].sentence
        context = Context.of(sent, sentences)
        read = []
        for proposal in proposals:
            assertion: Assertion | None = proposal.assertion
            steps: tuple[Step, ...] = ()
            if assertion is None:
                assertion, steps = self._assertion.read(proposal, context, cues, is_independent=scope.is_independent)
            read.append((proposal, assertion, steps))
        read.sort(key=lambda item: (-_weight(item[0].strength, item[1]), -item[0].confidence, item[0].start, -item[0].end))
        proposal, assertion, steps = read[0]
        limit = self._limit(proposal, assertion, [other for other, said, _ in read if said not in _TAKEN_BACK])
        if limit is not None:
            assertion = Assertion.LIMITED
            steps = (*steps, Step("cue", "modest-beside", limit.sentence.folded.text[limit.start : limit.end]))
        named = self._scope.conditions_in(sent.folded.text)
        span = sent.folded.source(proposal.start, proposal.end)
        return Claim(
            sentence=sent,
            span=span,
            text=self._readable(sent, proposal),
            type=proposal.type,
            strength=proposal.strength,
            assertion=assertion,
            confidence=round(proposal.confidence, 4),
            proposed_by=proposal.proposed_by,
            conditions=self._conditions(named, context, scope),
            named_conditions=named,
            section_modalities=self._section_modalities(sent, sentences),
            why=(*proposal.steps, *steps),
        )

    def _conditions(self, named: frozenset[str], context: Context, scope: Scope) -> frozenset[str]:
        """Those that a sentence names and, until they tell what it is about, those of what stands around it."""
        conditions = named
        for text in (context.lead_in, context.question, context.heading):
            if text and not self._scope.tells_what(conditions):
                conditions |= self._scope.conditions_in(text)
        return conditions if self._scope.tells_what(conditions) else conditions | scope.title_conditions

    def _section_modalities(self, sent: Sentence, sentences: Sequence[Sentence]) -> tuple[frozenset[str], ...]:
        """What the heading over a sentence names, and with it the sentence: what a part of a page is about.

        The title speaks for the whole listing, and a heading that denies, asks or compares for none.
        """
        place = sent.index if sent.kind == "heading" else sent.heading
        if not place:
            return ()
        heading = sentences[place].folded.text
        named = () if self._assertion.cues_in(heading) else self._scope.modalities_in(heading)
        return (*named, *self._scope.modalities_in(sent.folded.text)) if named else ()

    def _limit(self, best: Proposal, assertion: Assertion, proposals: list[Proposal]) -> Proposal | None:
        """A modest claim of the same type beside a stronger one limits it ("not painful, but a slight prick")."""
        if not self._pack.claims[best.type].modest_limits or assertion is not Assertion.ASSERTED:
            return None
        if best.strength is Strength.MODEST:
            return None
        return next(
            (
                other
                for other in proposals
                if other.strength is Strength.MODEST and (other.end <= best.start or best.end <= other.start)
            ),
            None,
        )

    @staticmethod
    def _readable(sent: Sentence, proposal: Proposal) -> str:
        """The claim's words as a person reads them: the readable characters whose source the span covers."""
        start, end = sent.readable.covered(sent.folded.source(proposal.start, proposal.end))
        return " ".join(sent.readable.text[start:end].split())


@lru_cache(maxsize=4)
def _compiled(pack: Pack) -> tuple[PatternMatcher, AssertionReader, ScopeReader]:
    """The expressions of a pack; compiling them takes a second, so every auditor of the pack shares them."""
    return PatternMatcher(pack), AssertionReader(pack), ScopeReader(pack)


def promises(strength: Strength, assertion: Assertion, ladder: Mapping[Strength, Verdict]) -> bool:
    """Whether a claim said so would be flagged by the default ladder of its type: how readings are sorted.

    Not a verdict: that depends on the evidence for the setting, modality and condition, and is the judge's.

    >>> ladder = {Strength.ABSOLUTE: Verdict.CONTRADICTED, Strength.STRONG: Verdict.OVERSTATED}
    >>> promises(Strength.STRONG, Assertion.HEDGED, ladder), promises(Strength.ABSOLUTE, Assertion.HEDGED, ladder)
    (False, True)
    """
    if assertion in NO_VERDICT or assertion is Assertion.DENIED:
        return False
    verdict = ladder.get(strength, Verdict.CONSISTENT)
    return (verdict.softer if assertion in SOFTENED else verdict).is_flagged


def _weight(strength: Strength, assertion: Assertion) -> float:
    """How much a claim promises once its assertion is heard: the order in which proposals of one unit stand."""
    if assertion in NO_VERDICT:
        return -1
    if assertion is Assertion.DENIED:
        return -0.5
    return max(_RUNG[strength] - (assertion in SOFTENED), 0)


def _with_model(why: tuple[Step, ...], steps: tuple[Step, ...]) -> tuple[Step, ...]:
    return (*why, *(step for step in steps if step not in why))
