from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from claimaudit._version import __version__
from claimaudit.types import RECORD_FIELDS
from tests.conftest import TESTS

PEN = "Pico pen for home use, USB charging. Removes freckles instantly. No pain!"
CALM = "Freckle cream, 50 ml. Spots fade slowly over months. Results vary."


def run(*arguments: str, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "claimaudit.cli", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, cwd=cwd, check=False, timeout=120)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pen.txt").write_text(PEN, "utf-8")
    (tmp_path / "calm.md").write_text(CALM, "utf-8")
    (tmp_path / "page.html").write_text(f"<h1>Pen</h1><p>{PEN}</p>", "utf-8")
    return tmp_path


def test_exit_statuses(folder: Path) -> None:
    assert run("scan", str(folder / "calm.md")).returncode == 0
    assert run("scan", str(folder / "pen.txt")).returncode == 1
    assert run("scan", str(folder / "pen.txt"), "--fail-on", "never").returncode == 0
    assert run("scan", str(folder / "missing.txt")).returncode == 2
    (folder / "broken.txt").write_bytes(PEN.encode() + b"\xff")
    assert run("scan", str(folder / "broken.txt")).returncode == 3


def test_errors_are_one_line(folder: Path) -> None:
    done = run("scan", str(folder / "missing.txt"))
    assert done.stdout == b""
    assert done.stderr.decode().count("\n") == 1
    assert "missing.txt: no such file or folder" in done.stderr.decode()
    assert run("scan", str(folder), "--setting", "spa").returncode == 2
    assert run("explain", "no_such").returncode == 2
    assert run("packs", "check", str(folder)).returncode == 2


def test_jsonl_holds_one_record_a_line(folder: Path) -> None:
    done = run("scan", str(folder / "pen.txt"), "--format", "jsonl")
    records = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert records
    assert all(tuple(record) == RECORD_FIELDS for record in records)
    flagged = run("scan", str(folder / "pen.txt"), "--format", "jsonl", "--show", "flagged").stdout.decode().splitlines()
    assert [json.loads(line) for line in flagged] == [r for r in records if r["verdict"] in ("contradicted", "overstated")]


