"""From a corpus to a model folder and back: a tiny model of another field is trained here, without encoders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Collection
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claimaudit import Auditor, AuditResult, Listing, ModelError, Pack, PackError, SettingsError, load_pack
from claimaudit.claims.artifact import ENCODERS, LINEAR_FILES, MANIFEST, TOKENIZER, Artifact, read_artifact
from claimaudit.claims.corpus import Document, read_corpus
from claimaudit.claims.encoder import Encoded
from claimaudit.claims.passages import Passage, passage_of
from claimaudit.claims.scope import ScopeReader
from claimaudit.claims.training import pretrained
from claimaudit.claims.training.build import build_model, calibrate, examples_of
from claimaudit.claims.training.examples import (
    arrays,
    document_lessons,
    line_lessons,
    pair_lessons,
    read_documents,
    snippets,
)
from claimaudit.text.sentences import split_sentences
from claimaudit.training import METRICS, train
from claimaudit.types import Assertion
from tests.conftest import TESTS

PLANTS = TESTS / "packs" / "houseplants"
CLAIMS = [
    "It will outlive your grandchildren.",
    "You could not kill it with a hammer.",
    "Immortal, our gardener says.",
    "Death has no place in this pot.",
]
PLAIN = ["The pot is white.", "Water it on Sundays.", "It came from Ghent.", "The leaves are long.", "We ship on Monday."]
NAMES = ["fern", "palm", "leaf plant"]
MOODY = {"weights": {"mood": 1.0}, "bias": 0.0, "cut": 0.5}


def document(number: int, author: str, name: str, claim: str | None, plain: str) -> dict[str, Any]:
    sentences = [f"A {name} for your living room.", plain, *([claim] if claim else [])]
    text = "\n".join(sentences)
    spans = [[text.index(sentence), text.index(sentence) + len(sentence)] for sentence in sentences]
    label = {"sentence": 2, "type": "unkillable", "verdict": "contradicted", "strength": "absolute", "assertion": "asserted"}
    labels = [{**label, "start": spans[2][0], "end": spans[2][1] - 1}] if claim else []
    return {
        "id": f"{author}-{number}", "author": author, "setting": "indoor", "product_class": "fern", "kind": "shop page",
        "text": text, "sentences": spans, "labels": labels,
    }  # fmt: skip


@pytest.fixture(scope="module")
def plants(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    root = tmp_path_factory.mktemp("plants") / "corpora" / "houseplants"
    shutil.copytree(PLANTS, root)
    (root / "training" / "documents").mkdir(parents=True)
    (root / "training" / "splits.yaml").write_text("authors: {ann: train, ben: calibration}\nheld_out: []\n", "utf-8")
    for author in ("ann", "ben"):
        cases = product(NAMES, [*CLAIMS, None, None], PLAIN)
        rows = [json.dumps(document(number, author, *case)) for number, case in enumerate(cases)]
        (root / "training" / "documents" / f"{author}.jsonl").write_text("\n".join(rows) + "\n", "utf-8")
    return load_pack(root)


@pytest.fixture(scope="module")
def folder(plants: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "plants-1"
    build_model(plants, folder, name="plants-1", with_encoders=False, report=lambda line: None)
    return folder


@pytest.fixture
def copied(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copied"))


LISTING = "A fern for your living room.\nThe pot is white.\nYou could not kill it with a hammer."


def test_a_model_flags_what_no_pattern_knows(plants: Pack, folder: Path) -> None:
    assert Auditor(plants, speed="patterns").audit(LISTING).findings == ()
    result = Auditor(plants, model=folder, speed="fast").audit(LISTING)
    (finding,) = result.flagged
    assert (finding.claim.type, finding.verdict) == ("unkillable", "contradicted")
    assert finding.claim.sentence.text == "You could not kill it with a hammer."
    assert 0.5 < finding.claim.confidence <= 1
    assert finding.limitations
    step = next(step for step in finding.why if step.kind == "model")
    assert "strongest words: " in step.detail
    assert "nearest training sentence: you could not kill it with a hammer." in step.detail
    assert result.signature.model.startswith("plants-1/fast+")


def test_a_corpus_without_splits_to_measure_on_is_trained_and_not_measured(plants: Pack, tmp_path: Path) -> None:
    metrics = train(plants, tmp_path / "plants-1", name="plants-1", report=lambda line: None)
    assert metrics["scores"] == {}
    assert Auditor(plants, model=tmp_path / "plants-1", speed="fast").audit(LISTING).flagged


def test_what_the_patterns_hear_is_weighed_not_lost(plants: Pack, folder: Path) -> None:
    auditor = Auditor(plants, model=folder, speed="fast")
    result = auditor.audit("A fern for your living room.\nIs it unkillable?\nIt is not unkillable.")
    assert result.flagged == ()
    assert {finding.claim.assertion for finding in result.findings} == {"denied"}
    assert {near_miss.claim.assertion for near_miss in result.near_misses} == {"asked"}


def test_short_copy_and_pages_are_weighed_apart(plants: Pack, copied: Path) -> None:
    manifest = json.loads((copied / "model.json").read_text("utf-8"))
    manifest["snippets"]["fast"] = {"weights": {}, "bias": -2.0, "cut": 0.5}
    manifest["combinations"]["fast"] = {"weights": {}, "bias": 2.0, "cut": 0.5}
    (copied / "model.json").write_text(json.dumps(manifest), "utf-8")
    auditor = Auditor(plants, model=copied, speed="fast")
    copy = "A fern for your living room.\nIt never wilts."
    page = copy + "\nThe pot is made of clay and has a saucer." * 20
    probabilities = []
    for text in (copy, page):
        result = auditor.audit(text)
        claims = [
            item.claim for item in (*result.findings, *result.near_misses) if "never wilts" in item.claim.sentence.text
        ]
        probabilities.append(round(claims[0].confidence, 2))
    assert probabilities == [0.12, 0.88]


def test_snippets_need_nothing_from_outside(plants: Pack) -> None:
    documents = read_corpus(plants).split("calibration")
    pieces = snippets(documents, 0)
    assert pieces == snippets(documents, 0)
    texts = {document.id: document.text for document in documents}
    for piece in pieces:
        assert piece.text in texts[piece.id.rpartition("-")[0]]
        assert 1 <= len(piece.sentences) <= 3
        for label in piece.labels:
            start, end = piece.sentences[label.sentence]
            assert start <= label.start < label.end <= end
    assert sum(len(piece.labels) for piece in pieces) > 0


def test_a_promise_that_the_model_does_not_believe_is_a_near_miss(plants: Pack, copied: Path) -> None:
    manifest = json.loads((copied / "model.json").read_text("utf-8"))
    manifest["snippets"]["fast"] = {"weights": {}, "bias": -2.0, "cut": 0.5}
    (copied / "model.json").write_text(json.dumps(manifest), "utf-8")
    result = Auditor(plants, model=copied, speed="fast").audit("A fern for your living room.\nIt never wilts.")
    assert result.findings == ()
    (near_miss,) = result.near_misses
    assert near_miss.reason == "held back: the probability of a flag is 0.12"
    assert not near_miss.review
    assert near_miss.claim.text == "never wilts"


class Listener:
    """An encoder that hears one assertion status in every line, and doubts every flag."""

    def __init__(self, assertion: str) -> None:
        self.assertion = assertion

    def read(self, passage: Passage, wanted: Collection[int]) -> dict[int, Encoded]:
        statuses = np.array([[float(status == self.assertion) for status in Assertion]] * 2)
        return {
            line: Encoded(
                present=np.full(2, 3.0),
                flagged=np.zeros(2),
                strength=np.full((2, 3), 1 / 3),
                assertion=statuses,
                words=np.zeros((1, 2)),
                offsets=((0, 2),),
            )
            for line in wanted
        }


@pytest.fixture
def heard_as(plants: Pack, copied: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, float], AuditResult]:
    """Audits a line as if an encoder heard one assertion status in it, with these log-odds of a flag."""

    def audit(line: str, assertion: str, odds: float) -> AuditResult:
        manifest = json.loads((copied / "model.json").read_text("utf-8"))
        manifest["snippets"]["fast"] = {"weights": {}, "bias": odds, "cut": 0.5}
        (copied / "model.json").write_text(json.dumps(manifest), "utf-8")
        monkeypatch.setattr(Artifact, "encoder", lambda artifact, speed: Listener(assertion))
        return Auditor(plants, model=copied, speed="fast").audit(f"A fern for your living room.\n{line}")

    return audit


@pytest.mark.parametrize(("assertion", "odds", "flags"), [("asserted", -0.8, 1), ("denied", -0.8, 0), ("asserted", -2.0, 0)])
def test_plain_words_that_the_encoder_hears_asserted_are_flagged_in_doubt(
    heard_as: Callable[[str, str, float], AuditResult], assertion: str, odds: float, flags: int
) -> None:
    result = heard_as("It never wilts.", assertion, odds)
    assert [finding.claim.text for finding in result.flagged] == ["never wilts"] * flags
    assert all(finding.review for finding in result.flagged)


@pytest.mark.parametrize(("assertion", "odds", "flags"), [("denied", 0.8, 0), ("denied", 1.4, 1), ("asserted", 0.8, 1)])
def test_what_cues_and_encoder_hear_denied_is_flagged_only_beyond_doubt(
    heard_as: Callable[[str, str, float], AuditResult], assertion: str, odds: float, flags: int
) -> None:
    result = heard_as("It is not unkillable.", assertion, odds)
    denied = [
        finding for finding in result.flagged if finding.claim.type == "unkillable" and finding.claim.sentence.index == 1
    ]
    assert len(denied) == flags


class Oracle:
    """An encoder that knows which lines are flagged."""

    def flagged(self, passage: Passage, wanted: Collection[int]) -> np.ndarray:
        odds = np.full((len(passage.lines), 2), -5.0)
        for line in wanted:
            if passage.lines[line].text in {claim.lower() for claim in CLAIMS}:
                odds[line, 0] = 5.0
        return odds


def test_an_encoder_is_weighed_beside_the_linear_models(plants: Pack, folder: Path) -> None:
    artifact = read_artifact(folder)
    documents = read_documents(read_corpus(plants).split("calibration"), ScopeReader(plants))
    _, alone = calibrate(plants, documents, artifact.linear(), artifact.listing(), {})
    assert alone["fast"] == alone["cheap"]
    _, beside = calibrate(plants, documents, artifact.linear(), artifact.listing(), {"fast": Oracle()})
    assert set(beside) == {"cheap", "fast"}
    assert beside["cheap"] == alone["cheap"]
    assert "encoder" not in beside["cheap"].weights
    assert beside["fast"].weights["encoder"] > 0
    assert beside["fast"].weights["linear"] < alone["fast"].weights["linear"]


def test_a_model_without_encoders_leaves_none_of_an_earlier_one(plants: Pack, tmp_path: Path) -> None:
    output = tmp_path / "plants-1"
    output.mkdir()
    for name in (TOKENIZER, *ENCODERS.values()):
        (output / name).write_bytes(b"of an earlier model")
    train(plants, output, name="plants-1", report=lambda line: None)
    assert {path.name for path in output.iterdir()} == {MANIFEST, METRICS, *LINEAR_FILES}
    assert list(tmp_path.iterdir()) == [output]


def test_a_training_that_is_broken_off_leaves_the_earlier_model(
    plants: Pack, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    before = {path.name: path.read_bytes() for path in copied.iterdir()}
    monkeypatch.setattr("claimaudit.training.measure", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(plants, copied, name="plants-2", report=lambda line: None)
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == before
    assert list(copied.parent.glob(".*")) == []


def test_the_same_corpus_gives_the_same_model(plants: Pack, folder: Path, tmp_path: Path) -> None:
    build_model(plants, tmp_path / "again", name="plants-1", with_encoders=False, report=lambda line: None)
    first, second = read_artifact(folder), read_artifact(tmp_path / "again")
    assert first.combinations == second.combinations
    np.testing.assert_array_equal(first.linear().weights, second.linear().weights)


@pytest.mark.parametrize("name", ["linear.json", "linear.npz", "listing.json", "listing.npz", "exemplars.json"])
def test_a_changed_file_is_refused(copied: Path, plants: Pack, name: str) -> None:
    data = (copied / name).read_bytes()
    for wrong in (data[: len(data) // 2], data[:-5] + b"12345"):
        (copied / name).write_bytes(wrong)
        with pytest.raises(ModelError, match=rf"copied/{name}: truncated or changed"):
            Auditor(plants, model=copied, speed="fast")
    (copied / name).unlink()
    with pytest.raises(ModelError, match=rf"copied/{name}: the file is missing"):
        Auditor(plants, model=copied, speed="fast")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "format 2; this version reads format 3"),
        ({"files": {}}, "the hash of 'linear.json' is missing"),
        ({"claim_types": ["unkillable"]}, "not those of pack 'houseplants'"),
        ({"surprise": 1}, "'surprise': Extra inputs are not permitted"),
        ({"combinations": dict.fromkeys(("cheap", "fast"), MOODY)}, "unknown or impossible weights"),
    ],
)
def test_a_wrong_manifest_is_refused(copied: Path, plants: Pack, changes: dict[str, Any], message: str) -> None:
    manifest = json.loads((copied / "model.json").read_text("utf-8"))
    (copied / "model.json").write_text(json.dumps({**manifest, **changes}), "utf-8")
    with pytest.raises(ModelError, match=message):
        Auditor(plants, model=copied, speed="fast")


def test_speeds_that_a_model_lacks_are_named(plants: Pack, folder: Path) -> None:
    with pytest.raises(ModelError, match="no speed 'accurate'"):
        Auditor(plants, model=folder, speed="accurate")
    with pytest.raises(ModelError, match="no model ships for pack 'houseplants'"):
        Auditor(plants, speed="fast")
    with pytest.raises(SettingsError, match="speed must be one of"):
        Auditor(plants, speed="slow")
    with pytest.raises(SettingsError, match="uses no model"):
        Auditor(plants, model=folder, speed="patterns")


def test_a_pack_without_a_model_is_audited_by_its_patterns(plants: Pack) -> None:
    assert Auditor(plants).signature.model == "patterns"


def test_a_corpus_without_a_calibration_split_is_refused(tmp_path: Path, plants: Pack) -> None:
    root = Path(shutil.copytree(plants.root, tmp_path / "corpora" / "houseplants"))
    (root / "training" / "splits.yaml").write_text("authors: {ann: train, ben: test}\nheld_out: []\n", "utf-8")
    with pytest.raises(PackError, match="no document is in the split 'calibration'"):
        build_model(load_pack(root), tmp_path / "model", name="x", with_encoders=False, report=lambda line: None)


def test_encoders_without_their_weights_are_refused_at_once(
    plants: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pretrained, "PACKAGE", "no_such_package")
    said: list[str] = []
    with pytest.raises(ModelError, match=r"pip install 'claimaudit\[train\]'"):
        build_model(plants, tmp_path / "model", name="x", with_encoders=True, report=said.append)
    assert said == []


def test_what_has_no_encoders_cannot_be_taught_further(plants: Pack, folder: Path, tmp_path: Path) -> None:
    for start, why in ((folder, "has no speed 'accurate'"), (tmp_path / "none", "none/model.json: cannot be read")):
        with pytest.raises(ModelError, match=why):
            build_model(plants, tmp_path / "model", name="x", with_encoders=False, start=start)


def test_labels_reach_the_sentences_of_the_splitter(pack: Pack) -> None:
    """On the shipped corpus: every label finds its sentence, and its words are the reader's."""
    corpus = read_corpus(pack)
    documents = read_documents(corpus.split("train"), ScopeReader(pack))
    wanted = sum(len(document.labels) for document in corpus.split("train"))
    found = [target for read in documents for example in read.examples for target in example.targets.values()]
    assert len(found) >= 0.98 * wanted  # two labels of one type may meet in one sentence of ours
    assert all(target.words is not None for target in found)


