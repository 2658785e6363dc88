"""Documents on file: what they cover is shown, keeps its verdict, and comes from a file that is checked."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from claimaudit import Auditor, InputError, Listing, Pack
from claimaudit.decisions.baseline import Baseline, Known
from claimaudit.evidence.verdict import replay
from claimaudit.reports import xlsx
from claimaudit.reports.html import render
from claimaudit.reports.text import render as render_table
from claimaudit.substantiation import Register, read_register
from claimaudit.types import AuditResult, Document, Finding, Strength
from tests.cli.test_cli import run

DAY = date(2026, 6, 1)
LETTER = Document(
    "letter", "Letter of the <b>lab</b>", ("pen-*",), ("painless",), issued=date(2025, 1, 1), expires=date(2026, 6, 1),
    reference="binder 4",
)  # fmt: skip
YAML = """\
- id: letter
  title: Letter of the lab
  listings: [pen-*, 4711]
  claim_types: [painless, permanent]
  strengths: [absolute]
  issued: 2025-01-01
  expires: 2027-01-01
- {id: study, title: Study, listings: ['*'], claim_types: [no_downtime], reference: 'https://example.org'}
"""
DOCUMENTS = (
    Document(
        "letter", "Letter of the lab", ("pen-*", "4711"), ("painless", "permanent"), (Strength.ABSOLUTE,),
        date(2025, 1, 1), date(2027, 1, 1),
    ),
    Document("study", "Study", ("*",), ("no_downtime",), reference="https://example.org"),
)  # fmt: skip


@pytest.fixture(scope="module")
def pen(home: Auditor) -> AuditResult:
    return home.audit(Listing("pen-1", "Pico pen, USB. Removes freckles instantly. No pain! It may fade spots."))


def painless(result: AuditResult) -> Finding:
    (finding,) = [finding for finding in result.flagged if finding.claim.type == "painless"]
    return finding


def test_a_covered_claim_stays_a_finding(pen: AuditResult, pack: Pack) -> None:
    covered = Register([LETTER]).cover(pen, DAY)
    assert [(f.claim, f.verdict) for f in covered.findings] == [(f.claim, f.verdict) for f in pen.findings]
    finding = painless(covered)
    assert (finding.substantiation, finding.covered_until) == ((LETTER,), "2026-06-01")
    assert str(finding.why[-1]) == "substantiation: letter (Letter of the <b>lab</b>, until 2026-06-01)"
    assert replay(finding.why, pack) is finding.verdict
    others = [finding for finding in covered.findings if finding.claim.type != "painless"]
    assert others == [finding for finding in pen.findings if finding.claim.type != "painless"]
    records = {record["claim_type"]: record for record in covered.records()}
    assert (records["painless"]["substantiation_ids"], records["painless"]["covered_until"]) == (["letter"], "2026-06-01")
    assert records["instant_removal"]["substantiation_ids"] == []
    assert "as_of:2026-06-01" in str(covered.signature)
    assert covered.to_frame()["substantiation_ids"].tolist() == [r["substantiation_ids"] for r in covered.records()]


@pytest.mark.parametrize(
    ("changes", "day", "told"),
    [
        ({}, date(2026, 6, 2), "expired on 2026-06-01, so it covers nothing"),
        ({}, date(2024, 12, 31), "issued only on 2025-01-01, so it covers nothing yet"),
        ({"listings": ("pen",)}, DAY, ""),
        ({"listings": ("*.1", "pen-[0-9]")}, DAY, ""),
        ({"claim_types": ("permanent",)}, DAY, ""),
        ({"strengths": (Strength.MODEST,)}, DAY, ""),
    ],
)
def test_what_a_document_does_not_cover(pen: AuditResult, changes: dict[str, object], day: date, told: str) -> None:
    document = replace(LETTER, **changes)  # type: ignore[arg-type]
    finding = painless(Register([document]).cover(pen, day))
    assert (finding.substantiation, finding.covered_until) == ((), "")
    last = finding.why[-1]
    assert (last.detail == f"{LETTER.title}, {told}") if told else (last.kind != "substantiation")


@pytest.mark.parametrize(
    ("ends", "until"),
    [((2027, 2028), "2028-01-01"), ((2027, None), ""), ((None,), ""), ((2026, 2027), "2027-01-01")],
)
def test_covered_until_the_last_document_ends(pen: AuditResult, ends: tuple[int | None, ...], until: str) -> None:
    documents = [replace(LETTER, id=str(n), expires=date(year, 1, 1) if year else None) for n, year in enumerate(ends)]
    finding = painless(Register(documents).cover(pen, DAY))
    assert finding.covered_until == until
    assert finding.substantiation


def test_reports_show_it(pen: AuditResult) -> None:
    covered = Register([LETTER]).cover(pen, DAY)
    table = "\n".join(render_table([covered]))
    assert "substantiation: letter (Letter of the <b>lab</b>, until 2026-06-01)" in table
    assert "; 1 covered by substantiation on file" in table
    page = render([covered])
    assert "<strong>On file:</strong> Letter of the &lt;b&gt;lab&lt;/b&gt;" in page
    assert "For 1 claim the seller holds a document." in page
    assert "On file:" not in render([pen])
    out = io.BytesIO()
    xlsx.write([covered], out)
    header, *rows = openpyxl.load_workbook(out)["Findings"].iter_rows(values_only=True)
    cells = {row[header.index("Claim type")]: row for row in rows}
    places = header.index("Substantiation ids"), header.index("Covered until")
    assert [cells["painless"][place] for place in places] == ["letter", "2026-06-01"]
    assert [cells["instant_removal"][place] for place in places] == [None, None]


def test_it_goes_along_with_a_baseline(pen: AuditResult) -> None:
    covered = Register([LETTER]).cover(pen, DAY)
    assert not Baseline(Known.of(finding) for finding in pen.flagged).sift(covered, DAY).flagged


@pytest.mark.parametrize("suffix", [".yaml", ".json", ".csv"])
def test_files_of_each_kind_say_the_same(tmp_path: Path, pack: Pack, suffix: str) -> None:
    path = tmp_path / f"documents{suffix}"
    rows = [
        {
            "id": "letter", "title": "Letter of the lab", "listings": ["pen-*", "4711"],
            "claim_types": ["painless", "permanent"], "strengths": ["absolute"],
            "issued": "2025-01-01", "expires": "2027-01-01",
        },
        {"id": "study", "title": "Study", "listings": ["*"], "claim_types": ["no_downtime"],
         "reference": "https://example.org"},
    ]  # fmt: skip
    table = (
        "id;title;listings;claim_types;strengths;issued;expires;reference\n"
        'letter;Letter of the lab;"pen-*; 4711";"painless;permanent";absolute;2025-01-01;2027-01-01;\n'
        "study;Study;*;no_downtime;;;;https://example.org\n"
    )
    path.write_text({".yaml": YAML, ".json": json.dumps(rows), ".csv": table}[suffix], "utf-8")
    assert read_register(path, pack).documents == DOCUMENTS


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title: Letter", "titel: Letter", "d.yaml:1: 'title': field required"),
        ("issued: 2025-01-01", "issued: 2025-13-01", "d.yaml:1: 'issued': .*'2025-13-01'"),
        ("expires: 2027-01-01", "expires: 2024-01-01", "d.yaml:1: it expires on 2024-01-01, before it was issued"),
        ("[no_downtime]", "[no_fun]", "d.yaml:8: claim type 'no_fun' is none of"),
        ("[absolute]", "[huge]", "d.yaml:1: 'strengths.0'"),
        ("id: study", "id: letter", "d.yaml:8: the id 'letter' stands twice"),
        ("['*']", "[]", "d.yaml:8: 'listings'"),
        ("title: Study", "title: Study, colour: red", "d.yaml:8: 'colour': extra inputs are not permitted"),
        ("- id: letter", "- id: [letter", r"d.yaml:\d+: not valid YAML"),
    ],
)
def test_wrong_entries_are_named(tmp_path: Path, pack: Pack, old: str, new: str, message: str) -> None:
    path = tmp_path / "d.yaml"
    assert old in YAML
    path.write_text(YAML.replace(old, new), "utf-8")
    with pytest.raises(InputError, match=message):
        read_register(path, pack)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("d.txt", "", "substantiation is read from .yaml, .yml, .json, .csv"),
        ("d.yaml", "id: x", "a list of entries with keys was expected"),
        ("d.json", "{", "not JSON"),
        pytest.param("d.json", "[" * 100_000, "not JSON", id="nested"),
        ("d.json", "[1]", "a list of entries with keys was expected"),
        ("d.json", '[{"id": "x"}]', "d.json: entry 1: 'title': field required"),
        ("d.csv", "id,title,listings,claim_types\nx,y,,painless\n", "d.csv:2: 'listings'"),
        ("d.csv", "id,title\n", "d.csv:1: no column 'claim_types'"),
    ],
)
def test_a_file_that_holds_no_documents_is_refused(
    tmp_path: Path, pack: Pack, name: str, content: str, message: str
) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=message):
        read_register(path, pack)


def test_the_command_line_shows_it_and_fails_all_the_same(tmp_path: Path) -> None:
    copy, documents = tmp_path / "copy.jsonl", tmp_path / "d.yaml"
    copy.write_text(json.dumps({"id": "pen-1", "text": "Pico pen, USB. No pain!"}), "utf-8")
    documents.write_text(YAML, "utf-8")
    scan = ("scan", str(copy), "--speed", "patterns", "--substantiation", str(documents))
    done = run(*scan, "--as-of", "2026-06-01", "--format", "jsonl")
    assert done.returncode == 1
    (record,) = map(json.loads, done.stdout.splitlines())
    assert (record["verdict"], record["substantiation_ids"], record["covered_until"]) == (
        "contradicted",
        ["letter"],
        "2027-01-01",
    )
    late = run(*scan, "--as-of", "2027-01-02")
    assert "expired on 2027-01-01, so it covers nothing" in " ".join(late.stdout.decode().split())
    documents.write_text(YAML.replace("painless", "no_such"), "utf-8")
    assert run(*scan).returncode == 2
