"""From a pack's training corpus to a model folder: fit, calibrate, measure, write. Run by `claimaudit train`.

The models learn from the training split and the contrast pairs. Patterns and models are weighed, and the cuts chosen, on
the calibration split; figures are those of the test split, which nothing was fitted on.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from claimaudit.claims.artifact import write_artifact
from claimaudit.claims.classify import ClaimFinder
from claimaudit.claims.combine import MODEL_FEATURES, PATTERN_FEATURES, Combination, features_of, fit_combination
from claimaudit.claims.corpus import Corpus, read_corpus
from claimaudit.claims.encoder import Encoder
from claimaudit.claims.linear import LinearModel, ListingModel, fit_linear, fit_listing
from claimaudit.claims.model import UNREAD_ODDS
from claimaudit.claims.setting import ScopeReader
from claimaudit.claims.training.examples import Example, ReadDocument, arrays, pair_examples, read_documents
from claimaudit.claims.training.recipe import Teaching
from claimaudit.errors import PackError
from claimaudit.resources import Pack
from claimaudit.types import ClaimType, Strength

GATE_RECALL = 0.99
"""Share of the flagged sentences of the calibration split that the gate must let through to the encoder."""
EXEMPLARS = 300
"""Flagged training sentences kept for each type, to liken findings to; the shortest, which are the easiest to compare."""
SEED = 0
Report = Callable[[str], None]


def build_model(pack: Pack, folder: Path, *, name: str, teaching: Teaching | None, report: Report = print) -> None:
    """Train the models of a pack and write them to a folder.

    Parameters
    ----------
    folder
        Is made anew as a whole.
    name
        The model's name in signatures, `skin-1` say.
    teaching
        How to train the encoder; None for a model of the speed `fast` alone.

    Raises
    ------
    PackError
        The pack has no training corpus, or one without a training and a calibration split.
    """
    corpus = read_corpus(pack)
    for split in ("train", "calibration"):
        if not corpus.split(split):
            raise PackError(
                f"{pack.name}: no document is in the split '{split}'. Name authors for it in training/splits.yaml."
            )
    scope_reader = ScopeReader(pack)
    documents = read_documents(corpus.split("train"), scope_reader)
    train = examples_to_learn_from(documents, corpus)
    report(f"{len(train)} examples to learn from")
    folder.mkdir(parents=True, exist_ok=True)
    if teaching is not None:
        train_encoder(train, pack.claim_types, folder, teaching, report)
    linear = train_linear(train, pack.claim_types)
    listing = train_listing(documents)
    report(f"linear models: {linear.weights.shape[0]} features of sentences, {len(listing.vocabulary)} of listings")
    calibration = read_documents(corpus.split("calibration"), scope_reader)
    encoder = Encoder(folder / "encoder.onnx", folder / "tokenizer.json") if teaching is not None else None
    gate, combinations = calibrate(pack, calibration, linear, listing, encoder)
    report(f"gate {gate}, cuts { ({speed: combination.cut for speed, combination in combinations.items()}) }")
    write_artifact(
        folder,
        name=name,
        pack=pack.name,
        claim_types=pack.claim_types,
        gate=gate,
        combinations=combinations,
        linear=linear,
        listing=listing,
        exemplars=exemplars(train, pack.claim_types),
    )


def examples_to_learn_from(documents: Sequence[ReadDocument], corpus: Corpus) -> list[Example]:
    """The sentences of documents and both sides of every contrast pair of the corpus."""
    return [example for read in documents for example in read.examples] + pair_examples(corpus.pairs)


def train_linear(train: Sequence[Example], claim_types: Sequence[ClaimType]) -> LinearModel:
    targets = arrays(train, claim_types)
    strongest = (targets.strength == list(Strength).index(Strength.ABSOLUTE)).astype(np.float32)
    return fit_linear(
        [example.reading for example in train], targets.present, targets.flagged, strongest, targets.known, SEED
    )


def train_listing(documents: Sequence[ReadDocument]) -> ListingModel:
    """From the documents that are in scope: of the others nothing is flagged anyway."""
    inside = [read for read in documents if read.scope.in_scope]
    return fit_listing(
        [[sent.folded.text for sent in read.sentences] for read in inside], [_holds_flag(read) for read in inside], SEED
    )


def train_encoder(
    train: Sequence[Example], claim_types: Sequence[ClaimType], folder: Path, teaching: Teaching, report: Report
) -> None:
    """Train the encoder, with its teacher first where there is one, and write its two files."""
    from claimaudit.claims.training.encoder import Soft, export, fit_encoder, predict

    soft = None
    if teaching.teacher is not None:
        report("teacher:")
        teacher = fit_encoder(train, claim_types, teaching.teacher, teaching.teacher_recipe, report=report)
        present, flagged, *_ = predict(teacher, [example.reading for example in train], teaching.teacher)
        soft = Soft(_probability(present), _probability(flagged))
        del teacher
    report("encoder:")
    network = fit_encoder(train, claim_types, teaching.body, teaching.recipe, soft=soft, report=report)
    export(network, teaching.body, folder / "encoder.onnx")
    shutil.copy(teaching.body / "tokenizer.json", folder / "tokenizer.json")


def calibrate(
    pack: Pack, documents: Sequence[ReadDocument], linear: LinearModel, listing: ListingModel, encoder: Encoder | None
) -> tuple[float, dict[str, Combination]]:
    """The gate, and for each speed the weights of patterns and models and the cut, on the calibration split."""
    examples = [example for read in documents for example in read.examples]
    scores = linear.scores([example.reading for example in examples])
    told = np.array([any(target.is_flagged for target in example.targets.values()) for example in examples])
    gate = round(float(np.quantile(scores.any[told], 1 - GATE_RECALL)), 3) if told.any() else 0.0
    encoded = None
    if encoder is not None:
        encoded = np.stack([read.flagged for read in encoder.read([example.reading for example in examples])])
        encoded[scores.any < gate] = UNREAD_ODDS
    rows: dict[str, list[dict[str, float]]] = {"fast": [], "accurate": []}
    flagged: list[bool] = []
    finder = ClaimFinder(pack)
    place = 0
    for read in documents:
        if not read.scope.in_scope:  # nothing is claimed there, whatever a model says
            place += len(read.examples)
            continue
        heard = finder.hear(read.sentences, read.scope)
        whole = listing.odds([sent.folded.text for sent in read.sentences])
        for example in read.examples:
            for column, claim_type in enumerate(pack.claim_types):
                unit = heard.get((example.index, claim_type))
                odds = {"listing": whole, "linear": float(scores.flagged[place, column])}
                rows["fast"].append(features_of(odds, unit))
                if encoded is not None:
                    rows["accurate"].append(features_of({**odds, "encoder": float(encoded[place, column])}, unit))
                target = example.targets.get(claim_type)
                flagged.append(target is not None and target.is_flagged)
            place += 1
    combinations = {"fast": fit_combination(rows["fast"], flagged, ("linear", "listing", *PATTERN_FEATURES))}
    if encoded is not None:
        combinations["accurate"] = fit_combination(rows["accurate"], flagged, (*MODEL_FEATURES, *PATTERN_FEATURES))
    return gate, combinations


def exemplars(train: Sequence[Example], claim_types: Sequence[ClaimType]) -> dict[ClaimType, list[str]]:
    found: dict[ClaimType, list[str]] = {}
    for claim_type in claim_types:
        texts = {
            example.reading.text
            for example in train
            if claim_type in example.targets and example.targets[claim_type].is_flagged and example.reading.text
        }
        found[claim_type] = sorted(sorted(texts, key=lambda text: (len(text), text))[:EXEMPLARS])
    return found


def _holds_flag(read: ReadDocument) -> bool:
    return any(target.is_flagged for example in read.examples for target in example.targets.values())


def _probability(odds: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-odds)), np.float32)
