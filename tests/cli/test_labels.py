"""`claimaudit labels export` and `import`, from files to files."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from tests.cli.test_cli import run
from tests.conftest import TESTS

PLANTS = str(TESTS / "packs" / "houseplants")


def test_out_and_in(tmp_path: Path) -> None:
    (tmp_path / "goods.jsonl").write_text(
        '{"id": "fern", "text": "A fern 🪴 in a pot. It never wilts."}\n{"id": "palm", "text": "A palm."}\n', "utf-8"
    )
    out = ("--to", "label-studio", "-o", "tasks.json", "--config", "view.xml", "--offsets", "utf-16")
    done = run("labels", "export", "goods.jsonl", *out, "--pack", PLANTS, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert ElementTree.parse(tmp_path / "view.xml").getroot().tag == "View"
    tasks = json.loads((tmp_path / "tasks.json").read_text("utf-8"))
    for task in tasks:
        task["annotations"] = task.pop("predictions")
    (tmp_path / "back.json").write_text(json.dumps(tasks), "utf-8")
    back = ("--from", "label-studio", "-o", "gold.jsonl", "--author", "ann", "--pack", PLANTS)
    done = run("labels", "import", "back.json", *back, cwd=tmp_path)
    assert (done.returncode, done.stdout.decode()) == (0, "gold.jsonl: 2 documents, 1 label; 0 problems\n")
    assert run("evaluate", "gold.jsonl", "--pack", PLANTS, cwd=tmp_path).returncode == 0
    tasks[0]["annotations"][0]["result"][1]["value"]["text"] = "always wilts"
    (tmp_path / "back.json").write_text(json.dumps([*tasks, {"data": {}}]), "utf-8")
    done = run("labels", "import", "back.json", *back, cwd=tmp_path)
    assert (done.returncode, done.stdout.decode()) == (3, "gold.jsonl: 1 document, 0 labels, 1 not annotated; 1 problem\n")
    assert "claimaudit: left out: back.json: task 1: region 'c1' [23, 34) says 'always wilts'" in done.stderr.decode()


def test_prodigy_and_what_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "goods.jsonl").write_text('{"id": "fern", "text": "A fern. It never wilts."}\n{"id": "palm"}\n', "utf-8")
    out = ("--to", "prodigy", "-o", "tasks.jsonl", "--config", "labels.txt", "--pack", PLANTS)
    done = run("labels", "export", "goods.jsonl", *out, cwd=tmp_path)
    assert done.returncode == 3
    assert "goods.jsonl:2" in done.stderr.decode()
    assert "unkillable/contradicted\n" in (tmp_path / "labels.txt").read_text("utf-8")
    rows = [json.loads(line) for line in (tmp_path / "tasks.jsonl").read_text("utf-8").splitlines()]
    (tmp_path / "back.jsonl").write_text(json.dumps({**rows[0], "text": None}), "utf-8")
    back = ("--from", "prodigy", "-o", "gold.jsonl", "--author", "ann", "--pack", PLANTS)
    assert run("labels", "import", "back.jsonl", *back, cwd=tmp_path).returncode == 3
    done = run("labels", "import", "back.jsonl", *back, "--copy", "tasks.jsonl", cwd=tmp_path)
    assert (done.returncode, done.stdout.decode()) == (0, "gold.jsonl: 1 document, 1 label; 0 problems\n")
    for name in ("back.jsonl", "tasks.jsonl"):
        over = ("--from", "prodigy", "-o", name, "--author", "ann", "--copy", "tasks.jsonl", "--pack", PLANTS)
        done = run("labels", "import", "back.jsonl", *over, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, b"")
        assert f"{name}: is read or written already" in done.stderr.decode()
