"""From a pack's training corpus to a model folder: fit, calibrate, write. Run by `claimaudit train`, which measures it, too.

The models learn from the training split, the contrast pairs and the plain lines. Patterns and models are weighed, and the
cuts chosen, on the calibration split; figures are those of the test split, which nothing was fitted on
(but the overlap of the encoders' windows, the layers of the small one, by how much a cut may miss the best F1, and what the
model flags below or only above its cut, were set with its figures in sight).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from claimaudit.claims.artifact import CHEAP, ENCODERS, TOKENIZER, write_artifact
from claimaudit.claims.classify import ClaimFinder
from claimaudit.claims.combine import Combination, Gate, fit_combination, pattern_feature
from claimaudit.claims.corpus import Corpus, read_corpus
from claimaudit.claims.encoder import Encoder
from claimaudit.claims.linear import LinearModel, ListingModel, fit_linear, fit_listing
from claimaudit.claims.model import Speed, read_fitting
from claimaudit.claims.scope import ScopeReader
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
from claimaudit.claims.training.pretrained import pretrained_encoder
from claimaudit.claims.training.recipe import FURTHER, RECIPES
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


def build_model(
    pack: Pack, folder: Path, *, name: str, with_encoders: bool, start: Path | None = None, report: Report = print
) -> None:
    """Train the models of a pack and write them to a folder.

    Parameters
    ----------
    folder
        Made where it is missing; should hold no other model.
    name
        The model's name in signatures, `skin-1` say.
    with_encoders
        Train those of both speeds, too (needs the extra `train`). Without, the only speed is `fast`, with the linear models.
    start
        The folder of a model for the same claim types. Its encoders are taught further, in a quarter of the time, and not
        trained from the pre-trained weights.

    Raises
    ------
    PackError
        The pack has no training corpus, or one without a training and a calibration split.
    ModelError
        The weights that the encoders begin with are not installed, or `start` is not such a folder.
    """
    pretrained = pretrained_encoder() if with_encoders else None  # said before minutes of reading, if it is missing
    if start is not None:
        artifact = read_fitting(pack, start, Speed.ACCURATE)
        for speed in ENCODERS:
            artifact.encoder(speed)  # says if its file is damaged
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
    encoders: dict[str, Encoder] = {}
    if pretrained is not None:
        train_encoders(lessons, pack.claim_types, pretrained, folder, start, report)
        encoders = {speed: Encoder(folder / graph, folder / TOKENIZER) for speed, graph in ENCODERS.items()}
    linear = train_linear(train, pack.claim_types)
    listing = train_listing(documents)
    report(f"linear models: {linear.weights.shape[0]} features of sentences, {len(listing.vocabulary)} of listings")
    calibration = read_documents(corpus.split("calibration"), scope_reader)
    gate, combinations = calibrate(pack, calibration, linear, listing, encoders)
    pieces = read_documents(snippets(corpus.split("calibration"), SEED), scope_reader)
    _, for_snippets = calibrate(pack, pieces, linear, listing, encoders, with_gate=False)
    cuts = ", ".join(f"{way} {combination.cut}" for way, combination in combinations.items())
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


def train_encoders(
    lessons: Sequence[Lesson],
    claim_types: Sequence[ClaimType],
    pretrained: Path,
    folder: Path,
    start: Path | None,
    report: Report,
) -> None:
    """Train the encoder of each speed from a pre-trained one, or further from that of another model, and write their files.

    The files are int8 graphs and the tokenizer.
    """
    from claimaudit.claims.training.networks import BODIES, export  # loads PyTorch
    from claimaudit.claims.training.teaching import fit_network, load_layout

    layout = load_layout(pretrained)
    for speed, body in BODIES.items():
        report(f"encoder of {speed}")
        recipe, graph = (RECIPES[speed], None) if start is None else (FURTHER[speed], start / ENCODERS[speed])
        network = fit_network(lessons, claim_types, body, pretrained, layout, recipe, start=graph, report=report)
        export(network, layout, folder / ENCODERS[speed])
    shutil.copy(pretrained / TOKENIZER, folder / TOKENIZER)


def calibrate(
    pack: Pack,
    documents: Sequence[ReadDocument],
    linear: LinearModel,
    listing: ListingModel,
    encoders: Mapping[str, Encoder],
    *,
    with_gate: bool = True,
) -> tuple[float, dict[str, Combination]]:
    """The gate, and the weights and cuts without an encoder and with that of each speed, on the calibration split.

    Without the gate, an encoder reads every sentence, as it does in snippets.
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
    cheap = fit_combination(_flat(odds), heard.ravel(), flagged.ravel())
    combinations = {CHEAP: cheap, "fast": cheap}
    probable = cheap.probabilities(odds, heard).max(axis=1)
    gate = Gate(cheap, round(float(np.quantile(probable[flagged.any(axis=1)], 1 - GATE_RECALL)), 5))
    opened = gate.opens(odds, heard) if with_gate else np.ones(len(examples), bool)
    for speed, encoder in encoders.items():
        first, answers = 0, []
        for read in inside:
            wanted = np.flatnonzero(opened[first : first + len(read.examples)]).tolist()
            answers.append(encoder.flagged(read.passage, wanted))
            first += len(read.examples)
        heeded = {**odds, "encoder": np.concatenate(answers)}
        combinations[speed] = fit_combination(_flat(heeded), heard.ravel(), flagged.ravel())
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
