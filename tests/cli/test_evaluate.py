"""`claimaudit evaluate`: what it prints, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claimaudit import load_pack
from claimaudit.evaluation import read_gold
from tests.cli.test_cli import run
from tests.conftest import TESTS

PLANTS = TESTS / "packs" / "houseplants"
ROWS = (
    {
        "id": "fern",
        "text": "A fern for your desk. It never wilts. It scrubs the air.",
        "setting": "indoor",
        "sentences": [[0, 21], [22, 37], [38, 56]],
        "labels": [
            {"sentence": 1, "type": "unkillable", "verdict": "contradicted"},
            {"sentence": 2, "type": "air_cleaning", "verdict": "overstated"},
        ],
    },
    {
        "id": "palm",
        "text": "A palm in a pot. It purifies the air.",
        "setting": "unknown",
        "sentences": [[0, 16], [17, 37]],
        "labels": [{"sentence": 1, "type": "air_cleaning", "verdict": "consistent"}],
    },
)
TABLE = """\
gold.jsonl: 2 documents (1 without a flag), 5 sentences; model: patterns

                                precision        recall           F1                gold found   hit
flagged                         0.500 0.00–1.00  0.500 0.50–0.50  0.500 0.00–0.67      2     2     1
core (1 type)                   1.000 1.00–1.00  1.000 1.00–1.00  1.000 1.00–1.00      1     1     1
contradicted (strict)           1.000 1.00–1.00  1.000 1.00–1.00  1.000 1.00–1.00      1     1     1
outside the review band         0.500 0.00–1.00  0.500 0.50–0.50  0.500 0.00–0.67      2     2     1

claim type                      precision        recall           F1                gold found   hit
air_cleaning                    0.000 0.00–0.00  0.000 0.00–0.00  0.000 0.00–0.00      1     1     0
unkillable                      1.000 1.00–1.00  1.000 1.00–1.00  1.000 1.00–1.00      1     1     1

setting                         precision        recall           F1                gold found   hit
indoor                          1.000            0.500            0.667                2     1     1
unknown                         0.000            0.000            0.000                0     1     0

macro F1 (5 or more in gold)    –
false flags per 100 clean       100.0 100.0–100.0
sentences for review            0.000 0.00–0.00  (0 items)
verdict accuracy on hits        1.000 1.00–1.00

verdicts on hits                 found contradicted    found overstated
gold contradicted                                 1                   0
gold overstated                                   0                   0

calibration above 0.2           predicted  observed  count
0.8–0.9                             0.900     0.500      2
expected calibration error      0.400
Without a model a claim's confidence is how sure its pattern is, not a calibrated probability.

false flags: 1
  palm#1  air_cleaning, overstated  0.90
    “It purifies the air.”
    flagged for “purifies the air”; gold: consistent

misses: 1
  fern#2  air_cleaning, overstated  –
    “It scrubs the air.”
    no claim was seen

SIGNATURE
"""


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    return path


def plants(*arguments: str) -> tuple[int, str, str]:
    done = run("evaluate", *arguments, "--pack", str(PLANTS), "--speed", "patterns")
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_the_table(gold: Path) -> None:
    status, out, err = plants(str(gold), "--by", "setting", "--core", "unkillable")
    pack = load_pack(PLANTS)
    signature = out.splitlines()[-1]
    assert signature.startswith("claimaudit:")
    assert f"|gold:gold.jsonl+{read_gold(gold, pack).hash[:12]}|gold-setting:auto|" in signature
    assert pack.hash[:12] in signature
    assert (status, out.replace(signature, "SIGNATURE"), err) == (0, TABLE, "")


def test_json_holds_the_same(gold: Path) -> None:
    status, out, _ = plants(str(gold), "--format", "json", "--by", "setting", "--with-setting", "--errors", "0")
    found = json.loads(out)
    assert status == 0
    assert {name: found["overall"][name] for name in ("documents", "gold", "found", "hit")} == {
        "documents": 2, "gold": 2, "found": 2, "hit": 1,
    }  # fmt: skip
    assert list(found["by"]["setting"]) == ["indoor", "unknown"]
    assert found["core"] is None
    assert found["false_flags"] == found["misses"] == []
    assert "|gold-setting:given|" in found["signature"]
    assert plants(str(gold), "--format", "json")[1] == plants(str(gold), "--format", "json")[1]


def test_files_are_written_whole_or_not_at_all(gold: Path, tmp_path: Path) -> None:
    page, scores = tmp_path / "page.html", tmp_path / "scores.json"
    status, out, _ = plants(str(gold), "--html", str(page), "-o", str(scores), "--format", "json")
    assert (status, out) == (0, "")
    assert json.loads(scores.read_text("utf-8"))["gold"] == "gold.jsonl"
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert page.read_text("utf-8").endswith("</html>\n")
    status, out, err = plants(str(gold), "--html", str(tmp_path / "no" / "page.html"))
    assert (status, out) == (2, "")
    assert "there is no folder" in err
    status, _, err = plants(str(gold), "--html", str(page), "-o", str(page))
    assert (status, "Give each file its own name" in err) == (2, True)
    before = gold.read_bytes()
    status, _, err = plants(str(gold), "-o", str(gold))
    assert (status, "Give each file its own name" in err) == (2, True)
    assert gold.read_bytes() == before
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


def test_bad_input_is_one_line_and_status_2(gold: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"id": "a"}\n', "utf-8")
    for arguments, message in (
        ((), "give either GOLD, a file of labelled documents, or --split"),
        ((str(gold), "--split", "test"), "not both"),
        ((str(bad),), "bad.jsonl:1: 'text': Field required"),
        ((str(tmp_path / "none.jsonl"),), "cannot be read"),
        ((str(gold), "--by", "colour"), "no document has the field 'colour'"),
        ((str(gold), "--core", "immortal"), "there is no claim type 'immortal'"),
        ((str(gold), "--model", str(tmp_path)), "the speed 'patterns' uses no model"),
        (("--split", "test"), "the pack has no training corpus"),
    ):
        status, out, err = plants(*arguments)
        assert (status, out, err.count("\n")) == (2, "", 1), err
        assert message in err
    assert run("evaluate", "--split", "dev").returncode == 2


def test_a_split_of_the_corpus(tmp_path: Path) -> None:
    done = run("evaluate", "--split", "held-out", "--speed", "patterns", "--format", "json", "--by", "product_class")
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert found["gold"] == "skin/held-out"
    assert found["overall"]["gold"] > 0
    assert sum(score["documents"] for score in found["by"]["product_class"].values()) == found["documents"]
