"""The linear models' own vectorizers give, bit by bit, the numbers of scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from claimaudit.claims.linear import LISTING, SETTINGS, Exemplars, LinearModel, ListingModel
from claimaudit.claims.readings import Reading

COPY = [
    "no pain, no scars, no downtime: the pen is 100 % safe!",
    "does it hurt?",
    "it does not hurt at all, not at all, not at all.",
    "spots fade; the spots fade within weeks of the treatment",
    "a",
    "",
    "!!! ??? 5,000 x 3",
    "ümlaut naïve café pen – 12 months",
]
READINGS = [
    Reading(f"home pen | {COPY[0]} | | {COPY[place - 1]} | {COPY[place - 2]}", text) for place, text in enumerate(COPY)
]
UNKNOWN = [
    Reading("clinic laser | | | | words never met", "nothing of this stands in any vocabulary: xyzzy"),
    Reading("", ""),
]


@pytest.fixture(scope="module")
def vectorizers() -> dict[str, TfidfVectorizer]:
    made = {}
    for name, options in SETTINGS.items():
        options = {key: value for key, value in options.items() if key not in ("min_df", "max_features")}
        texts = [reading.context if name == "context" else reading.text for reading in READINGS]
        made[name] = TfidfVectorizer(dtype=np.float32, **options).fit(texts[:6])
    return made


@pytest.fixture(scope="module")
def model(vectorizers: dict[str, TfidfVectorizer]) -> LinearModel:
    vocabularies = {name: list(vectorizer.get_feature_names_out()) for name, vectorizer in vectorizers.items()}
    features = sum(map(len, vocabularies.values()))
    weights = np.random.default_rng(0).normal(size=(features, 4)).astype(np.float16)
    idf = {name: vectorizer.idf_ for name, vectorizer in vectorizers.items()}
    return LinearModel(vocabularies, idf, weights, np.array([0.5, -0.5, 0.25, -0.25]))


@pytest.mark.parametrize("readings", [READINGS, UNKNOWN, READINGS[3:4], [*UNKNOWN, *READINGS]])
def test_features_and_scores(readings: list[Reading], model: LinearModel, vectorizers: dict[str, TfidfVectorizer]) -> None:
    parts = [
        vectorizer.transform([reading.context if name == "context" else reading.text for reading in readings])
        for name, vectorizer in vectorizers.items()
    ]
    wanted = hstack(parts, format="csr", dtype=np.float32)
    scores = model.scores(readings)
    np.testing.assert_array_equal(scores.features.toarray(), wanted.toarray())
    values = np.asarray(wanted @ model.weights) + model.bias
    np.testing.assert_array_equal(scores.flagged, values[:, :2])
    for row in range(len(readings)):
        for column in range(2):
            assert model.absolute(scores.features, row, column) == values[row, 2 + column]


def test_a_listing_is_read_as_one_text() -> None:
    options = {key: value for key, value in LISTING.items() if key not in ("min_df", "max_features")}
    vectorizer = TfidfVectorizer(dtype=np.float32, **options).fit([" ".join(COPY[:6])])
    weights = np.random.default_rng(1).normal(size=len(vectorizer.vocabulary_)).astype(np.float32)
    model = ListingModel(list(vectorizer.get_feature_names_out()), vectorizer.idf_, weights, 0.5)
    whole = " ".join(COPY)
    wanted = float((vectorizer.transform([whole]) @ weights)[0] + 0.5) * len(whole) / 600
    assert model.odds(COPY) == wanted


def test_the_nearest_exemplar_shares_most_words(model: LinearModel) -> None:
    exemplars = Exemplars(COPY[:4], model)
    features = model.features([Reading("", "the spots fade"), Reading("", "xyzzy")])
    assert exemplars.nearest(*model.own_words(features, 0)) == COPY[3]
    assert exemplars.nearest(*model.own_words(features, 1)) is None
