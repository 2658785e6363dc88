"""The trained model of a pack: what it says of each sentence and claim type, beside what the patterns heard.

Patterns, linear models and an encoder are weighed together. The encoder reads only the parts of a listing with a sentence
that the linear models let through or a pattern has hit. Two speeds, one interface: `fast` reads with a small encoder of
convolutions, `accurate` with a fine-tuned transformer; a model may also have neither. It proposes type and strength, with
an encoder also the assertion status, which is otherwise left to the cues. Verdicts are the judge's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from claimaudit.claims.artifact import CHEAP, MANIFEST, Artifact, read_artifact
from claimaudit.claims.classify import Assessment, Heard, Unit, promises
from claimaudit.claims.combine import PLAIN_PROMISES, REVIEW_BAND, UNCLAIMED, Combination, Gate, page_share, pattern_feature
from claimaudit.claims.encoder import Encoded, Encoder, flagged_odds
from claimaudit.claims.linear import Exemplars, Lexicon, LinearScores, length_of
from claimaudit.claims.passages import passage_of
from claimaudit.claims.patterns import Proposal
from claimaudit.claims.readings import Reading, readings
from claimaudit.errors import ModelError
from claimaudit.resources import Pack, model_path
from claimaudit.types import Assertion, ClaimType, MappedText, Scope, Sentence, Step, Strength

STRENGTHS = tuple(Strength)
ASSERTIONS = tuple(Assertion)
ASSERTED, DENIED = map(ASSERTIONS.index, (Assertion.ASSERTED, Assertion.DENIED))
MENU = "nav"
"""The zone of sentences that name where a link leads."""
NAME_WORDS = 6
"""Words of the longest name."""
SPOKEN_ODDS = 0.0
"""Log-odds from which a type that is not flagged is still reported as spoken of: more probable than not."""
WORD_RANGE = 7.0
"""A word belongs to a claim's span when its log-weight is at most this far below the strongest word's. Of 2 to 10 this
agreed best with the readers' spans on the calibration split."""
_WORDS = re.compile(r"[$£€+#]?\w(?:.*\w)?(?: ?%|\+)?", re.DOTALL)
"""What a span keeps of what it covers: nothing before the first word nor after the last, but a sign of a number."""


