"""The trained model of a pack: what it says of each sentence and claim type, beside what the patterns heard.

Two speeds, one interface. `fast` weighs the patterns with a linear model. `accurate` adds the fine-tuned encoder for the
sentences that the linear model lets through or a pattern has hit. Both propose type, strength and assertion status;
verdicts are the judge's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import product
from pathlib import Path

import numpy as np

from claimaudit.claims.artifact import read_artifact
from claimaudit.claims.classify import Assessment, Heard, Unit
from claimaudit.claims.combine import Combination, features_of
from claimaudit.claims.encoder import Encoded, Encoder
from claimaudit.claims.linear import LinearScores
from claimaudit.claims.patterns import Proposal
from claimaudit.claims.readings import Reading, readings
from claimaudit.errors import ModelError
from claimaudit.resources import Pack, model_path
from claimaudit.types import NO_VERDICT, Assertion, ClaimType, Scope, Sentence, Step, Strength, Verdict

STRENGTHS = tuple(Strength)
ASSERTIONS = tuple(Assertion)
SPOKEN = 0.5
"""Probability from which a type that is not flagged is still reported as spoken of."""
UNREAD_ODDS = -6.0
"""What stands for the encoder's log-odds of a sentence that its gate kept from it."""
WORD_RANGE = 2.0
"""A word belongs to a claim's span when its log-weight is at most this far below the strongest word's."""


class Speed(StrEnum):
    """`accurate` reads with the encoder, `fast` without."""

    FAST = "fast"
    ACCURATE = "accurate"


class TrainedModel:
    """A model folder at one speed. Load it once and use it for many listings.

    Raises
    ------
    ModelError
        The folder is missing, damaged, of another format, or made for other claim types than the pack's.
    """

    def __init__(self, pack: Pack, folder: Path, speed: Speed) -> None:
        artifact = read_artifact(folder)
        if artifact.claim_types != pack.claim_types:
            raise ModelError(
                f"{artifact.label}: made for the claim types {', '.join(artifact.claim_types)}, which are not those of pack "
                f"'{pack.name}'. Train one for this pack: claimaudit train --pack {pack.root}."
            )
        if speed.value not in artifact.combinations:
            has = ", ".join(artifact.combinations)
            raise ModelError(f"{artifact.label}: has no speed '{speed.value}'. Choose among {has}.")
        self.name = f"{artifact.name}/{speed.value}+{artifact.hash[:12]}"
        self._pack = pack
        self._types = artifact.claim_types
        self._linear = artifact.linear()
        self._listing = artifact.listing()
        self._combination: Combination = artifact.combinations[speed.value]
        self._gate = artifact.gate
        self._encoder: Encoder | None = artifact.encoder() if speed is Speed.ACCURATE else None
        self._artifact = artifact

    def assess(self, sentences: Sequence[Sentence], scope: Scope, heard: Mapping[Unit, Heard]) -> dict[Unit, Assessment]:
        """Of the sentences of one listing, each unit that the patterns heard or the model takes for spoken of."""
        read = readings(sentences, scope)
        scores = self._linear.scores(read)
        encoded = self._encode(read, scores, heard)
        listing = self._listing.odds([reading.text for reading in read])
        found: dict[Unit, Assessment] = {}
        for sent, reading in zip(sentences, read, strict=True):
            for column, claim_type in enumerate(self._types):
                unit = (sent.index, claim_type)
                odds = {"listing": listing, "linear": float(scores.flagged[sent.index, column])}
                assessment = self._assess(sent, reading, column, odds, scores, encoded.get(sent.index), heard.get(unit))
                if assessment is not None:
                    found[unit] = assessment
        return found

    def _encode(self, read: Sequence[Reading], scores: LinearScores, heard: Mapping[Unit, Heard]) -> dict[int, Encoded]:
        if self._encoder is None:
            return {}
        hit = {index for index, _ in heard}
        places = [place for place, odds in enumerate(scores.any) if odds >= self._gate or place in hit]
        return dict(zip(places, self._encoder.read([read[place] for place in places]), strict=True))

    def _assess(
        self,
        sent: Sentence,
        reading: Reading,
        column: int,
        odds: dict[str, float],
        scores: LinearScores,
        encoded: Encoded | None,
        heard: Heard | None,
    ) -> Assessment | None:
        if self._encoder is not None:
            odds["encoder"] = float(encoded.flagged[column]) if encoded is not None else UNREAD_ODDS
        probability = self._combination.probability(features_of(odds, heard))
        is_flagged = probability >= self._combination.cut
        is_doubtful = self._combination.is_doubtful(probability)
        is_spoken = encoded is not None and _probability(encoded.present[column]) >= SPOKEN
        if not (is_flagged or is_doubtful or is_spoken or heard):
            return None
        if encoded is not None:
            proposal = self._from_encoder(sent, column, encoded, is_flagged or is_doubtful, probability)
        else:
            proposal = self._from_linear(sent, column, scores, probability)
        if is_flagged or is_doubtful:
            proposal = replace(proposal, steps=(Step("model", f"{probability:.2f}", self._reasons(reading, column)),))
        return Assessment(probability, is_flagged, is_doubtful, proposal)

    def _from_encoder(self, sent: Sentence, column: int, encoded: Encoded, flagged: bool, probability: float) -> Proposal:
        """The most probable strength and assertion among those that would, or would not, be flagged."""
        ladder = self._pack.claims[self._types[column]].verdicts
        combinations = [
            (float(encoded.strength[column, s] * encoded.assertion[column, a]), STRENGTHS[s], ASSERTIONS[a])
            for s, a in product(range(len(STRENGTHS)), range(len(ASSERTIONS)))
            if promises(STRENGTHS[s], ASSERTIONS[a], ladder) == flagged
        ]
        _, strength, assertion = max(combinations, key=lambda item: item[0])
        start, end = _span(sent.folded.text, encoded.words[:, column], encoded.offsets)
        if not flagged:
            probability = _probability(encoded.present[column])
        return Proposal(sent, self._types[column], strength, start, end, probability, f"model:{self.name}", assertion)

    def _from_linear(self, sent: Sentence, column: int, scores: LinearScores, probability: float) -> Proposal:
        is_absolute = scores.absolute[sent.index, column] >= 0
        return Proposal(
            sentence=sent,
            type=self._types[column],
            strength=Strength.ABSOLUTE if is_absolute else Strength.STRONG,
            start=0,
            end=len(sent.folded.text),
            confidence=probability,
            proposed_by=f"model:{self.name}",
            gaps=((0, len(sent.folded.text)),),  # it weighs words without their order, so any cue of the sentence counts
        )

    def _reasons(self, reading: Reading, column: int) -> str:
        words = ", ".join(self._linear.strongest(reading, column))
        nearest = self._nearest(reading, column)
        return "; ".join(part for part in (f"strongest words: {words}" if words else "", nearest) if part)

    def _nearest(self, reading: Reading, column: int) -> str:
        """The training sentence of the type, flagged for it, whose words are most alike."""
        exemplars = self._exemplars.get(self._types[column])
        if exemplars is None:
            return ""
        texts, features = exemplars
        likeness = np.asarray((features @ self._linear.features([Reading("", reading.text)]).T).todense()).ravel()
        best = int(likeness.argmax())
        return f"nearest training sentence: {texts[best]}" if likeness[best] > 0 else ""

    @cached_property
    def _exemplars(self) -> dict[ClaimType, tuple[list[str], object]]:
        return {
            claim_type: (texts, self._linear.features([Reading("", text) for text in texts]))
            for claim_type, texts in self._artifact.exemplars().items()
            if texts
        }