def test_pairs_tell_of_their_own_types_alone(pack: Pack) -> None:
    examples = examples_of(pair_lessons(read_corpus(pack).pairs, ScopeReader(pack)))
    targets = arrays(examples, pack.claim_types)
    assert targets.known.sum() < 1.2 * len(examples)
    assert (targets.present <= targets.known).all()
    assert (targets.flagged <= targets.present).all()


def test_lines_are_read_with_their_product_and_the_line_before(pack: Pack) -> None:
    corpus = read_corpus(pack)
    lessons = line_lessons(corpus.lines, ScopeReader(pack))
    examples = examples_of(lessons)
    targets = arrays(examples, pack.claim_types)
    assert targets.known.all()
    assert 0.3 * len(examples) < targets.flagged.any(axis=1).sum() < 0.7 * len(examples)
    assert (targets.flagged.sum(axis=0) > 0).all()
    for line, lesson, example in zip(corpus.lines, lessons, examples, strict=True):
        assert example.reading.context.startswith(line.setting)
        assert len(example.targets) == len(line.labels)
        assert lesson.passage.about.split()[0] == line.setting
        assert lesson.passage.lines[-1].text == example.reading.text
        assert lesson.examples == (*[None] * bool(line.context), example)


COPY = """A fern for the bath.

It came from Ghent. The pot is white.

It never dies if:
- you water it
- it stands in the light

Can it die?
No.
Never."""