class Speed(StrEnum):
    """Which encoder reads: a small one, or a fine-tuned transformer."""

    FAST = "fast"
    ACCURATE = "accurate"


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence and the column of a claim type, with the probability of a flag and what that makes of it."""

    sent: Sentence
    column: int
    probability: float
    is_flagged: bool
    is_doubtful: bool

    @property
    def is_promised(self) -> bool:
        """Whether it is worth a claim."""
        return self.is_flagged or self.is_doubtful


class TrainedModel:
    """A model folder at one speed. Load it once and use it for many listings.

    Raises
    ------
    ModelError
        As `read_fitting` does.
    """

    def __init__(self, pack: Pack, folder: Path, speed: Speed) -> None:
        artifact = read_fitting(pack, folder, speed)
        self.name = f"{artifact.name}/{speed.value}+{artifact.hash[:12]}"
        self._types = artifact.claim_types
        lexicon = Lexicon()  # both read the same sentences
        self._linear = artifact.linear(lexicon)
        self._listing = artifact.listing(lexicon)
        self._for_pages: Combination = artifact.combinations[speed.value]
        self._for_snippets: Combination = artifact.snippets.get(speed.value, self._for_pages)
        self._cheap_for_pages = artifact.combinations[CHEAP]
        self._cheap_for_snippets = artifact.snippets.get(CHEAP, self._cheap_for_pages)
        self._gate = Gate(self._cheap_for_pages, artifact.gate)
        self._encoder: Encoder | None = artifact.encoder(speed)
        ladders = [pack.claims[claim_type].verdicts for claim_type in self._types]
        self._promised = np.array([[[promises(s, a, own) for a in ASSERTIONS] for s in STRENGTHS] for own in ladders])
        self._artifact = artifact
        self._ready: dict[ClaimType, Exemplars | None] = {}

    def let_through(self, sentences: Sequence[Sentence], scope: Scope, heard: Mapping[Unit, Heard]) -> set[int]:
        """Places of the sentences that the encoder reads: those of every window that the gate does not rule out."""
        read = readings(sentences, scope)
        if not read or self._encoder is None:
            return set()
        odds, _ = self._cheap(read)
        return self._encoder.lines(passage_of(sentences, scope), self._opened(odds, self._told(heard, len(read)), read))

    def assess(self, sentences: Sequence[Sentence], scope: Scope, heard: Mapping[Unit, Heard]) -> dict[Unit, Assessment]:
        """Of the sentences of one listing, each unit that the patterns heard or the model takes for spoken of."""
        read = readings(sentences, scope)
        if not read:
            return {}
        odds, scores = self._cheap(read)
        told = self._told(heard, len(read))
        encoded: dict[int, Encoded] = {}
        if self._encoder is not None:
            encoded = self._encoder.read(passage_of(sentences, scope), self._opened(odds, told, read))
            odds["encoder"] = flagged_odds(encoded, told.shape)
        affirmed = np.zeros(told.shape, bool)
        for (index, claim_type), said in heard.items():
            affirmed[index, self._types.index(claim_type)] = said.is_affirmed
        spoken, asserted = _heard_by_encoder(encoded, affirmed)
        probabilities, flagged, doubtful = self._weighed(odds, told, asserted, affirmed, read)
        # Of a bare "open pores" the models hear a list of uses; a promise in a menu must be a plain one. Captions are not
        # spared: what a seller promises in an alternative text is as short.
        names = np.array([[sent.zone == MENU and len(sent.text.split()) <= NAME_WORDS] for sent in sentences])
        flagged &= ~names | (told >= 0)
        found: dict[Unit, Assessment] = {}
        for row, column in np.argwhere(flagged | doubtful | spoken | (told >= 0)).tolist():
            claim = _Unit(
                sentences[row],
                column,
                float(probabilities[row, column]),
                is_flagged=bool(flagged[row, column]),
                is_doubtful=bool(doubtful[row, column]),
            )
            found[sentences[row].index, self._types[column]] = self._assess(claim, scores, encoded.get(row))
        return found

    def _weighed(
        self,
        odds: Mapping[str, np.ndarray | float],
        told: np.ndarray,
        asserted: np.ndarray,
        affirmed: np.ndarray,
        read: Sequence[Reading],
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """For each sentence and type: the probability of a flag, whether it is flagged, and whether a reader should look.

        A promise in plain words that the encoder hears asserted, too, is flagged wherever it is in doubt: such wording must
        not be missed. Where a cue says that nothing is denied ("not only"), what the encoder thinks may not lower it. What
        the cues hear denied, asked or told of others, and the encoder not asserted, is flagged only beyond doubt.
        """
        share = _page_share(read)
        combination = self._for_snippets.towards(self._for_pages, share)
        probabilities = combination.probabilities(odds, told)
        probabilities[[not reading.text for reading in read]] = 0.0  # zero-width characters alone promise nothing
        plain = asserted & np.isin(told, PLAIN_PROMISES)
        misheard = plain & affirmed
        if misheard.any():
            cheap = self._cheap_for_snippets.towards(self._cheap_for_pages, share)
            without_encoder = cheap.probabilities({name: odds[name] for name in ("linear", "listing")}, told)
            probabilities = np.where(misheard, np.maximum(probabilities, without_encoder), probabilities)
        low, high = REVIEW_BAND
        cuts = np.full(told.shape, combination.cut)
        cuts[plain] = min(low, combination.cut)
        cuts[(told == UNCLAIMED) & ~asserted] = max(high, combination.cut)
        return probabilities, probabilities >= cuts, combination.doubtful(probabilities)

    def _opened(self, odds: Mapping[str, np.ndarray | float], told: np.ndarray, read: Sequence[Reading]) -> set[int]:
        """Places of the sentences that the encoder must read: of a snippet all with words, for the gate was set on pages."""
        opened = self._gate.opens(odds, told) if _page_share(read) == 1 else np.ones(len(told), bool)
        return {place for place in np.flatnonzero(opened).tolist() if read[place].text}

    def _cheap(self, read: Sequence[Reading]) -> tuple[dict[str, np.ndarray | float], LinearScores]:
        """The log-odds of the linear models, and all that the one of sentences says."""
        scores = self._linear.scores(read)
        return {"linear": scores.flagged, "listing": self._listing.odds([reading.text for reading in read])}, scores

    def _told(self, heard: Mapping[Unit, Heard], count: int) -> np.ndarray:
        """What the patterns heard of each unit, as `Combination.probabilities` wants it."""
        told = np.full((count, len(self._types)), -1)
        for (index, claim_type), claim in heard.items():
            told[index, self._types.index(claim_type)] = pattern_feature(claim)
        return told

    def _assess(self, unit: _Unit, scores: LinearScores, encoded: Encoded | None) -> Assessment:
        proposal = self._from_linear(unit, scores) if encoded is None else self._from_encoder(unit, encoded)
        if unit.is_promised:
            reasons = self._reasons(scores, unit)
            proposal = replace(proposal, steps=(Step("model", f"{unit.probability:.2f}", reasons),))
        return Assessment(
            probability=unit.probability,
            is_flagged=unit.is_flagged,
            is_doubtful=unit.is_doubtful,
            proposal=proposal,
        )

    def _from_encoder(self, unit: _Unit, encoded: Encoded) -> Proposal:
        """The most probable strength and assertion among those that would, or would not, be flagged."""
        ways = np.outer(encoded.strength[unit.column], encoded.assertion[unit.column])
        fitting = np.where(self._promised[unit.column] == unit.is_promised, ways, -1.0)
        strength, assertion = divmod(int(fitting.argmax()), len(ASSERTIONS))
        start, end = _span(unit.sent.folded, encoded.words[:, unit.column], encoded.offsets)
        spoken = float(1 / (1 + np.exp(-encoded.present[unit.column])))
        confidence = unit.probability if unit.is_promised else spoken
        return Proposal(
            sentence=unit.sent,
            type=self._types[unit.column],
            strength=STRENGTHS[strength],
            start=start,
            end=end,
            confidence=confidence,
            proposed_by=f"model:{self.name}",
            assertion=ASSERTIONS[assertion],
        )

    def _from_linear(self, unit: _Unit, scores: LinearScores) -> Proposal:
        is_absolute = self._linear.absolute(scores.features, unit.sent.index, unit.column) >= 0
        length = len(unit.sent.folded.text)
        return Proposal(
            sentence=unit.sent,
            type=self._types[unit.column],
            strength=Strength.ABSOLUTE if is_absolute else Strength.STRONG,
            start=0,
            end=length,
            confidence=unit.probability,
            proposed_by=f"model:{self.name}",
            gaps=((0, length),),  # it weighs words without their order, so any cue of the sentence counts
        )

    def _reasons(self, scores: LinearScores, unit: _Unit) -> str:
        """The words that speak most for a flag, and the flagged training sentence of the type that is most alike."""
        parts = []
        row = unit.sent.index
        words = self._linear.strongest(scores.features, row, unit.column)
        if words:
            parts.append(f"strongest words: {', '.join(words)}")
        exemplars = self._exemplars(self._types[unit.column])
        nearest = exemplars.nearest(*self._linear.own_words(scores.features, row)) if exemplars else None
        if nearest is not None:
            parts.append(f"nearest training sentence: {nearest}")
        return "; ".join(parts)

    def _exemplars(self, claim_type: ClaimType) -> Exemplars | None:
        """The exemplars of a type, made ready when they are first asked for; None if it has none."""
        if claim_type not in self._ready:
            texts = self._exemplar_texts.get(claim_type)
            self._ready[claim_type] = Exemplars(texts, self._linear) if texts else None
        return self._ready[claim_type]

    @cached_property
    def _exemplar_texts(self) -> dict[ClaimType, list[str]]:
        return self._artifact.exemplars()


def _heard_by_encoder(encoded: Mapping[int, Encoded], affirmed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each sentence and type, whether the encoder, if it read it, takes it for spoken of, and for asserted.

    Where a cue says that a denial is none (`affirmed`), what it takes for denied counts as asserted.
    """
    spoken, asserted = np.zeros((2, *affirmed.shape), bool)
    for place, answer in encoded.items():
        spoken[place] = answer.present >= SPOKEN_ODDS
        said = answer.assertion[:, ASSERTED] + affirmed[place] * answer.assertion[:, DENIED]
        asserted[place] = spoken[place] & (said >= 0.5)
    return spoken, asserted


