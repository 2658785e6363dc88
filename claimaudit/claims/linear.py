"""The cheap models: logistic regressions on words and letters.

`LinearModel` reads a sentence and its context. It serves twice: as the model of `fast`, and in `accurate` as the gate that
decides which sentences the encoder reads. `ListingModel` reads a whole listing and tells whether it reads like one that
promises too much; what a leaflet, a newspaper or an honest seller quotes or explains is flagged less readily.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from claimaudit.claims.readings import Reading

SETTINGS: dict[str, dict[str, Any]] = {
    "words": {
        "ngram_range": (1, 3),
        "sublinear_tf": True,
        "min_df": 2,
        "max_features": 60_000,
        "token_pattern": r"[^\W_]+|[%!?]",
    },
    "letters": {"analyzer": "char_wb", "ngram_range": (2, 5), "sublinear_tf": True, "min_df": 4, "max_features": 50_000},
    "context": {
        "ngram_range": (1, 2),
        "sublinear_tf": True,
        "min_df": 4,
        "max_features": 15_000,
        "token_pattern": r"[^\W_]+|[%!?]",
    },
}
"""One vectorizer for each part. The sizes keep the files at a few megabytes; they were not tuned."""
LISTING: dict[str, Any] = {
    "ngram_range": (1, 2), "sublinear_tf": True, "min_df": 3, "max_features": 40_000, "token_pattern": r"[^\W_]+|[%!?]",
}  # fmt: skip
REGULARISATION = 20.0
"""`C` of the regressions: weak, as suits sparse features and few positives; not tuned."""
TELLING_LENGTH = 600
"""Characters of a listing from which its words tell what kind of page it is; those of the corpus have as many or more."""
MIN_POSITIVES = 5


@dataclass(frozen=True, slots=True)
class LinearScores:
    """Of n readings: log-odds that the sentence is flagged for each type (n, t).

    `absolute` (n, t) are the log-odds that a flagged claim of the type is of the highest strength, `features` what
    all were computed from.
    """

    flagged: np.ndarray
    absolute: np.ndarray
    features: csr_matrix


class LinearModel:
    """Logistic regressions for t claim types, with fixed vocabularies.

    `weights` has shape (features, 2 t): flagged for each type, absolute for each type.
    """

    def __init__(
        self, vocabularies: Mapping[str, Sequence[str]], idf: Mapping[str, np.ndarray], weights: np.ndarray, bias: np.ndarray
    ) -> None:
        self.vocabularies = vocabularies
        self.idf = idf
        self.weights = weights.astype(np.float32)
        self.bias = bias.astype(np.float32)
        self._types = weights.shape[1] // 2
        self._vectorizers = {name: _fixed(SETTINGS[name], vocabularies[name], idf[name]) for name in SETTINGS}

    def features(self, readings: Sequence[Reading]) -> csr_matrix:
        """TF-IDF features, shape (n, features): words, letters, context, in this order."""
        texts = [reading.text for reading in readings]
        contexts = [reading.context for reading in readings]
        parts = [self._vectorizers[name].transform(contexts if name == "context" else texts) for name in SETTINGS]
        return hstack(parts, format="csr", dtype=np.float32)

    def scores(self, readings: Sequence[Reading]) -> LinearScores:
        """Of at least one reading."""
        features = self.features(readings)
        values = np.asarray(features @ self.weights) + self.bias
        return LinearScores(values[:, : self._types], values[:, self._types :], features)

    def own_words(self, features: csr_matrix) -> csr_matrix:
        """The columns of the words of the sentences themselves."""
        return features[:, : len(self.vocabularies["words"])]

    def strongest(self, features: csr_matrix, column: int, *, most: int = 3) -> list[str]:
        """Of the features of one sentence, the words and word runs that speak most for a flag, strongest first."""
        row = self.own_words(features)
        gains = row.data * self.weights[row.indices, column]
        ranked = sorted(zip(gains, row.indices, strict=True), key=lambda item: (-item[0], item[1]))
        vocabulary = self.vocabularies["words"]
        return [vocabulary[index] for gain, index in ranked[:most] if gain > 0]


class ListingModel:
    """A logistic regression on the words of a whole listing."""

    def __init__(self, vocabulary: Sequence[str], idf: np.ndarray, weights: np.ndarray, bias: float) -> None:
        self.vocabulary = vocabulary
        self.idf = idf
        self.weights = weights.astype(np.float32)
        self.bias = bias
        self._vectorizer = _fixed(LISTING, vocabulary, idf)

    def odds(self, texts: Sequence[str]) -> float:
        """Log-odds that a listing, given as its folded sentences, holds any flag; those of a short one count less."""
        whole = " ".join(texts)
        features = self._vectorizer.transform([whole])
        return float((features @ self.weights)[0] + self.bias) * min(1.0, len(whole) / TELLING_LENGTH)


def fit_listing(listings: Sequence[Sequence[str]], flagged: Sequence[bool], seed: int) -> ListingModel:
    """Fit on n listings, each as its folded sentences, and whether it holds any flag."""
    vectorizer = TfidfVectorizer(dtype=np.float32, **LISTING)
    features = vectorizer.fit_transform([" ".join(texts) for texts in listings])
    model = LogisticRegression(C=10.0, solver="liblinear", random_state=seed).fit(features, np.asarray(flagged, dtype=int))
    return ListingModel(
        list(vectorizer.get_feature_names_out()),
        vectorizer.idf_,
        model.coef_[0].astype(np.float16),
        float(model.intercept_[0]),
    )


def fit_linear(
    readings: Sequence[Reading], flagged: np.ndarray, absolute: np.ndarray, known: np.ndarray, seed: int
) -> LinearModel:
    """Fit all regressions.

    Parameters
    ----------
    readings
        n readings.
    flagged, absolute, known
        Shape (n, t), 0 or 1: the sentence is flagged for the type, its claim is of the highest strength, the type was
        labelled.
    """
    vectorizers = {name: TfidfVectorizer(dtype=np.float32, **options) for name, options in SETTINGS.items()}
    texts, contexts = [reading.text for reading in readings], [reading.context for reading in readings]
    features = hstack(
        [vectorizer.fit_transform(contexts if name == "context" else texts) for name, vectorizer in vectorizers.items()],
        format="csr",
    )
    types = flagged.shape[1]
    weights = np.zeros((features.shape[1], 2 * types), np.float32)
    bias = np.zeros(2 * types, np.float32)

    def fit(column: int, rows: np.ndarray, target: np.ndarray) -> None:
        positives = int(target.sum())
        if not MIN_POSITIVES <= positives <= len(target) - MIN_POSITIVES:
            bias[column] = 10.0 if positives > len(target) / 2 else -10.0  # too few to learn from: what most are
            return
        model = LogisticRegression(C=REGULARISATION, solver="liblinear", class_weight="balanced", random_state=seed)
        model.fit(features[rows], target)
        weights[:, column], bias[column] = model.coef_[0], model.intercept_[0]

    for column in range(types):
        rows = np.flatnonzero(known[:, column])
        fit(column, rows, flagged[rows, column])
        rows = np.flatnonzero(flagged[:, column])
        fit(types + column, rows, absolute[rows, column])
    return LinearModel(
        {name: list(vectorizer.get_feature_names_out()) for name, vectorizer in vectorizers.items()},
        {name: vectorizer.idf_ for name, vectorizer in vectorizers.items()},
        weights.astype(np.float16),
        bias,
    )


def _fixed(settings: Mapping[str, Any], vocabulary: Sequence[str], idf: np.ndarray) -> TfidfVectorizer:
    options = {key: value for key, value in settings.items() if key not in ("min_df", "max_features")}
    vectorizer = TfidfVectorizer(
        dtype=np.float32, vocabulary={term: place for place, term in enumerate(vocabulary)}, **options
    )
    vectorizer.idf_ = idf
    return vectorizer
