"""The models as scikit-learn estimators."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from claimaudit import ModelError, Pack, SettingsError
from claimaudit.claims.artifact import LINEAR_FILES
from claimaudit.integrations.sklearn import ClaimClassifier
from claimaudit.resources import model_path
from tests.conftest import TESTS

SENTENCES = [
    f"{start} {end}" for start in ("It", "The pen", "Our cream") for end in ("does not hurt.", "is blue.", "ships today.")
] * 4


@pytest.fixture
def labels(pack: Pack) -> np.ndarray:
    y = np.zeros((len(SENTENCES), len(pack.claim_types)), int)
    y[:, pack.claim_types.index("painless")] = ["hurt" in sentence for sentence in SENTENCES]
    return y


def test_it_learns_and_tells(pack: Pack, labels: np.ndarray) -> None:
    model = ClaimClassifier(setting="home")
    assert model.fit(SENTENCES, labels) is model
    assert list(model.classes_) == list(pack.claim_types)
    chances = model.predict_proba(SENTENCES)
    assert chances.shape == labels.shape
    assert ((chances > 0) & (chances < 1)).all()
    np.testing.assert_array_equal(model.predict(SENTENCES), labels)
    np.testing.assert_array_equal(model.predict(SENTENCES), (model.decision_function(SENTENCES) > 0).astype(int))
    assert model.predict_proba([]).shape == (0, len(pack.claim_types))


def test_the_estimator_contract(labels: np.ndarray) -> None:
    model = ClaimClassifier("linear", setting="clinic", random_state=3)
    again = clone(model)
    assert again is not model
    assert again.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        again.predict(SENTENCES)
    first, second = clone(model).fit(SENTENCES, labels), clone(model).fit(SENTENCES, labels)
    np.testing.assert_array_equal(first.decision_function(SENTENCES), second.decision_function(SENTENCES))
    revived = pickle.loads(pickle.dumps(first))
    np.testing.assert_array_equal(first.decision_function(SENTENCES), revived.decision_function(SENTENCES))
    tags = model.__sklearn_tags__()
    assert tags.input_tags.string
    assert tags.classifier_tags.multi_label


def test_it_works_in_pipelines_and_searches(labels: np.ndarray) -> None:
    pipe = make_pipeline(ClaimClassifier("linear")).fit(SENTENCES, labels)
    assert f1_score(labels, pipe.predict(SENTENCES), average="micro") == 1
    search = GridSearchCV(ClaimClassifier(), {"setting": ["home", "clinic"]}, cv=2, scoring="f1_micro")
    assert search.fit(SENTENCES, labels).best_score_ == 1


@pytest.mark.parametrize("kind", ["linear", "fast", "accurate"])
def test_the_weights_that_ship(pack: Pack, kind: str) -> None:
    model = ClaimClassifier(kind, setting="home").load()
    chances = model.predict_proba(["You will not feel a thing.", "The cable is two metres long.", "", "\ufffd"])
    painless = pack.claim_types.index("painless")
    assert chances[0, painless] > 0.5 > chances[1, painless]
    assert (chances[2:] < 0.5).all(), "without words nothing is promised"


def test_what_cannot_be_is_said(labels: np.ndarray) -> None:
    with pytest.raises(SettingsError, match="kind must be one of linear, fast, accurate, got 'slow'"):
        ClaimClassifier("slow").load()
    with pytest.raises(SettingsError, match=r"y has shape \(36, 2\)"):
        ClaimClassifier().fit(SENTENCES, labels[:, :2])
    with pytest.raises(ModelError, match=r"model\.json: cannot be read"):
        ClaimClassifier().load("no/such/folder")
    with pytest.raises(SettingsError, match="setting: 'hom' is none of home, clinic"):
        ClaimClassifier(setting="hom").fit(SENTENCES, labels)


def test_a_model_that_does_not_fit_is_refused(pack: Pack, tmp_path: Path) -> None:
    folder = model_path(pack)
    assert folder is not None
    with pytest.raises(ModelError, match="not those of pack 'houseplants'"):
        ClaimClassifier(pack=TESTS / "packs" / "houseplants").load(folder)
    shutil.copytree(folder, tmp_path / "bare")
    told = json.loads((folder / "model.json").read_text("utf-8"))
    for name in ("combinations", "snippets"):
        told[name].pop("accurate")
    told["files"] = {name: told["files"][name] for name in LINEAR_FILES}
    (tmp_path / "bare" / "model.json").write_text(json.dumps(told), "utf-8")
    assert ClaimClassifier().load(tmp_path / "bare")
    with pytest.raises(ModelError, match=r"has no speed 'accurate'\. Choose among fast"):
        ClaimClassifier("accurate").load(tmp_path / "bare")
    with pytest.raises(ModelError, match=r"bare: a model without encoders\. Choose the kind 'linear'"):
        ClaimClassifier("fast").load(tmp_path / "bare")
