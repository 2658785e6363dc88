"""The training corpus: its loader's errors, what it counts, and the shipped corpus itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from claimaudit import Pack, PackError, load_pack
from claimaudit.claims.corpus import agreement, read_corpus, repeated_runs, stats
from tests.conftest import TESTS

PLANTS = TESTS / "packs" / "houseplants"
TEXT = "A fern for you.\nIt never wilts. It is not unkillable."
LABEL = {"sentence": 1, "type": "unkillable", "verdict": "contradicted", "strength": "absolute", "assertion": "asserted"}


def document(**changes: Any) -> dict[str, Any]:
    return {
        "id": "d1", "author": "ann", "setting": "indoor", "product_class": "fern", "kind": "shop page", "text": TEXT,
        "sentences": [[0, 15], [16, 31], [32, 53]], "labels": [{**LABEL, "start": 19, "end": 31}], **changes,
    }  # fmt: skip


def side(**changes: Any) -> dict[str, Any]:
    base = {
        "setting": "indoor",
        "context": "",
        "sentence": "It never dies.",
        "verdict": "contradicted",
        "strength": "absolute",
    }
    return {**base, "assertion": "asserted", **changes}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "corpora" / "houseplants"
    shutil.copytree(PLANTS, root)
    (root / "training" / "documents").mkdir(parents=True)
    (root / "training" / "splits.yaml").write_text("authors: {ann: train, ben: test}\nheld_out: [palm]\n", "utf-8")
    return root


def write(folder: Path, name: str, *rows: Any) -> Pack:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / "training" / name).write_text("\n".join(lines) + "\n", "utf-8")
    return load_pack(folder)


def test_a_corpus_is_read_and_counted(folder: Path) -> None:
    write(folder, "pairs.jsonl", {"id": "p1", "change": "ask", "type": "unkillable", "product": "fern", "base": side(),
          "changed": side(sentence="Does it never die?", verdict=None, assertion="asked")})  # fmt: skip
    label = {**LABEL, "start": 19, "end": 31}
    write(folder, "second-readings.jsonl", {"document": "d1", "first": [label], "second": []})
    second = document(id="d2", author="ben", labels=[])
    corpus = read_corpus(write(folder, "documents/ann.jsonl", document(), second, document(id="d3", product_class="palm")))
    counted = stats(corpus)
    assert counted["documents"] == 3
    assert counted["sentences"] == 9
    assert counted["clean_documents"] == 1
    assert counted["by_split"] == {"train": 1, "calibration": 0, "test": 1, "held-out": 1}
    assert counted["flagged_by_type"] == {"unkillable": 2}
    assert counted["pairs_by_change"] == {"ask": 1}
    assert agreement(corpus) == {"all": 0.0, "unkillable": 0.0}
    assert repeated_runs(corpus.documents)[0][1] == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"author": "eve"}, r"training/documents/ann.jsonl:1: author 'eve' is in no split"),
        ({"setting": "moon"}, "setting 'moon' is none of the pack's"),
        ({"sentences": [[0, 15], [10, 31], [32, 53]]}, "sentence 1 .10, 31. is empty, overlaps"),
        ({"sentences": [[0, 15], [32, 53]]}, "text before sentence 1 belongs to none"),
        ({"sentences": [[0, 15], [16, 31]]}, "text after the last sentence belongs to none"),
        ({"labels": [{**LABEL, "type": "immortal", "start": 19, "end": 31}]}, "no such claim type"),
        ({"labels": [{**LABEL, "sentence": 9, "start": 19, "end": 31}]}, "the document has 3 sentences"),
        ({"labels": [{**LABEL, "start": 2, "end": 31}]}, "is not inside the sentence"),
        ({"labels": [{**LABEL, "start": 19, "end": 31}] * 2}, "the label stands twice"),
        ({"labels": [{**LABEL, "start": 19, "end": 31, "assertion": "asked"}]}, "a claim that is asked has a verdict"),
        ({"labels": [{**LABEL, "start": 19, "end": 31, "verdict": None}]}, "a claim that is asserted has no verdict"),
        ({"labels": [{**LABEL, "start": 19, "end": 31, "assertion": "denied"}]}, "what is denied is consistent"),
        ({"colour": "green"}, "'colour': Extra inputs"),
        ({"text": ""}, "'text': String should have at least 1 character"),
    ],
)
def test_errors_name_file_and_line(folder: Path, changes: dict[str, Any], message: str) -> None:
    pack = write(folder, "documents/ann.jsonl", document(**changes))
    with pytest.raises(PackError, match=message):
        read_corpus(pack)


def test_rows_that_are_no_json_or_stand_twice(folder: Path) -> None:
    with pytest.raises(PackError, match=r"ann.jsonl:2: not JSON"):
        read_corpus(write(folder, "documents/ann.jsonl", document(), "{oops"))
    with pytest.raises(PackError, match=r"ann.jsonl:2: not JSON"):
        read_corpus(write(folder, "documents/ann.jsonl", document(), "[" * 100_000))
    pack = write(folder, "documents/ann.jsonl", document())
    with (folder / "training" / "documents" / "ann.jsonl").open("ab") as out:
        out.write(b'{"id": "\xff"}\n')
    with pytest.raises(PackError, match=r"ann.jsonl:2: not JSON .*can't decode byte 0xff"):
        read_corpus(pack)
    with pytest.raises(PackError, match=r"ann.jsonl:2: document 'd1' stands twice"):
        read_corpus(write(folder, "documents/ann.jsonl", document(), document()))


def test_a_pair_must_change_its_label(folder: Path) -> None:
    pack = write(
        folder,
        "pairs.jsonl",
        {"id": "p", "change": "ask", "type": "unkillable", "product": "x", "base": side(), "changed": side()},
    )
    with pytest.raises(PackError, match=r"pairs.jsonl:1: both sides have the same label"):
        read_corpus(pack)


LINE = {
    "id": "l1", "setting": "indoor", "context": "Is it hardy?", "sentence": "It never dies.",
    "labels": [{"type": "unkillable", "verdict": "contradicted", "strength": "absolute", "assertion": "asserted"}],
}  # fmt: skip


def test_lines_are_read_and_counted(folder: Path) -> None:
    write(folder, "documents/ann.jsonl", document())
    counted = stats(read_corpus(write(folder, "lines.jsonl", LINE, {**LINE, "id": "l2", "labels": []})))
    assert (counted["lines"], counted["flagged_lines"]) == (2, 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"setting": "moon"}, r"lines.jsonl:1: setting 'moon' is none of the pack's"),
        ({"labels": [{**LINE["labels"][0], "type": "immortal"}]}, r"lines.jsonl:1: no claim type 'immortal'"),  # type: ignore[index]
        ({"labels": LINE["labels"] * 2}, "unkillable: the label stands twice"),  # type: ignore[operator]
        ({"labels": [{**LINE["labels"][0], "assertion": "asked"}]}, "a claim that is asked has a verdict"),  # type: ignore[index]
        ({"sentence": ""}, "'sentence': String should have at least 1 character"),
    ],
)
def test_errors_of_lines_name_file_and_line(folder: Path, changes: dict[str, Any], message: str) -> None:
    pack = write(folder, "lines.jsonl", {**LINE, **changes})
    with pytest.raises(PackError, match=message):
        read_corpus(pack)


def test_a_pack_without_corpus_is_named() -> None:
    with pytest.raises(PackError, match="the pack has no training corpus"):
        read_corpus(load_pack(PLANTS))


def test_the_shipped_corpus_is_valid_and_as_large_as_its_datasheet_says(pack: Pack) -> None:
    corpus = read_corpus(pack)
    counted = stats(corpus)
    assert counted["agreement"]["all"] >= 0.90
    assert all(counted["by_split"][name] for name in ("train", "calibration", "test", "held-out"))
    # 36 authors were asked for stock wording, as real pages have it.
    assert counted["repeated_runs"][0][1] <= 0.015 * counted["documents"], "one phrase stands in too many documents"
    assert counted["documents"] >= 1000
    assert counted["sentences"] >= 20_000
    assert counted["pairs"] >= 1500
    assert counted["second_readings"] >= counted["documents"] // 5
    assert len(corpus.clean) >= 300
    classes = {document.product_class for document in corpus.documents} - set(corpus.splits.held_out)
    for name in ("train", "calibration", "test"):
        assert {document.product_class for document in corpus.split(name)} == classes
    trained = {document.product_class for document in corpus.split("train")}
    assert not trained & set(corpus.splits.held_out)
    datasheet = (pack.root / "training" / "README.md").read_text("utf-8")
    for name in ("documents", "sentences", "pairs", "second_readings"):
        assert f"{counted[name]:,}" in datasheet, name
