"""The linear model and the encoder as scikit-learn estimators: sentences in, one column for each claim type out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from claimaudit.claims.encoder import Encoder
from claimaudit.claims.linear import LinearModel, fit_linear
from claimaudit.claims.model import Speed, read_fitting
from claimaudit.claims.passages import Passage, PassageLine
from claimaudit.claims.readings import Reading, about_line, context_line
from claimaudit.errors import ModelError, SettingsError
from claimaudit.resources import load_pack, model_path
from claimaudit.text.normalize import fold
from claimaudit.types import MappedText

LINEAR = "linear"


class ClaimClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Which claim types a sentence is flagged for: a multi-label classifier of sentences.

    It sees sentences alone, without the listing around them, and gives the bare probabilities of a model. For verdicts with
    their grounds use `claimaudit.Auditor`.

    Parameters
    ----------
    kind
        `linear`: logistic regressions on words and letters. `fast` or `accurate`: the encoder of that speed (to fit it, the
        extra `train`).
    pack
        Name of a shipped pack, or a folder: gives the claim types.
    setting
        The setting that all sentences are read in; None for the pack's first.
    random_state
        Seed of a fit.

    Attributes
    ----------
    classes_
        The claim types, in the order of the columns.

    Examples
    --------
    >>> model = ClaimClassifier("linear", setting="home").load()
    >>> chances = model.predict_proba(["It does not hurt at all.", "The cable is two metres long."])
    >>> chances.shape == (2, len(model.classes_))
    True
    >>> painless = list(model.classes_).index("painless")
    >>> bool(chances[0, painless] > chances[1, painless])
    True
    """

    def __init__(
        self,
        kind: str = "linear",
        *,
        pack: str | Path | None = None,
        setting: str | None = None,
        random_state: int = 0,
    ) -> None:
        self.kind = kind
        self.pack = pack
        self.setting = setting
        self.random_state = random_state

    def load(self, model: str | Path | None = None) -> Self:
        """Take the weights of a model folder, or of the one that ships, in place of a fit.

        Raises
        ------
        ModelError
            There is no such model, it is damaged or made for another pack, or it has no such encoder.
        SettingsError
            Kind or setting is unknown.
        """
        self.model_: Any
        pack = self._prepare()
        folder = Path(model) if model is not None else model_path(pack)
        if folder is None:
            raise ModelError(f"no model ships for pack '{pack.name}'. Give a folder, or fit one.")
        artifact = read_fitting(pack, folder, Speed.FAST if self.kind == LINEAR else Speed(self.kind))
        self.model_ = artifact.linear() if self.kind == LINEAR else artifact.encoder(self.kind)
        if self.model_ is None:
            raise ModelError(f"{artifact.label}: a model without encoders. Choose the kind '{LINEAR}'.")
        return self

    def fit(self, X: Sequence[str], y: Any) -> Self:
        """Learn from n sentences and a matrix (n, claim types) of 0 and 1.

        Raises
        ------
        SettingsError
            Kind or setting is unknown, sentences and labels do not match in number, or the columns are not the pack's claim
            types.
        """
        pack = self._prepare()
        flagged = np.asarray(y, dtype=np.float32)
        if flagged.shape != (len(X), len(pack.claim_types)):
            raise SettingsError(
                f"y has shape {flagged.shape}; wanted ({len(X)}, {len(pack.claim_types)}): a row for each sentence, a "
                "column for each claim type."
            )
        readings = self._readings(X)
        if self.kind == LINEAR:
            known = np.ones_like(flagged)
            self.model_ = fit_linear(readings, flagged, flagged, known, self.random_state)
        else:
            self._fit_encoder(readings, flagged)
        return self

    def decision_function(self, X: Sequence[str]) -> np.ndarray:
        """Log-odds of a flag, shape (n, claim types)."""
        check_is_fitted(self, "model_")
        if not len(X):
            return np.zeros((0, len(self.classes_)))
        if isinstance(self.model_, LinearModel):
            return self.model_.scores(self._readings(X)).flagged
        if isinstance(self.model_, Encoder):
            return np.concatenate([self.model_.flagged(passage, {0}) for passage in self._passages(self._readings(X))])
        return np.concatenate(self.model_(self._passages(self._readings(X))))

    def predict_proba(self, X: Sequence[str]) -> np.ndarray:
        """Probabilities of a flag, 0..1, shape (n, claim types). Not calibrated for sentences without their listing."""
        return np.asarray(1 / (1 + np.exp(-self.decision_function(X))))

    def predict(self, X: Sequence[str]) -> np.ndarray:
        """1 where a flag is more probable than not, shape (n, claim types)."""
        return (self.decision_function(X) > 0).astype(int)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.target_tags.multi_output = True
        tags.target_tags.single_output = False
        tags.classifier_tags.multi_label = True
        return tags

    def _prepare(self) -> Any:
        if self.kind not in (LINEAR, *Speed):
            raise SettingsError(f"kind must be one of {', '.join((LINEAR, *Speed))}, got '{self.kind}'.")
        pack = load_pack(self.pack)
        self.classes_ = np.array(pack.claim_types)
        self.setting_ = self.setting or pack.settings[0]
        if self.setting_ not in pack.settings:
            raise SettingsError(f"setting: '{self.setting}' is none of {', '.join(pack.settings)}. Correct it.")
        return pack

    def _readings(self, X: Sequence[str]) -> list[Reading]:
        line = context_line(self.setting_)
        return [Reading(line, fold(MappedText(str(text))).text) for text in X]

    def _passages(self, readings: Sequence[Reading]) -> list[Passage]:
        about = about_line(self.setting_)
        return [Passage(about, (PassageLine(reading.text),)) for reading in readings]

    def _fit_encoder(self, readings: Sequence[Reading], flagged: np.ndarray) -> None:
        from claimaudit.claims.training.examples import Example, Lesson, Target
        from claimaudit.claims.training.networks import BODIES
        from claimaudit.claims.training.pretrained import pretrained_encoder
        from claimaudit.claims.training.recipe import RECIPES
        from claimaudit.claims.training.teaching import fit_network, load_layout, predict
        from claimaudit.types import Assertion, Strength, Verdict

        target = Target(Strength.ABSOLUTE, Assertion.ASSERTED, Verdict.CONTRADICTED)
        examples = [
            Example(str(row), 0, reading, {self.classes_[column]: target for column in np.flatnonzero(flags)})
            for row, (reading, flags) in enumerate(zip(readings, flagged, strict=True))
        ]
        lessons = [Lesson(passage, (example,)) for passage, example in zip(self._passages(readings), examples, strict=True)]
        folder, types = pretrained_encoder(), list(self.classes_)
        layout, recipe = load_layout(folder), replace(RECIPES[self.kind], seed=self.random_state)
        network = fit_network(lessons, types, BODIES[self.kind], folder, layout, recipe, report=lambda line: None)
        self.model_ = lambda passages: predict(network, passages, layout)
