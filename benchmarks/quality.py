"""Which kind of model finds flags best: one table, everything trained on the same sentences and measured on the same.

    python benchmarks/quality.py [--rows NAME…] [--gold GOLD.jsonl …] [--model FOLDER] [-o benchmarks/quality.json]

Each row is trained on the training split, the contrast pairs and the plain lines. Rows of one model alone flag a unit
(sentence and claim type) from the score with the best F1 on the calibration split; `patterns`, `fast` and `accurate` are
audits from end to end. Measured are flagged units of the test split and of labelled documents given with --gold, with 95 %
intervals (bootstrap over documents). A row that is trained takes minutes to two hours on two cores; results are kept in the
file, replaced row by row, and written as a table beside it. Needs the extras `train` and `bench`. The seeds fix all
draws.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from claimaudit import Auditor, Listing, Pack, load_pack
from claimaudit.claims.corpus import Document, Label, read_corpus
from claimaudit.claims.passages import Passage, PassageLine
from claimaudit.claims.scope import ScopeReader
from claimaudit.claims.training.build import examples_of, lessons_to_learn_from, train_linear
from claimaudit.claims.training.examples import Example, Lesson, ReadDocument, arrays, read_documents
from claimaudit.claims.training.pretrained import pretrained_encoder
from claimaudit.claims.training.recipe import RECIPES
from claimaudit.types import Assertion, Strength, Verdict

Scores = Callable[[Sequence[ReadDocument]], np.ndarray]
ROUNDS = 1_000
PAGE = """# Which kind of model finds flags best

