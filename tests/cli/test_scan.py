"""`claimaudit scan` as a batch job, by what it prints, writes and exits with."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pyarrow.parquet as pq
import pytest
import typer

from claimaudit.cli import _batch
from tests.cli.test_cli import PEN, run


@pytest.fixture
def goods(tmp_path: Path) -> Path:
    path = tmp_path / "goods.csv"
    path.write_text(f'sku;title;copy;seller\nx1;Pico pen, USB;"{PEN}";me\nx2;Garden hose;20 m;you\n', "utf-8")
    return path


COPY = ("--text", "title,copy", "--id-column", "sku", "--speed", "patterns")
FIELDS = (*COPY, "--keep", "seller")


def test_a_batch_and_a_stream_give_the_same_bytes(goods: Path, tmp_path: Path) -> None:
    for name in ("out.jsonl", "out.csv"):
        done = run("scan", str(goods), *FIELDS, "-o", str(tmp_path / name))
        assert done.returncode == 1
        assert done.stdout == b""
        assert (tmp_path / name).read_bytes() == run("scan", str(goods), *FIELDS, "--format", name[4:]).stdout
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert {record["seller"] for record in records} == {"me"}
    for record in records:
        assert {"title": "Pico pen, USB", "copy": PEN}[record["field"]][record["start"] : record["end"]] == record["text"]


def test_the_closing_summary(goods: Path, tmp_path: Path) -> None:
    done = run("scan", str(goods), *FIELDS, "-o", str(tmp_path / "out.parquet"), "--listings", str(tmp_path / "queue.csv"))
    said = [line for line in done.stderr.decode().splitlines() if not line.startswith("claimaudit: ")]  # logged if slow
    assert said[0].startswith("2 listings, ")
    assert said[1].split() == ["contradicted", "overstated", "consistent"]
    assert any(line.split() == ["painless", "1", "0", "0"] for line in said)
    assert said[-1] == "written: " + ", ".join(
        str(tmp_path / name) for name in ("out.parquet", "queue.csv", "out.parquet.manifest.json")
    )
    with (tmp_path / "queue.csv").open(newline="") as lines:
        queue = list(csv.DictReader(lines))
    assert [(row["listing_id"], row["worst"]) for row in queue] == [("x1", "contradicted"), ("x2", "")]
    assert float(queue[0]["priority"]) > 200 > float(queue[1]["priority"])
    assert pq.read_table(tmp_path / "out.parquet").num_rows > 1
    assert run("scan", str(goods), *FIELDS, "-o", str(tmp_path / "out.csv"), "--quiet").stderr == b""


def test_repeat(goods: Path, tmp_path: Path) -> None:
    assert run("scan", str(goods), *FIELDS, "-o", str(tmp_path / "out.csv")).returncode == 1
    again = run("repeat", str(tmp_path / "out.csv.manifest.json"), "-o", str(tmp_path / "again.csv"))
    assert again.returncode == 1
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()
    goods.write_text(goods.read_text("utf-8") + "x3;Hose;30 m;me\n", "utf-8")
    changed = run("repeat", str(tmp_path / "out.csv.manifest.json"), "-o", str(tmp_path / "again.csv"))
    assert changed.returncode == 2
    assert "changed since the scan of" in changed.stderr.decode()


def test_rejects_are_said_and_make_the_run_incomplete(tmp_path: Path) -> None:
    path = tmp_path / "goods.jsonl"
    path.write_text(json.dumps({"id": "a", "text": PEN}) + "\n" + json.dumps({"id": "a", "text": PEN}) + "\n", "utf-8")
    output = tmp_path / "out.jsonl"
    done = run("scan", str(path), "--speed", "patterns", "-o", str(output), "--quiet")
    assert done.returncode == 3
    assert done.stderr.decode() == f"claimaudit: 1 row not read: see {output}.rejects.jsonl.\n"
    (reject,) = map(json.loads, Path(f"{output}.rejects.jsonl").read_text("utf-8").splitlines())
    assert reject == {
        "file": str(path),
        "row": 2,
        "column": "id",
        "reason": f"repeats the id 'a' of {path}:1",
        "mend": "Give each listing its own id.",
    }
    strict = run("scan", str(path), "--speed", "patterns", "-o", str(output), "--strict")
    assert strict.returncode == 2
    assert strict.stderr.decode() == (
        f"claimaudit: {path}:2: column 'id' repeats the id 'a' of {path}:1. Give each listing its own id.\n"
    )
    streamed = run("scan", str(path), "--speed", "patterns", "--rejects", str(tmp_path / "bad.jsonl"))
    assert streamed.returncode == 3
    assert json.loads((tmp_path / "bad.jsonl").read_text("utf-8")) == reject


def test_options_that_do_not_go_together(goods: Path, tmp_path: Path) -> None:
    for options in (("--listings", str(tmp_path / "q.csv")), ("--workers", "2"), ("--restart",)):
        done = run("scan", str(goods), *FIELDS, *options)
        assert done.returncode == 2
        assert f"{options[0]} needs an --output" in done.stderr.decode()
    for name, format_ in (("--keep", "xlsx"), ("--keep", "table"), ("--show", "json"), ("--show", "html")):
        done = run("scan", str(goods), name, "all", "--format", format_, "-o", str(tmp_path / "out"))
        assert done.returncode == 2
        assert f"{name} is for the formats" in done.stderr.decode()
        assert f", not for {format_}. Leave it out" in done.stderr.decode()
    assert run("scan", str(goods), *FIELDS, "--format", "parquet").returncode == 2
    assert run("scan", str(goods), *FIELDS, "--keep", "text", "-o", str(tmp_path / "o.csv")).returncode == 2


def test_what_is_read_is_not_written_over_and_places_are_looked_at_first(goods: Path, tmp_path: Path) -> None:
    known = tmp_path / "known.jsonl"
    known.write_text("not read yet", "utf-8")
    for options, message in (
        (("--baseline", str(known), "--rejects", str(known)), "known.jsonl: is read or written already"),
        (("--substantiation", str(known), "--write-baseline", str(known)), "known.jsonl: is read or written already"),
        (("--write-baseline", str(tmp_path / "no" / "b.jsonl")), "b.jsonl: there is no folder"),
        (("-o", str(tmp_path / "no" / "desk.xlsx")), "desk.xlsx: there is no folder"),
    ):
        done = run("scan", str(goods), *COPY, *options)
        assert (done.returncode, done.stdout) == (2, b"")
        assert message in done.stderr.decode()
    assert known.read_text("utf-8") == "not read yet"


@pytest.mark.parametrize(("restart", "mend"), [(False, "again: what"), (True, "again, without --restart: what")])
def test_how_to_go_on_is_said(restart: bool, mend: str, capsys: pytest.CaptureFixture[str]) -> None:
    def job(**_: object) -> NoReturn:
        raise KeyboardInterrupt

    with pytest.raises(typer.Exit):
        _batch(job, quiet=True, restart=restart)
    assert capsys.readouterr().err == f"claimaudit: interrupted. To go on, start the same command {mend} is done is kept.\n"


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="a folder that nobody may write to, not even root")
def test_a_place_that_cannot_be_written_is_said_at_once(goods: Path) -> None:
    done = run("scan", str(goods), *FIELDS, "-o", "/proc/out.csv")
    assert done.returncode == 2
    assert "claimaudit: /proc/out.csv.work: cannot be written: " in done.stderr.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_reader_who_leaves_early(goods: Path) -> None:
    command = [sys.executable, "-m", "claimaudit.cli", "scan", str(goods), *FIELDS, "--format", "jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode in (1, 2)


def test_the_format_is_told_by_the_output(goods: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    assert run("scan", str(goods), *COPY, "-o", str(page)).returncode == 1
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    table = tmp_path / "report.txt"
    assert run("scan", str(goods), *COPY, "-o", str(table)).returncode == 1
    assert "CONTRADICTED" in table.read_text("utf-8")
