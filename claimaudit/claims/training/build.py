"""From a pack's training corpus to a model folder: fit, calibrate, measure, write. Run by `claimaudit train`.

The models learn from the training split, the contrast pairs and the plain lines. Patterns and models are weighed, and the
cuts chosen, on the calibration split; figures are those of the test split, which nothing was fitted on
(but the overlap of the encoder's windows was halved with its figures in sight).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from claimaudit.claims.artifact import write_artifact
from claimaudit.claims.classify import ClaimFinder
from claimaudit.claims.combine import Combination, Gate, fit_combination, pattern_feature
from claimaudit.claims.corpus import Corpus, read_corpus
from claimaudit.claims.encoder import Encoder
from claimaudit.claims.linear import LinearModel, ListingModel, fit_linear, fit_listing
from claimaudit.claims.setting import ScopeReader
from claimaudit.claims.training.examples import (
    Example,
    Lesson,
    ReadDocument,
    arrays,
    document_lessons,
    line_lessons,
    pair_lessons,
    read_documents,
    snippets,
)
from claimaudit.claims.training.recipe import Recipe
from claimaudit.errors import PackError
from claimaudit.resources import Pack
from claimaudit.types import ClaimType, Strength

GATE_RECALL = 0.95
"""Share of the flagged sentences of the calibration split that the gate must let through to the encoder by themselves;
others come along in the windows of these. Less is faster, and misses what only the encoder would have found."""
EXEMPLARS = 300
"""Flagged training sentences kept for each type, to liken findings to; the shortest, which are the easiest to compare."""
SEED = 0
Report = Callable[[str], None]


def build_model(pack: Pack, folder: Path, *, name: str, recipe: Recipe | None, report: Report = print) -> None:
    """Train the models of a pack and write them to a folder.

    Parameters
    ----------
    folder
        Made where it is missing; files of an earlier model are replaced.
    name
        The model's name in signatures, `skin-1` say.
    recipe
        How to train the encoder (needs the extra `train`); None for a model of the speed `fast` alone.

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
    lessons = lessons_to_learn_from(documents, corpus, scope_reader)
    train = examples_of(lessons)
    report(f"{len(train)} examples to learn from")
    folder.mkdir(parents=True, exist_ok=True)
    if recipe is not None:
        train_encoder(lessons, pack.claim_types, folder, recipe, report)
    linear = train_linear(train, pack.claim_types)
    listing = train_listing(documents)
    report(f"linear models: {linear.weights.shape[0]} features of sentences, {len(listing.vocabulary)} of listings")
    calibration = read_documents(corpus.split("calibration"), scope_reader)
    encoder = Encoder(folder / "encoder.onnx", folder / "tokenizer.json") if recipe is not None else None
    gate, combinations = calibrate(pack, calibration, linear, listing, encoder)
    pieces = read_documents(snippets(corpus.split("calibration"), SEED), scope_reader)
    _, for_snippets = calibrate(pack, pieces, linear, listing, encoder, with_gate=False)
    cuts = ", ".join(f"{speed} {combination.cut}" for speed, combination in combinations.items())
    report(f"gate {gate}, cuts: {cuts}")
    write_artifact(
        folder,
        name=name,
        pack=pack.name,
        claim_types=pack.claim_types,
        gate=gate,
        combinations=combinations,
        snippets=for_snippets,
        linear=linear,
        listing=listing,
        exemplars=exemplars(train, pack.claim_types),
    )


def lessons_to_learn_from(documents: Sequence[ReadDocument], corpus: Corpus, scope_reader: ScopeReader) -> list[Lesson]:
    """The documents, both sides of every contrast pair of the corpus, and its plain lines.

    Copy is full of plain lines, documents written for their variety are not: without them a model takes a bare "Permanent
    results." for less than it is.
    """
    of_documents = document_lessons(documents, scope_reader, SEED)
    return [*of_documents, *pair_lessons(corpus.pairs, scope_reader), *line_lessons(corpus.lines, scope_reader)]