def test_csv_neutralises_formulas(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('id,text\n=1+1,"=Spot pen, USB: removes freckles instantly"\n', "utf-8")
    done = run("scan", str(path), "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
    assert rows
    assert rows[0]["listing_id"] == "'=1+1"
    assert rows[0]["sentence"].startswith("'=")


def test_json_holds_whole_results(folder: Path) -> None:
    done = run("scan", str(folder), "--format", "json")
    results = json.loads(done.stdout)
    assert [Path(result["listing_id"]).name for result in results] == ["calm.md", "page.html", "pen.txt"]
    assert {"findings", "near_misses", "unchecked", "scope", "signature"} <= set(results[0])


def test_output_goes_to_a_file_whole_or_not_at_all(folder: Path) -> None:
    target = folder / "out.jsonl"
    done = run("scan", str(folder / "pen.txt"), "--format", "jsonl", "-o", str(target))
    assert done.stdout == b""
    assert target.read_bytes() == run("scan", str(folder / "pen.txt"), "--format", "jsonl").stdout
    assert run("scan", str(folder / "pen.txt"), "-o", str(folder / "no" / "such" / "out.txt")).returncode == 2
    assert not [path for path in folder.iterdir() if path.name.endswith(".part")]


def test_standard_input(folder: Path) -> None:
    plain = run("scan", "-", "--format", "jsonl", stdin=PEN.encode())
    lines = run("scan", "-", "--format", "jsonl", stdin=json.dumps({"id": "a", "text": PEN}).encode())
    assert {json.loads(line)["claim_type"] for line in plain.stdout.splitlines()} == {
        json.loads(line)["claim_type"] for line in lines.stdout.splitlines()
    }
    assert json.loads(lines.stdout.splitlines()[0])["listing_id"] == "a"


def test_bad_rows_are_named_and_the_others_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = ['{"id": "a", "text": 5}', "not json", '["list"]', json.dumps({"id": "d", "text": PEN}), '{"id": "e"}']
    rows.append(json.dumps({"id": "f", "text": PEN, "setting": "spa"}))
    path.write_text("\n".join(rows), "utf-8")
    done = run("scan", str(path), "--format", "jsonl")
    assert done.returncode == 3
    assert {json.loads(line)["listing_id"] for line in done.stdout.splitlines()} == {"d"}
    said = done.stderr.decode()
    for part in (
        "rows.jsonl:1: column 'text' is int",
        ":2: not JSON",
        ":3: a JSON object",
        ":5: column 'text' is missing",
        "'spa'",
    ):
        assert part in said
    assert b"; 5 not read\n" in run("scan", str(path)).stdout


def test_a_table_without_its_text_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("sku,copy\n1,hello\n", "utf-8")
    done = run("scan", str(path))
    assert done.returncode == 2
    assert "no column 'text' (found: sku, copy). Name the right one with --text, several as" in done.stderr.decode()
    assert run("scan", str(path), "--text-column", "copy", "--id-column", "sku").returncode == 0


def test_the_setting_of_a_row_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f'id,text,setting\na,"{PEN}",clinic\n', "utf-8")
    done = run("scan", str(path), "--format", "jsonl")
    assert {json.loads(line)["setting"] for line in done.stdout.splitlines()} == {"clinic"}


def test_jurisdictions_limit_the_rules(folder: Path) -> None:
    done = run("scan", str(folder / "pen.txt"), "--format", "jsonl", "--jurisdiction", "uk,au")
    ids = {rule for line in done.stdout.splitlines() for rule in json.loads(line)["rule_ids"]}
    assert ids
    assert all(rule.startswith(("uk-", "au-")) for rule in ids)


def test_explain_and_sentences(folder: Path) -> None:
    explained = run("explain", "painless").stdout.decode()
    assert "absolute  contradicted" in explained
    assert "any-painless" in explained
    shown = run("sentences", str(folder / "pen.txt")).stdout.decode()
    assert "Removes freckles instantly." in shown
    (folder / "rows.jsonl").write_text(json.dumps({"id": "a", "text": PEN}) + '\n{"id": "b"}\n', "utf-8")
    done = run("sentences", str(folder / "rows.jsonl"))
    assert done.returncode == 3, "a row was not read"
    assert b"Removes freckles instantly." in done.stdout


def test_packs_check_passes_for_the_second_pack() -> None:
    done = run("packs", "check", str(TESTS / "packs" / "houseplants"), "--as-of", "2026-06-01")
    assert done.returncode == 0
    assert b"0 failing" in done.stdout
    assert b"due for review" in run("packs", "check", str(TESTS / "packs" / "houseplants"), "--as-of", "2028-01-01").stderr


def test_packs_check_prints_nothing_that_steers_the_terminal(tmp_path: Path) -> None:
    root = Path(shutil.copytree(TESTS / "packs" / "houseplants", tmp_path / "houseplants"))
    told = (root / "pack.yaml").read_text("utf-8")
    (root / "pack.yaml").write_text(told.replace("version: '1'", r'version: "1\e[2J"'), "utf-8")
    done = run("packs", "check", str(root), "--as-of", "2026-06-01")
    assert b"1[U+001B][2J" in done.stdout
    assert b"\x1b" not in done.stdout


def test_the_table_shows_the_grounds(folder: Path) -> None:
    shown = run("scan", str(folder / "pen.txt"), "--speed", "patterns").stdout.decode()
    for part in ("CONTRADICTED", "instant_removal", "evidence:", "source:", "would hold:", "1 listing, 3 sentences"):
        assert part in shown


def test_a_closed_pipe_is_no_traceback(folder: Path) -> None:
    rows = folder / "many.jsonl"
    rows.write_text("\n".join(json.dumps({"id": str(n), "text": PEN}) for n in range(300)), "utf-8")
    shell = f'"{sys.executable}" -m claimaudit.cli scan "{rows}" --format jsonl | head -n 1'
    done = subprocess.run(["bash", "-c", shell], capture_output=True, check=False, timeout=120)
    assert b"Traceback" not in done.stderr


def test_the_version_is_told() -> None:
    assert run("--version").stdout.decode().strip() == __version__


@pytest.mark.parametrize("command", [("scan",), ("labels", "export", "--to", "prodigy")])
def test_what_is_read_is_not_written_over(tmp_path: Path, command: tuple[str, ...]) -> None:
    path = tmp_path / "page.html"
    path.write_text("<p>No pain!</p>", "utf-8")
    done = run(*command, str(path), "-o", str(path))
    assert done.returncode == 2
    assert b"is read or written already" in done.stderr
    assert path.read_text("utf-8") == "<p>No pain!</p>"


def test_ndjson_is_json_lines(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.ndjson"
    assert run("scan", str(folder), "-o", str(out), "--fail-on", "never").returncode == 0
    assert all(json.loads(line)["claim_type"] for line in out.read_text("utf-8").splitlines())


def test_a_long_first_row_on_standard_input_is_a_row() -> None:
    row = json.dumps({"text": PEN, "more": "x" * 70_000, "id": "a"})
    done = run("scan", "-", "--format", "jsonl", stdin=f"{row}\n".encode())
    assert {json.loads(line)["listing_id"] for line in done.stdout.splitlines()} == {"a"}
