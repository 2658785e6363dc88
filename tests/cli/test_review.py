"""From a scan to a baseline, from a reviewer's decisions to the next scan, and the difference of two."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest

from claimaudit.decisions.baseline import Baseline
from tests.cli.test_cli import PEN, run


@pytest.fixture
def pen(tmp_path: Path) -> Path:
    path = tmp_path / "pen.jsonl"
    path.write_text(json.dumps({"id": "pen", "text": PEN}), "utf-8")
    return path


def scan(path: Path, *options: str) -> tuple[int, list[dict[str, str]], str]:
    done = run("scan", str(path), "--speed", "patterns", "--format", "jsonl", "--show", "flagged", *options)
    return done.returncode, [json.loads(line) for line in done.stdout.decode().splitlines()], done.stderr.decode()


def test_only_what_is_new(pen: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.jsonl"
    status, first, said = scan(pen, "--write-baseline", str(baseline))
    assert (status, said) == (1, f"claimaudit: {baseline}: {len(first)} findings recorded as known.\n")
    assert scan(pen, "--baseline", str(baseline)) == (
        0,
        [],
        f"claimaudit: {baseline}: {len(first)} known and 0 waived were not reported, 0 raised again.\n",
    )
    pen.write_text(json.dumps({"id": "pen", "text": PEN + " It is permanent."}), "utf-8")
    status, new, said = scan(pen, "--baseline", str(baseline), "--write-baseline", str(baseline))
    assert (status, [record["claim_type"] for record in new]) == (1, ["permanent"])
    assert len(Baseline.read(baseline).entries) == len(first) + 1
    table = run("scan", str(pen), "--speed", "patterns", "--baseline", str(baseline))
    assert (
        f"0 flagged (0 contradicted, 0 overstated), 0 consistent; {len(first) + 1} in the baseline" in table.stdout.decode()
    )
    assert run("scan", str(pen), "--baseline", str(tmp_path / "none.jsonl")).returncode == 2


def test_a_disagreement_waives_until_it_ends(pen: Path, tmp_path: Path) -> None:
    baseline, decisions = tmp_path / "baseline.jsonl", tmp_path / "d.json"
    _, found, _ = scan(pen, "--write-baseline", str(baseline))
    rows = [
        {
            "key": entry.key, "decision": "disagree", "reason": "see the study", "wording": "",
            "listing_id": entry.listing_id,
            "field": entry.field, "claim_type": entry.claim_type, "sentence": entry.sentence, "verdict": entry.verdict,
            "grounds": entry.grounds, "rules": entry.rules,
        }
        for entry in Baseline.read(baseline).entries.values()
    ]  # fmt: skip
    decisions.write_text(json.dumps({"format": "claimaudit-decisions", "decisions": rows}), "utf-8")
    arguments = ("review", "apply", str(decisions), "--baseline", str(baseline), "--as-of", "2026-01-01", "--days", "30")
    refused = run(*arguments)
    assert refused.returncode == 2
    assert refused.stderr.decode().count("nobody is named as reviewer") == len(found)
    applied = run(*arguments, "--reviewer", "Ida")
    assert applied.returncode == 0
    told = f"{len(found)} decisions: {len(found)} new, 0 changed, 0 unchanged, 0 older.\n"
    assert applied.stdout.decode() == f"{baseline}: {told}"
    before = baseline.read_bytes()
    assert f"{len(found)} unchanged" in run(*arguments, "--reviewer", "Ida").stdout.decode()
    assert baseline.read_bytes() == before
    assert scan(pen, "--baseline", str(baseline), "--as-of", "2026-01-31")[0] == 0
    status, raised, said = scan(pen, "--baseline", str(baseline), "--as-of", "2026-02-01")
    assert (status, len(raised)) == (1, len(found))
    assert said.endswith(f"{len(found)} raised again.\n")
    assert "baseline: raised again (the waiver of Ida ended on 2026-01-31)" in raised[0]["why"]
    assert run("scan", str(pen), "--as-of", "soon").returncode == 2
    shown = run("scan", str(pen), "--speed", "patterns", "--baseline", str(baseline), "--as-of", "2026-02-01")
    assert "baseline: raised again (the waiver of Ida ended" in shown.stdout.decode()


def test_a_workbook_goes_out_and_comes_back(pen: Path, tmp_path: Path) -> None:
    book, baseline = tmp_path / "desk.xlsx", tmp_path / "baseline.jsonl"
    scanned = ("scan", str(pen), "--speed", "patterns", "--format", "xlsx")
    refused = run(*scanned)
    assert refused.returncode == 2
    assert b"--format xlsx needs an --output: it is no text." in refused.stderr
    assert run(*scanned, "-o", str(tmp_path / "no" / "desk.xlsx")).returncode == 2
    assert run(*scanned, "-o", str(book)).returncode == 1
    applied = run("review", "apply", str(book), "--baseline", str(baseline))
    assert "0 decisions" in applied.stdout.decode()
    workbook = openpyxl.load_workbook(book)
    workbook["Findings"].cell(2, [cell.value for cell in workbook["Findings"][1]].index("Decision") + 1, "agree")
    workbook.save(book)
    applied = run("review", "apply", str(book), "--baseline", str(baseline), "--reviewer", "Ida")
    assert "1 decision: 1 new" in applied.stdout.decode()
    _, _, said = scan(pen, "--baseline", str(baseline))
    assert "1 known" in said
    assert not list(tmp_path.glob(".*"))


def test_diff(pen: Path, tmp_path: Path) -> None:
    old, new = tmp_path / "old.jsonl", tmp_path / "new.csv"
    assert run("scan", str(pen), "--format", "jsonl", "--speed", "patterns", "-o", str(old)).returncode == 1
    pen.write_text(json.dumps({"id": "pen", "text": PEN.replace("No pain!", "It is permanent.")}), "utf-8")
    assert run("scan", str(pen), "--format", "csv", "--speed", "patterns", "-o", str(new)).returncode == 1
    done = run("diff", str(old), str(new))
    assert done.returncode == 1
    assert done.stdout.decode().splitlines() == [
        "GONE     painless: contradicted → nothing  pen",
        "     “No pain!”",
        "NEW      permanent: nothing → contradicted  pen",
        "     “It is permanent.”",
        "1 new, 1 gone, 0 changed, 2 the same",
    ]
    assert run("diff", str(old), str(old)).returncode == 0
    lines = run("diff", str(old), str(new), "--format", "jsonl").stdout.decode().splitlines()
    assert json.loads(lines[0]) == {
        "change": "gone", "listing_id": "pen", "field": "text", "claim_type": "painless", "sentence": "No pain!",
        "old": "contradicted", "new": None,
    }  # fmt: skip
    assert run("diff", str(old), str(tmp_path / "none.jsonl")).returncode == 2
