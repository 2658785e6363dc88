"""Patterns and models weighed together: one calibrated probability that a sentence is flagged for a claim type.

A logistic regression on the models' log-odds and on what the patterns heard, fitted on documents that neither the models nor
the authors of the patterns have seen (Platt 1999 for the calibration).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from claimaudit.claims.classify import Heard
from claimaudit.types import NO_VERDICT, Assertion

MODEL_FEATURES = ("linear", "encoder", "listing")
"""Log-odds of a flag by the linear model and by the encoder, and that the listing holds any."""
PATTERN_FEATURES = ("pattern-absolute", "pattern-strong", "pattern-modest", "pattern-softened", "pattern-unclaimed")
"""What the patterns heard of a unit, one of these or nothing."""
REVIEW_BAND = (0.25, 0.75)
"""Between these probabilities the decision is wrong more often than one time in four, so a reader should look."""


@dataclass(frozen=True, slots=True)
class Combination:
    """Weights of the features and the probability from which a claim is flagged."""

    weights: Mapping[str, float]
    bias: float
    cut: float

    def probability(self, features: Mapping[str, float]) -> float:
        """Of a flag, 0..1, calibrated on the calibration split."""
        odds = self.bias + sum(self.weights[name] * value for name, value in features.items())
        return float(1 / (1 + np.exp(-odds)))

    def is_doubtful(self, probability: float) -> bool:
        return REVIEW_BAND[0] <= probability <= REVIEW_BAND[1]


def features_of(odds: Mapping[str, float], heard: Heard | None) -> dict[str, float]:
    """The features of one unit: the models' log-odds by name, and what the patterns heard."""
    features = {name: float(np.clip(value, -12, 12)) for name, value in odds.items()}
    if heard is not None:
        features[_pattern_feature(heard)] = 1.0
    return features


def _pattern_feature(heard: Heard) -> str:
    if heard.assertion in NO_VERDICT or heard.assertion is Assertion.DENIED:
        return "pattern-unclaimed"
    if heard.assertion in (Assertion.HEDGED, Assertion.LIMITED):
        return "pattern-softened"
    return f"pattern-{heard.strength.value}"


def fit_combination(rows: Sequence[Mapping[str, float]], flagged: Sequence[bool], names: Sequence[str]) -> Combination:
    """Fit on units of the calibration split.

    The cut is the probability with the best F1 there.
    """
    matrix = np.array([[row.get(name, 0.0) for name in names] for row in rows])
    target = np.asarray(flagged, dtype=int)
    model = LogisticRegression(C=1.0, max_iter=2_000).fit(matrix, target)
    weights = dict(zip(names, (round(float(value), 5) for value in model.coef_[0]), strict=True))
    fitted = Combination(weights, round(float(model.intercept_[0]), 5), 0.5)
    probabilities = np.array([fitted.probability({name: row[name] for name in row}) for row in rows])
    return Combination(fitted.weights, fitted.bias, best_cut(probabilities, target))


def best_cut(probabilities: np.ndarray, flagged: np.ndarray) -> float:
    """The probability, in steps of 0.01, at and above which flags have the best F1."""
    total = int(flagged.sum())

    def score(cut: float) -> float:
        chosen = probabilities >= cut
        return 2 * float(flagged[chosen].sum()) / max(1, int(chosen.sum()) + total)

    return max((step / 100 for step in range(10, 91)), key=score)
