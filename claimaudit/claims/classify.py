"""From sentences to claims: proposals of patterns and models, read in context, one claim for each sentence and type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

from claimaudit.claims.assertion import AssertionReader, Found
from claimaudit.claims.patterns import Context, PatternMatcher, Proposal
from claimaudit.claims.setting import ScopeReader
from claimaudit.resources import Pack
from claimaudit.types import NO_VERDICT, Assertion, Claim, ClaimType, Scope, Sentence, Step, Strength

_RUNG = {Strength.ABSOLUTE: 2, Strength.STRONG: 1, Strength.MODEST: 0}


class ClaimModel(Protocol):
    """What proposes claims beside the patterns: a trained model."""

    name: str

    def propose(self, sentences: Sequence[Sentence], scope: Scope) -> Iterable[Proposal]:
        """Proposals for the sentences of one listing; confidences are calibrated probabilities, 0..1."""
        ...


class ClaimFinder:
    """Finds the claims of listings in scope."""

    def __init__(self, pack: Pack, model: ClaimModel | None = None) -> None:
        self._pack = pack
        self._patterns = PatternMatcher(pack)
        self._assertion = AssertionReader(pack)
        self._scope = ScopeReader(pack)
        self._model = model

    def read_scope(self, sentences: Sequence[Sentence], *, setting: str | None = None) -> Scope:
        return self._scope.read(sentences, setting=setting)

    def find(self, sentences: Sequence[Sentence], scope: Scope) -> tuple[Claim, ...]:
        """The claims, in order of their sentences and of the pack's claim types; none if out of scope.

        Where several proposals speak of one sentence and type, the one that promises most stands, and the others are
        steps of its `why`.
        """
        if not scope.in_scope:
            return ()
        groups: dict[tuple[int, ClaimType], list[Proposal]] = defaultdict(list)
        proposals = list(self._patterns.propose(sentences, scope))
        if self._model is not None:
            proposals.extend(self._model.propose(sentences, scope))
        for proposal in proposals:
            if scope.assumed_setting not in self._pack.claims[proposal.type].not_for:
                groups[proposal.sentence.index, proposal.type].append(proposal)
        rank = {claim_type: place for place, claim_type in enumerate(self._pack.claim_types)}
        keys = sorted(groups, key=lambda key: (key[0], rank[key[1]]))
        cues = {index: self._assertion.cues_in(sentences[index].folded.text) for index in {index for index, _ in groups}}
        return tuple(self._claim(groups[key], sentences, scope, cues[key[0]]) for key in keys)

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
        read.sort(key=lambda item: (-_weight(item[0], item[1]), -item[0].confidence, item[0].start, -item[0].end))
        proposal, assertion, steps = read[0]
        limit = self._limit(proposal, assertion, proposals)
        if limit is not None:
            assertion = Assertion.LIMITED
            steps = (*steps, Step("cue", "modest-beside", limit.sentence.folded.text[limit.start : limit.end]))
        named = self._scope.conditions_in(sent.folded.text)
        conditions = named or self._context_conditions(context) or scope.title_conditions
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
            conditions=conditions,
            named_conditions=named,
            why=(*proposal.steps, *steps),
        )

    def _context_conditions(self, context: Context) -> frozenset[str]:
        for text in (context.lead_in, context.question, context.heading):
            conditions = self._scope.conditions_in(text) if text else frozenset()
            if conditions:
                return conditions
        return frozenset()

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
        span = sent.folded.source(proposal.start, proposal.end)
        readable = sent.readable
        if readable.starts is None or readable.ends is None:
            words = readable.text[span.start - readable.origin : span.end - readable.origin]
        else:
            words = "".join(
                character
                for character, start, end in zip(readable.text, readable.starts, readable.ends, strict=True)
                if start < span.end and end > span.start
            )
        return " ".join(words.split())


def _weight(proposal: Proposal, assertion: Assertion) -> float:
    """How much a proposal promises once its assertion is heard: the order in which proposals of one unit stand."""
    if assertion in NO_VERDICT:
        return -1
    if assertion is Assertion.DENIED:
        return -0.5
    softened = assertion in (Assertion.HEDGED, Assertion.LIMITED)
    return max(_RUNG[proposal.strength] - softened, 0)