Written by `python benchmarks/quality.py`, whose docstring says how. Each cell: F1 on flagged units (95 % interval),
precision / recall. A share of the documents is also that share of the pairs and lines; the two of int8 are those that
ship, trained on all. Patterns, and so `fast` and `accurate`, were developed on dev-a (labelled documents of another origin,
not in the repository), the models were not. `corpus` is the number of training documents when the row was run, of which a
quarter is a quarter; rows of an earlier corpus were tested on its smaller test split. Rows that were not run yet are
missing."""


def gold_documents(path: Path) -> list[Document]:
    """Labelled documents of another origin; strength and assertion of their labels are not measured here."""
    found = []
    for line in filter(str.strip, path.read_text("utf-8").split("\n")):  # a text may hold U+2028
        row = json.loads(line)
        labels = [
            Label(
                sentence=label["sentence"],
                type=label["type"],
                verdict=Verdict(label["verdict"]) if label["verdict"] else None,
                strength=Strength.ABSOLUTE,
                assertion=Assertion.ASSERTED,
                start=row["sentences"][label["sentence"]][0],
                end=row["sentences"][label["sentence"]][1],
            )
            for label in row["labels"]
        ]
        found.append(
            Document.model_construct(
                id=row["id"], author="", setting=row["setting"], product_class="", kind="", text=row["text"],
                sentences=[tuple(pair) for pair in row["sentences"]], labels=labels,
            )
        )  # fmt: skip
    return found


class Bench:
    def __init__(self, pack: Pack, golds: Sequence[Path], model: Path | None) -> None:
        self.pack, self.model = pack, model
        self.types = pack.claim_types
        reader = ScopeReader(pack)
        corpus = read_corpus(pack)
        self.size = len(corpus.split("train"))
        self.lessons = lessons_to_learn_from(read_documents(corpus.split("train"), reader), corpus, reader)
        self.train = examples_of(self.lessons)
        self.documents = {
            "calibration": read_documents(corpus.split("calibration"), reader),
            "test": read_documents(corpus.split("test"), reader),
            **{path.stem: read_documents(gold_documents(path), reader) for path in golds},
        }

    # --- rows ------------------------------------------------------------------------------------------------

    def rows(self) -> dict[str, Callable[[], dict[str, Any]]]:
        return {
            "patterns": lambda: self.audited("patterns"),
            "words": lambda: self.alone(self.words()),
            "words, letters, context": lambda: self.alone(self.linear()),
            "static embeddings": lambda: self.alone(self.embedded(_static(pretrained_encoder()))),
            "frozen encoder": lambda: self.alone(self.embedded(_frozen(pretrained_encoder()))),
            "encoder without context": lambda: self.alone(self.tuned(context=False)),
            "encoder": lambda: self.alone(self.tuned()),
            "encoder, half the documents": lambda: self.alone(self.tuned(share=0.5)),
            "encoder, a quarter": lambda: self.alone(self.tuned(share=0.25)),
            "encoder, a quarter, without context": lambda: self.alone(self.tuned(share=0.25, context=False)),
            "encoder, an eighth": lambda: self.alone(self.tuned(share=0.125)),
            "encoder, int8": lambda: self.alone(self.shipped("accurate")),
            "small encoder": lambda: self.alone(self.tuned("fast")),
            "small encoder, int8": lambda: self.alone(self.shipped("fast")),
            "fast": lambda: self.audited("fast"),
            "accurate": lambda: self.audited("accurate"),
        }

    def words(self) -> Scores:
        vectorizer = TfidfVectorizer(ngram_range=(1, 3), sublinear_tf=True, min_df=2)
        features = vectorizer.fit_transform([example.reading.text for example in self.train])
        return self.regressions(features, lambda examples: vectorizer.transform([e.reading.text for e in examples]))

    def linear(self) -> Scores:
        model = train_linear(self.train, self.types)
        return lambda documents: model.scores([example.reading for example in _examples(documents)]).flagged

    def embedded(self, embed: Callable[[list[str]], np.ndarray]) -> Scores:
        def features(examples: Sequence[Example]) -> np.ndarray:
            own = embed([example.reading.text for example in examples])
            return np.hstack([own, embed([example.reading.context for example in examples])])

        return self.regressions(features(self.train), features)

    def regressions(self, features: Any, transform: Callable[[Sequence[Example]], Any]) -> Scores:
        targets = arrays(self.train, self.types)
        models = []
        for column in range(len(self.types)):
            rows = np.flatnonzero(targets.known[:, column])
            solver = "lbfgs" if isinstance(features, np.ndarray) else "liblinear"
            model = LogisticRegression(C=20, class_weight="balanced", solver=solver, max_iter=100, tol=1e-3, random_state=0)
            models.append(model.fit(features[rows], targets.flagged[rows, column]))
        return lambda documents: np.stack(
            [model.decision_function(transform(_examples(documents))) for model in models], axis=1
        )

    def tuned(self, speed: str = "accurate", *, context: bool = True, share: float = 1.0) -> Scores:
        from claimaudit.claims.training.networks import BODIES
        from claimaudit.claims.training.teaching import fit_network, load_layout, predict

        folder = pretrained_encoder()
        layout = load_layout(folder)

        def seen(lessons: Sequence[Lesson]) -> Sequence[Lesson]:
            return lessons if context else _without_context(lessons)

        lessons = list(self.lessons)
        if share < 1:
            random.Random(0).shuffle(lessons)
            lessons = lessons[: int(share * len(lessons))]
        network = fit_network(seen(lessons), self.types, BODIES[speed], folder, layout, RECIPES[speed])

        def scores(documents: Sequence[ReadDocument]) -> np.ndarray:
            passages = [lesson.passage for lesson in seen([Lesson(read.passage, read.examples) for read in documents])]
            return np.concatenate(predict(network, passages, layout))

        return scores

    def shipped(self, speed: str) -> Scores:
        from claimaudit.claims.artifact import read_artifact
        from claimaudit.resources import model_path

        folder = self.model or model_path(self.pack)
        assert folder is not None, "give --model"
        encoder = read_artifact(folder).encoder(speed)
        assert encoder is not None, "the model has no encoder"

        def scores(documents: Sequence[ReadDocument]) -> np.ndarray:
            return np.concatenate([encoder.flagged(read.passage, range(len(read.examples))) for read in documents])

        return scores

    # --- measuring -------------------------------------------------------------------------------------------

    def alone(self, scores: Scores) -> dict[str, Any]:
        calibration = self.documents["calibration"]
        cut = self.best_cut(_examples(calibration), scores(calibration))
        result: dict[str, Any] = {"cut": round(cut, 3)}
        for name, documents in self.documents.items():
            if name != "calibration":
                examples = _examples(documents)
                flags = scores(documents) >= cut
                found = {
                    (examples[row].document, examples[row].index, self.types[column])
                    for row, column in zip(*np.nonzero(flags), strict=True)
                }
                result[name] = measure(documents, found)
        return result

    def best_cut(self, examples: Sequence[Example], scores: np.ndarray) -> float:
        wanted = arrays(examples, self.types).flagged > 0
        tried = np.unique(np.quantile(scores, np.linspace(0.95, 0.9999, 200)))
        return float(
            max(tried, key=lambda cut: 2 * (wanted & (scores >= cut)).sum() / (wanted.sum() + (scores >= cut).sum()))
        )

    def audited(self, speed: str) -> dict[str, Any]:
        auditor = Auditor(self.pack, speed=speed, model=None if speed == "patterns" else self.model)
        result: dict[str, Any] = {}
        for name, documents in self.documents.items():
            if name == "calibration":
                continue
            found = set()
            for read in documents:
                for finding in auditor.audit(Listing(read.document.id, read.document.text, markup="text")).flagged:
                    found.add((read.document.id, finding.claim.sentence.index, finding.claim.type))
            result[name] = measure(documents, found)
        return result


def measure(documents: Sequence[ReadDocument], found: set[tuple[str, int, str]]) -> dict[str, Any]:
    """Precision, recall, F1 with its interval, and false flags for 100 documents without any flag."""
    wanted = {
        (read.document.id, example.index, claim_type)
        for read in documents
        for example in read.examples
        for claim_type, target in example.targets.items()
        if target.is_flagged
    }
    names = [read.document.id for read in documents]
    place = {name: row for row, name in enumerate(names)}
    counts = np.zeros((len(names), 3))  # wanted, found, both
    for column, units in enumerate((wanted, found, wanted & found)):
        for unit in units:
            counts[place[unit[0]], column] += 1
    draws = np.random.default_rng(0).integers(0, len(names), (ROUNDS, len(names)))
    sums = counts[draws].sum(axis=1)
    f1s = 2 * sums[:, 2] / np.maximum(1, sums[:, 0] + sums[:, 1])
    total = counts.sum(axis=0)
    clean = counts[counts[:, 0] == 0]
    return {
        "precision": round(float(total[2] / max(1, total[1])), 3),
        "recall": round(float(total[2] / max(1, total[0])), 3),
        "f1": round(float(2 * total[2] / max(1, total[0] + total[1])), 3),
        "interval": [round(float(value), 3) for value in np.quantile(f1s, [0.025, 0.975])],
        "false_per_100_clean": round(float(100 * clean[:, 1].sum() / max(1, len(clean))), 1),
    }


def _examples(documents: Sequence[ReadDocument]) -> list[Example]:
    return [example for read in documents for example in read.examples]


def _without_context(lessons: Sequence[Lesson]) -> list[Lesson]:
    """Each line that is to be learned as a passage of its own, of which nothing is known."""
    return [
        Lesson(Passage("", (PassageLine(line.text),)), (example,))
        for lesson in lessons
        for line, example in zip(lesson.passage.lines, lesson.examples, strict=True)
        if example is not None
    ]


def _frozen(body: Path) -> Callable[[list[str]], np.ndarray]:
    """Mean of the last hidden states, as sentence-transformers does for this body."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, network = AutoTokenizer.from_pretrained(body), AutoModel.from_pretrained(body).eval()

    def embed(texts: list[str]) -> np.ndarray:
        found = np.zeros((len(texts), network.config.hidden_size), np.float32)
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        with torch.inference_mode():
            for start in range(0, len(order), 64):
                places = order[start : start + 64]
                inputs = tokenizer(
                    [texts[place] for place in places], padding=True, truncation=True, max_length=128, return_tensors="pt"
                )
                mask = inputs["attention_mask"].unsqueeze(-1)
                hidden = network(**inputs).last_hidden_state
                found[places] = ((hidden * mask).sum(1) / mask.sum(1)).numpy()
        return found

    return embed