def _page_share(read: Sequence[Reading]) -> float:
    return page_share(length_of([reading.text for reading in read]))


def read_fitting(pack: Pack, folder: Path, speed: Speed) -> Artifact:
    """A model folder that was made for the claim types of the pack and has this speed.

    Raises
    ------
    ModelError
        The folder is missing, damaged, of another format, or made for other claim types, or lacks the speed.
    """
    artifact = read_artifact(folder)
    if artifact.claim_types != pack.claim_types:
        raise ModelError(
            f"{artifact.label}: made for the claim types {', '.join(artifact.claim_types)}, which are not those of pack "
            f"'{pack.name}'. Train one for this pack: claimaudit train --pack {pack.root}."
        )
    if speed.value not in artifact.speeds:
        has = ", ".join(artifact.speeds)
        raise ModelError(f"{artifact.label}: has no speed '{speed.value}'. Choose among {has}.")
    return artifact


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
    manifest = found / MANIFEST
    return _load(pack, found.resolve(), manifest.read_bytes() if manifest.is_file() else b"", speed)


@lru_cache(maxsize=4)
def _load(pack: Pack, folder: Path, manifest: bytes, speed: Speed) -> TrainedModel:
    """By its manifest too: a folder that is trained anew holds another model."""
    return TrainedModel(pack, folder, speed)


def _span(folded: MappedText, weights: np.ndarray, offsets: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The words around the strongest token whose weights are near its own, as [start, end) of whole words.

    The whole text where no words are there, or none that the source holds: a page draws the marks of its lists itself.
    """
    text = folded.text
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
    words = _WORDS.search(text, start, end)
    if words is None:
        return 0, len(text)
    held = folded.source(*words.span())
    return words.span() if held.start < held.end else (0, len(text))
