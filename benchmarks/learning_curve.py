"""How much more documents would help: F1 on flagged units against the number of training documents.

    python benchmarks/learning_curve.py [--pack skin] [--gold GOLD.jsonl] [--steps 5] [--seed 0] [-o FILE]

A quick model (logistic regression on words and characters of the sentence, its setting and the line before it) is trained on
growing, nested random parts of the training split and measured on the test split, and on labelled documents of another
origin if given. It is no claim model of the library: it is there to show whether the curve still rises. The threshold is
chosen on the calibration split. Needs the extra `train`; same seed, same figures.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from claimaudit.claims.corpus import f1, read_corpus
from claimaudit.resources import load_pack

Unit = tuple[str, int, str]
FLAGGED = ("contradicted", "overstated")
WORDS_BEFORE = 12


class Example:
    """One sentence with what the quick model sees of its context."""

    def __init__(self, document: str, index: int, text: str, before: str, setting: str, types: frozenset[str]) -> None:
        self.document, self.index, self.types = document, index, types
        self.text = text
        self.with_setting = f"{setting} {text}"
        self.before = " ".join(f"before_{word}" for word in before.lower().split()[-WORDS_BEFORE:])


def examples(documents: Sequence[dict[str, Any]]) -> list[Example]:
    """The sentences of labelled documents, as rows of JSON."""
    found = []
    for document in documents:
        flagged: dict[int, set[str]] = {}
        for label in document["labels"]:
            if label["verdict"] in FLAGGED:
                flagged.setdefault(label["sentence"], set()).add(label["type"])
        before = ""
        for index, (start, end) in enumerate(document["sentences"]):
            text = " ".join(document["text"][start:end].split())
            types = frozenset(flagged.get(index, ()))
            found.append(Example(document["id"], index, text, before, document.get("setting", "unknown"), types))
            before = text
    return found


class QuickModel:
    """One logistic regression for each claim type, on TF-IDF features."""

    def __init__(self, claim_types: Sequence[str], seed: int) -> None:
        self._types = claim_types
        self._seed = seed
        self._words = TfidfVectorizer(ngram_range=(1, 3), sublinear_tf=True)
        self._characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)
        self._before = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        self._models: dict[str, LogisticRegression] = {}

    def fit(self, rows: Sequence[Example]) -> QuickModel:
        features = self._features(rows, fit=True)
        for claim_type in self._types:
            target = np.array([claim_type in row.types for row in rows], dtype=int)
            if 3 <= target.sum() < len(target):
                model = LogisticRegression(C=30, class_weight="balanced", solver="liblinear", random_state=self._seed)
                self._models[claim_type] = model.fit(features, target)
        return self

    def scores(self, rows: Sequence[Example]) -> dict[Unit, float]:
        features = self._features(rows, fit=False)
        return {
            (row.document, row.index, claim_type): float(score)
            for claim_type, model in self._models.items()
            for row, score in zip(rows, model.predict_proba(features)[:, 1], strict=True)
        }

    def _features(self, rows: Sequence[Example], *, fit: bool) -> csr_matrix:
        parts = []
        for vectorizer, texts in (
            (self._words, [row.with_setting for row in rows]),
            (self._characters, [row.text for row in rows]),
            (self._before, [row.before for row in rows]),
        ):
            parts.append(vectorizer.fit_transform(texts) if fit else vectorizer.transform(texts))
        return hstack(parts).tocsr()


def gold(rows: Sequence[Example]) -> set[Unit]:
    return {(row.document, row.index, claim_type) for row in rows for claim_type in row.types}


def threshold(scores: dict[Unit, float], wanted: set[Unit]) -> float:
    """The threshold with the best F1, of 19 between 0.05 and 0.95."""
    tried = [step / 20 for step in range(1, 20)]
    return max(tried, key=lambda cut: f1({unit for unit, score in scores.items() if score >= cut}, wanted))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", default=None)
    parser.add_argument("--gold", type=Path)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", "-o", type=Path)
    options = parser.parse_args()
    pack = load_pack(options.pack)
    corpus = read_corpus(pack)
    splits = {
        name: [document.model_dump(mode="json") for document in corpus.split(name)]
        for name in ("train", "calibration", "test")
    }
    sets = {"test": examples(splits["test"])}
    if options.gold:
        lines = options.gold.read_text("utf-8").splitlines()
        sets[options.gold.stem] = examples([json.loads(line) for line in lines if line.strip()])
    calibration = examples(splits["calibration"])
    train = list(splits["train"])
    random.Random(options.seed).shuffle(train)
    curve = []
    for step in range(options.steps, 0, -1):
        part = train[: len(train) // 2 ** (step - 1)]
        model = QuickModel(pack.claim_types, options.seed).fit(examples(part))
        cut = threshold(model.scores(calibration), gold(calibration))
        point: dict[str, Any] = {"documents": len(part), "threshold": cut}
        for name, rows in sets.items():
            found = {unit for unit, score in model.scores(rows).items() if score >= cut}
            point[f"f1_{name}"] = round(f1(found, gold(rows)), 3)
        curve.append(point)
        print(json.dumps(point), flush=True)
    if options.output:
        options.output.write_text(json.dumps({"seed": options.seed, "curve": curve}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