def _static(body: Path) -> Callable[[list[str]], np.ndarray]:
    """A table of word vectors distilled from the encoder (model2vec, 128 dimensions)."""
    from model2vec.distill import distill_from_model
    from transformers import AutoModel, AutoTokenizer

    model = distill_from_model(AutoModel.from_pretrained(body), AutoTokenizer.from_pretrained(body), pca_dims=128)
    return lambda texts: np.asarray(model.encode(texts))


def table(results: dict[str, Any]) -> str:
    """The results as a Markdown table."""
    sets = [name for name in next(iter(results.values())) if name not in ("cut", "seconds", "documents")]
    head = ["model", *(f"{name}: F1 (95 %), P / R" for name in sets), "corpus"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row, result in results.items():
        cells = []
        for name in sets:
            s = result.get(name)
            cells.append(
                f"{s['f1']:.2f} ({s['interval'][0]:.2f}–{s['interval'][1]:.2f}), {s['precision']:.2f} / {s['recall']:.2f}"
                if s
                else ""
            )
        lines.append(f"| {row} | " + " | ".join([*cells, f"{result['documents']:,}"]) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", default=None)
    parser.add_argument("--rows", nargs="*", help="default: all")
    parser.add_argument("--gold", nargs="*", type=Path, default=[])
    parser.add_argument("--model", type=Path, help="model folder; default: the one that ships")
    parser.add_argument("--output", "-o", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    bench = Bench(load_pack(options.pack), options.gold, options.model)
    rows = bench.rows()
    unknown = set(options.rows or ()) - set(rows)
    if unknown:
        parser.error(f"no such rows: {', '.join(sorted(unknown))}. Choose among {', '.join(rows)}.")
    done = json.loads(options.output.read_text("utf-8")) if options.output.exists() else {}
    for name in options.rows or rows:
        began = time.monotonic()
        scores = rows[name]()
        done[name] = {**scores, "seconds": round(time.monotonic() - began), "documents": bench.size}
        done = {row: done[row] for row in rows if row in done}
        options.output.write_text(json.dumps(done, indent=1) + "\n", "utf-8")
        print(name, json.dumps(done[name]), flush=True)
    page = f"{PAGE}\n\n{table(done)}\n"
    options.output.with_suffix(".md").write_text(page, "utf-8")
    print(page)


if __name__ == "__main__":
    main()