def load_model(pack: Pack, speed: Speed, folder: Path | None = None) -> TrainedModel:
    """The model of a folder, or the one that ships for the pack; loaded once for each speed.

    Raises
    ------
    ModelError
        As `TrainedModel` does, or the pack has no model of its own.
    """
    found = folder or model_path(pack)
    if found is None:
        raise ModelError(
            f"no model ships for pack '{pack.name}'. Choose the speed 'patterns', or train one: "
            f"claimaudit train --pack {pack.root}."
        )
    return _load(pack, found.resolve(), speed)


@lru_cache(maxsize=4)
def _load(pack: Pack, folder: Path, speed: Speed) -> TrainedModel:
    return TrainedModel(pack, folder, speed)


def promises(strength: Strength, assertion: Assertion, ladder: Mapping[Strength, Verdict]) -> bool:
    """Whether a claim said so would be flagged by the default ladder of its type: how the model sorts its readings.

    Not a verdict: that depends on the evidence for the setting, modality and condition, and is the judge's.

    >>> ladder = {Strength.ABSOLUTE: Verdict.CONTRADICTED, Strength.STRONG: Verdict.OVERSTATED}
    >>> promises(Strength.STRONG, Assertion.HEDGED, ladder), promises(Strength.ABSOLUTE, Assertion.HEDGED, ladder)
    (False, True)
    """
    if assertion in NO_VERDICT or assertion is Assertion.DENIED:
        return False
    verdict = ladder.get(strength, Verdict.CONSISTENT)
    return (verdict.softer if assertion in (Assertion.HEDGED, Assertion.LIMITED) else verdict).is_flagged


def _probability(odds: float) -> float:
    return float(1 / (1 + np.exp(-odds)))


def _span(text: str, weights: np.ndarray, offsets: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The words around the strongest token whose weights are near its own, as [start, end) of whole words."""
    if not len(weights):
        return 0, len(text)
    best = int(weights.argmax())
    first = last = best
    while first > 0 and weights[first - 1] >= weights[best] - WORD_RANGE:
        first -= 1
    while last + 1 < len(weights) and weights[last + 1] >= weights[best] - WORD_RANGE:
        last += 1
    start, end = offsets[first][0], offsets[last][1]
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while 0 < end < len(text) and text[end].isalnum() and text[end - 1].isalnum():
        end += 1
    return start, end
