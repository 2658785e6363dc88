"""Patterns and models weighed together: one calibrated probability that a sentence is flagged for a claim type.

A logistic regression on the models' log-odds and on what the patterns heard, fitted on documents that neither the models nor
the authors of the patterns have seen (Platt 1999 for the calibration).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from claimaudit.claims.classify import Heard
from claimaudit.claims.linear import TELLING_LENGTH
from claimaudit.types import NO_VERDICT, SOFTENED, Assertion

LIMITS = {"linear": 6.0, "encoder": 6.0, "listing": 2.0}
"""The models' features, log-odds of a flag by the linear model and by the encoder and that the listing holds any, with how
far each may speak: beyond, a model is surer than it is right. A listing's own limit is low, because pages of a kind that the
corpus lacks look unlike its sellers; lower still, and more is flagged on honest pages."""
PATTERN_FEATURES = ("pattern-absolute", "pattern-strong", "pattern-modest", "pattern-softened", "pattern-unclaimed")
"""What the patterns heard of a unit, one of these or nothing."""
PLAIN_PROMISES = (0, 1)
"""Places in `PATTERN_FEATURES` of what is asserted absolutely or strongly, and not softened."""
UNCLAIMED = PATTERN_FEATURES.index("pattern-unclaimed")
"""The place of what is denied, asked, told of others …"""
NEARLY = 0.003
"""Of F1: differences below this are chance on some hundred documents (the card's intervals are several times as wide). Set
with F1 and the false flags on clean documents of the test split in sight: more gave up recall and spared none of them."""
REVIEW_BAND = (0.25, 0.75)
"""Between these probabilities the decision is wrong more often than one time in four, so a reader should look."""


SNIPPET_LENGTH = 200
"""Characters up to which a listing is weighed as a snippet; from `TELLING_LENGTH` on as a page, between in proportion. A
title or a line alone has no context, so that a model that learned from pages takes its silence for honesty."""


def page_share(length: int) -> float:
    """How far a listing of so many characters is a page, 0..1.

    >>> page_share(80), page_share(400), page_share(2000)
    (0.0, 0.5, 1.0)
    """
    return min(1.0, max(0.0, (length - SNIPPET_LENGTH) / (TELLING_LENGTH - SNIPPET_LENGTH)))


@dataclass(frozen=True, slots=True)
class Combination:
    """Weights of the features and the probability from which a claim is flagged."""

    weights: Mapping[str, float]
    bias: float
    cut: float

    def probabilities(self, odds: Mapping[str, np.ndarray | float], heard: np.ndarray) -> np.ndarray:
        """Of a flag, 0..1, calibrated on the calibration split; the shape is that of `heard`.

        `odds` are the models' log-odds by name, `heard` holds for each unit the place in `PATTERN_FEATURES` of what the
        patterns heard, or -1.
        """
        told = np.array([*(self.weights[name] for name in PATTERN_FEATURES), 0.0])
        total = self.bias + told[heard]
        for name, values in odds.items():
            total = total + self.weights[name] * np.clip(values, -LIMITS[name], LIMITS[name])
        return np.asarray(1 / (1 + np.exp(-total)))

    def towards(self, other: Combination, share: float) -> Combination:
        """What lies between this one (`share` 0) and the other (1): log-odds and cut in proportion."""
        if share in (0, 1):
            return other if share else self
        weights = {name: weight + share * (other.weights[name] - weight) for name, weight in self.weights.items()}
        return Combination(weights, self.bias + share * (other.bias - self.bias), self.cut + share * (other.cut - self.cut))

    def doubtful(self, probabilities: np.ndarray) -> np.ndarray:
        """Where a reader should look."""
        return (probabilities >= REVIEW_BAND[0]) & (probabilities <= REVIEW_BAND[1])


@dataclass(frozen=True, slots=True)
class Gate:
    """Which sentences the encoder must read: those that the cheap models and the patterns cannot rule out."""

    cheap: Combination
    least: float

    def opens(self, odds: Mapping[str, np.ndarray | float], heard: np.ndarray) -> np.ndarray:
        """For n sentences of t claim types, whether a flag of any type has the least probability or a pattern has hit.

        Shape (n,).
        """
        probable = self.cheap.probabilities(odds, heard).max(axis=1) >= self.least
        return np.asarray(probable | (heard >= 0).any(axis=1))


def pattern_feature(heard: Heard) -> int:
    """The place in `PATTERN_FEATURES` of a claim as the patterns heard it."""
    if heard.assertion in NO_VERDICT or heard.assertion is Assertion.DENIED:
        name = "pattern-unclaimed"
    elif heard.assertion in SOFTENED:
        name = "pattern-softened"
    else:
        name = f"pattern-{heard.strength.value}"
    return PATTERN_FEATURES.index(name)


def fit_combination(odds: Mapping[str, np.ndarray], heard: np.ndarray, flagged: np.ndarray) -> Combination:
    """Fit on n units of the calibration split; every array has shape (n,).

    The cut is `best_cut` there.
    """
    from sklearn.linear_model import LogisticRegression  # half a second, for who trains

    columns = [np.clip(values, -LIMITS[name], LIMITS[name]) for name, values in odds.items()]
    columns += [(heard == place).astype(float) for place in range(len(PATTERN_FEATURES))]
    model = LogisticRegression(C=1.0, max_iter=2_000).fit(np.stack(columns, axis=1), flagged)
    names = (*odds, *PATTERN_FEATURES)
    weights = {name: round(float(value), 5) for name, value in zip(names, model.coef_[0], strict=True)}
    fitted = Combination(weights, round(float(model.intercept_[0]), 5), 0.5)
    return Combination(fitted.weights, fitted.bias, best_cut(fitted.probabilities(odds, heard), flagged))


def best_cut(probabilities: np.ndarray, flagged: np.ndarray) -> float:
    """The highest probability, in steps of 0.01, at and above which flags have the best F1 or nearly so.

    F1 hardly changes over a wide range of cuts; its very best is chance. Of that range the upper end flags least on honest
    pages, and what it leaves out is shown as doubtful.
    """
    total = int(flagged.sum())
    steps = [step / 100 for step in range(10, 91)]
    chosen = [probabilities >= step for step in steps]
    scores = [2 * float(flagged[rows].sum()) / max(1, int(rows.sum()) + total) for rows in chosen]
    return max(step for step, score in zip(steps, scores, strict=True) if score >= max(scores) - NEARLY)