def examples_of(lessons: Sequence[Lesson]) -> list[Example]:
    """Each line once, not its pieces."""
    return [example for lesson in lessons for example in lesson.examples if example is not None]


def train_linear(train: Sequence[Example], claim_types: Sequence[ClaimType]) -> LinearModel:
    targets = arrays(train, claim_types)
    absolute = (targets.strength == list(Strength).index(Strength.ABSOLUTE)).astype(np.float32)
    return fit_linear([example.reading for example in train], targets.flagged, absolute, targets.known, SEED)


def train_listing(documents: Sequence[ReadDocument]) -> ListingModel:
    """From the documents that are in scope: of the others nothing is flagged anyway."""
    inside = [read for read in documents if read.scope.in_scope]
    return fit_listing(
        [[sent.folded.text for sent in read.sentences] for read in inside], [_holds_flag(read) for read in inside], SEED
    )


def train_encoder(
    lessons: Sequence[Lesson], claim_types: Sequence[ClaimType], folder: Path, recipe: Recipe, report: Report
) -> None:
    """Train the encoder and write its two files: the int8 graph and the tokenizer."""
    from claimaudit.claims.training.bodies import encoder_body
    from claimaudit.claims.training.encoder import export, fit_encoder  # loads PyTorch

    body = encoder_body()
    network = fit_encoder(lessons, claim_types, body, recipe, report=report)
    export(network, body, folder / "encoder.onnx")
    shutil.copy(body / "tokenizer.json", folder / "tokenizer.json")


def calibrate(
    pack: Pack,
    documents: Sequence[ReadDocument],
    linear: LinearModel,
    listing: ListingModel,
    encoder: Encoder | None,
    *,
    with_gate: bool = True,
) -> tuple[float, dict[str, Combination]]:
    """The gate, and for each speed the weights of patterns and models and the cut, on documents of the calibration split.

    Without the gate, the encoder reads every sentence, as it does in snippets.
    """
    inside = [read for read in documents if read.scope.in_scope]  # elsewhere nothing is claimed, whatever a model says
    examples = [example for read in inside for example in read.examples]
    flagged = arrays(examples, pack.claim_types).flagged > 0
    finder = ClaimFinder(pack)
    heard = np.concatenate([_heard(read, finder, pack.claim_types) for read in inside])
    odds = {
        "linear": linear.scores([example.reading for example in examples]).flagged,
        "listing": np.concatenate([_listing_odds(read, listing, len(pack.claim_types)) for read in inside]),
    }
    combinations = {"fast": fit_combination(_flat(odds), heard.ravel(), flagged.ravel())}
    probable = combinations["fast"].probabilities(odds, heard).max(axis=1)
    gate = Gate(combinations["fast"], round(float(np.quantile(probable[flagged.any(axis=1)], 1 - GATE_RECALL)), 5))
    if encoder is not None:
        opened = gate.opens(odds, heard) if with_gate else np.ones(len(examples), bool)
        first, answers = 0, []
        for read in inside:
            wanted = np.flatnonzero(opened[first : first + len(read.examples)]).tolist()
            answers.append(encoder.flagged(read.passage, wanted))
            first += len(read.examples)
        odds["encoder"] = np.concatenate(answers)
        combinations["accurate"] = fit_combination(_flat(odds), heard.ravel(), flagged.ravel())
    return gate.least, combinations


def _heard(read: ReadDocument, finder: ClaimFinder, claim_types: Sequence[ClaimType]) -> np.ndarray:
    told = np.full((len(read.examples), len(claim_types)), -1)
    for (index, claim_type), claim in finder.hear(read.sentences, read.scope).items():
        told[index, claim_types.index(claim_type)] = pattern_feature(claim)
    return told


def _listing_odds(read: ReadDocument, listing: ListingModel, types: int) -> np.ndarray:
    return np.full((len(read.examples), types), listing.odds([sent.folded.text for sent in read.sentences]))


def _flat(odds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: values.ravel() for name, values in odds.items()}


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