def test_a_break_parts_no_answer_from_its_question_nor_an_item_from_its_lead_in(plants: Pack) -> None:
    spans = [(sent.span.start, sent.span.end) for sent in split_sentences(Listing("fern", COPY))]
    rows = [
        document(1, "anna", "fern", None, PLAIN[0]) | {"text": COPY, "sentences": spans},
        document(2, "anna", "palm", CLAIMS[0], PLAIN[1]),
    ]
    reader = ScopeReader(plants)
    lesson, other = document_lessons(read_documents([Document(**row) for row in rows], reader), reader, 0)
    lines = [line.text for line in lesson.passage.lines]
    starts = ["it came from ghent.", "the pot is white.", "it never dies if:", "can it die?"]
    assert [lines[place] for place in lesson.breaks[:-1]] == starts
    assert lesson.breaks[-1] == len(lines)
    visited = lesson.with_guest(other.pieces[-1], lesson.breaks[1])
    told = [example.reading.text for example in visited.examples if example is not None]
    guests = [line.text for line in other.pieces[-1].passage.lines]
    place = lesson.breaks[1]
    assert told == [line.text for line in visited.passage.lines] == [*lines[:place], *guests, *lines[place:]]


def test_a_lesson_is_the_document_as_an_audit_reads_it_and_its_pieces(plants: Pack) -> None:
    reader = ScopeReader(plants)
    documents = read_documents(read_corpus(plants).split("train"), reader)
    lessons = document_lessons(documents, reader, 0)
    for read, lesson in zip(documents, lessons, strict=True):
        sentences = split_sentences(Listing("again", read.document.text))
        assert lesson.passage == passage_of(sentences, reader.read(sentences))
        assert lesson.examples == read.examples
        assert lesson.pieces
        texts = [line.text for piece in lesson.pieces for line in piece.passage.lines]
        assert texts == [line.text for line in lesson.passage.lines]
        labels = [example.targets for piece in lesson.pieces for example in piece.examples if example is not None]
        assert labels == [example.targets for example in read.examples]
