"""The workbook, read back: what stands in it, that nothing in it runs, and decisions made in it."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, NoReturn

import openpyxl
import pytest
from openpyxl.workbook.workbook import Workbook
from xlsxwriter.exceptions import FileCreateError

from claimaudit import Auditor, InputError, Listing, OutputError
from claimaudit.decisions.baseline import Baseline, Choice, Known
from claimaudit.decisions.review import CUT, apply, read_decisions
from claimaudit.reports import xlsx
from claimaudit.reports.html import NEAR_MISS, web_link
from claimaudit.reports.listings import priority
from claimaudit.types import AuditResult, to_record

AS_OF = date(2026, 6, 1)


def written(results: Sequence[AuditResult], **options: Any) -> bytes:
    out = io.BytesIO()
    xlsx.write(results, out, **options)
    return out.getvalue()


def read(data: bytes) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(data))


def table(book: Workbook, name: str) -> list[dict[str, Any]]:
    header, *rows = book[name].iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


@pytest.fixture(scope="module")
def book(results: Sequence[AuditResult]) -> Workbook:
    return read(written(results, not_read=["=late.txt: cannot be read."]))


def test_every_finding_stands_in_it(book: Workbook, results: Sequence[AuditResult]) -> None:
    expected = []
    for result in results:
        items = [*result.findings, *(miss for miss in result.near_misses if miss.review)]
        expected += [to_record(item, result.signature) for item in items]
    rows = table(book, "Findings")
    assert len(rows) == len(expected)
    for row, record in zip(rows, expected, strict=True):
        kind = record["verdict"] or NEAR_MISS
        assert (row[" "], row["Verdict"]) == (xlsx.SIGNS[kind], kind.replace("-", " "))
        assert row["Claim type"] == record["claim_type"]
        assert (row["Start"], row["End"], row["Confidence"]) == (record["start"], record["end"], record["confidence"])
        assert (row["Review"] == "for review") == record["review"]
        assert (row["Would hold"] or "") == record["suggestion"]
        assert (row["Evidence"] or "") == "; ".join(record["limitation_ids"])
        assert row["Decision"] is None
    assert {row["Verdict"] for row in rows} == {"contradicted", "overstated", "consistent", "near miss"}


@pytest.mark.parametrize(("show", "verdicts"), [("flagged", {"contradicted", "overstated"}), ("near-misses", {"near miss"})])
def test_what_is_shown_can_be_chosen(results: Sequence[AuditResult], show: str, verdicts: set[str]) -> None:
    rows = table(read(written(results, show=show)), "Findings")
    assert {row["Verdict"] for row in rows} == verdicts
    assert len(rows) == sum(len(result.records(show)) for result in results)


def test_listings_and_summary_count(book: Workbook, results: Sequence[AuditResult]) -> None:
    rows = table(book, "Listings")
    for row, result in zip(rows, results, strict=True):
        assert row["Contradicted"] + row["Overstated"] == len(result.flagged)
        assert (row["Priority"], row["Read whole"]) == (priority(result), "yes" if result.is_complete else "no")
    summary = {row[0]: row[1] for row in book["Summary"].iter_rows(values_only=True)}
    assert summary["Listings"] == len(results)
    assert summary["◆ Contradicted"] == sum(row["Contradicted"] for row in rows)
    assert summary["In the baseline, not shown"] == 0
    told = [str(row[0]) for row in book["Summary"].iter_rows(values_only=True)]
    assert "Not read: =late.txt: cannot be read." in told
    assert str(results[0].signature) in told
    assert len(book["Summary"]._charts) == 1  # type: ignore[attr-defined]


def test_evidence_is_that_of_the_findings(book: Workbook, results: Sequence[AuditResult]) -> None:
    findings = [finding for result in results for finding in result.findings]
    grounds = {entry.id for finding in findings for entry in (*finding.limitations, *finding.permissions)}
    rules = {rule.id for finding in findings for rule in finding.rules}
    rows = table(book, "Evidence")
    assert {row["Id"] for row in rows if row["Kind"] != "rule"} == grounds
    assert {row["Id"] for row in rows if row["Kind"] == "rule"} == rules
    cited = sum(len(f.limitations) + len(f.permissions) + len(f.rules) for f in findings)
    assert sum(row["Cited"] for row in rows) == cited
    sources = {source.id: source for finding in findings for source in finding.sources}
    links = book["Sources"].iter_rows(min_row=2)
    shown = {str(row[0].value): (row[4].value, row[4].hyperlink) for row in links}
    assert set(shown) == set(sources)
    for name, (text, hyperlink) in shown.items():
        assert text == sources[name].link
        assert (hyperlink.target if hyperlink else None) == web_link(sources[name])


def test_nothing_of_a_listing_runs(auditor: Auditor) -> None:
    texts = [
        "=HYPERLINK(1)",
        "+1",
        "-1",
        "@SUM(1)",
        "\t=1",
        "http://example.org",
        "<r><t>x</t></r>",
        "_x0041_",
        "{=1}",
        "a\x00\ud800b",
    ]
    listings = [Listing(text, f"{text} Spot pen, USB: no pain! ", setting="home", markup="text") for text in texts]
    results = list(auditor.audit_many(listings))
    book = read(written(results, not_read=texts))
    for sheet in book:
        for cells in sheet.iter_rows():
            for cell in cells:
                assert cell.data_type in ("s", "n", "inlineStr"), cell.coordinate
                assert cell.hyperlink is None or sheet.title == "Sources"
    rows = table(book, "Listings")
    assert [str(row["Listing id"]).strip() for row in rows[:5]] == [text.strip() for text in texts[:5]]


def test_cells_that_are_too_long_are_cut_and_said(auditor: Auditor) -> None:
    result = auditor.audit(Listing("𝒳" * 40_000, "Spot pen, USB: no pain!", setting="home"))
    book = read(written([result]))
    (row,) = table(book, "Listings")
    assert row["Listing id"].endswith(CUT)
    assert 32_000 < len(row["Listing id"].encode("utf-16-le")) // 2 <= 32_767
    assert any(str(cells[0]).startswith("2 cells were longer") for cells in book["Summary"].iter_rows(values_only=True))


def test_the_sheet_is_made_to_work_on(book: Workbook, results: Sequence[AuditResult]) -> None:
    sheet = book["Findings"]
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref == sheet.dimensions
    (validation,) = sheet.data_validations.dataValidation
    assert validation.formula1 == '"agree,disagree,reword"'
    header = [cell.value for cell in sheet[1]]
    column = openpyxl.utils.get_column_letter(header.index("Decision") + 1)
    assert str(validation.sqref) == f"{column}2:{column}{sheet.max_row}"
    hidden = {
        name
        for place, name in enumerate(header, 1)
        if sheet.column_dimensions[openpyxl.utils.get_column_letter(place)].hidden
    }
    assert "Key" in hidden
    assert not {"Decision", "Reason", "Sentence"} & hidden
    colours = {row[1].value: row[1].fill.fgColor.rgb for row in sheet.iter_rows(min_row=2)}
    assert len(set(colours.values())) == 4


def test_the_same_results_give_the_same_bytes(results: Sequence[AuditResult]) -> None:
    assert written(results) == written(iter(results))


def test_an_empty_run_is_a_workbook_too() -> None:
    book = read(written([], not_read=["a.txt: not read"]))
    assert book.sheetnames == ["Summary", "Findings", "Listings", "Evidence", "Sources"]
    assert table(book, "Findings") == []


def test_what_a_baseline_holds_is_counted(results: Sequence[AuditResult]) -> None:
    pen = results[4]
    sifted = Baseline(Known.of(finding) for finding in pen.flagged).sift(pen, AS_OF)
    book = read(written([sifted]))
    summary = {row[0]: row[1] for row in book["Summary"].iter_rows(values_only=True)}
    assert summary["In the baseline, not shown"] == len(pen.flagged) > 0


def test_more_rows_than_excel_reads_are_refused(results: Sequence[AuditResult], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MAX_ROWS", 3)
    with pytest.raises(InputError, match="more than 2 rows for the sheet 'Findings'"):
        written(results)


def test_a_place_that_cannot_be_written_is_an_error_of_output(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> NoReturn:
        raise FileCreateError("no space left")

    monkeypatch.setattr(xlsx._Desk, "fill", full)
    with pytest.raises(OutputError, match="the workbook: cannot be written: no space left"):
        written([])


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(InputError, match=r"needs xlsxwriter. Install claimaudit\[excel\]"):
        written([])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(InputError, match=r"needs openpyxl. Install claimaudit\[excel\]"):
        read_decisions(tmp_path / "x.xlsx")


# --- Decisions --------------------------------------------------------------------------------------------------


def decide(path: Path, decisions: dict[int, dict[str, Any]]) -> None:
    """Fill cells as a person would: sheet row to values by header."""
    book = openpyxl.load_workbook(path)
    header = {cell.value: cell.column for cell in book["Findings"][1]}
    for row, values in decisions.items():
        for name, value in values.items():
            book["Findings"].cell(row, header[name], value)
    book.save(path)


def test_decisions_come_back(results: Sequence[AuditResult], tmp_path: Path) -> None:
    path = tmp_path / "desk.xlsx"
    xlsx.write(results, path, show="flagged")
    flagged = [finding for result in results for finding in result.flagged]
    decide(
        path,
        {
            2: {"Decision": "Agree"},
            3: {"Decision": "disagree", "Reason": "the study", "Decided at": datetime(2026, 5, 1), "Reviewer": "Bo"},
            5: {"Decision": "reword", "Wording": "It may sting.", "Expires": datetime(2026, 12, 31), "Reason": 55},
        },
    )
    rows = read_decisions(path)
    assert [where for where, _ in rows] == [f"{path}:{number}" for number in (2, 3, 5)]
    baseline = apply(Baseline(), rows, as_of=AS_OF, reviewer="Ida").baseline
    expected = [Known.of(flagged[number]) for number in (0, 1, 3)]
    found = [baseline.entries[entry.key] for entry in expected]
    assert [(entry.grounds, entry.rules, entry.verdict) for entry in found] == [
        (entry.grounds, entry.rules, entry.verdict) for entry in expected
    ]
    decisions = [entry.decision for entry in found]
    assert [(d.choice, d.reason, d.reviewer, d.decided_at, d.wording) for d in decisions if d] == [
        (Choice.AGREE, "", "Ida", "2026-06-01", ""),
        (Choice.DISAGREE, "the study", "Bo", "2026-05-01", ""),
        (Choice.REWORD, "55", "Ida", "2026-06-01", "It may sting."),
    ]
    assert [entry.waiver.expires if entry.waiver else None for entry in found] == [
        None,
        date(2027, 5, 1),
        date(2026, 12, 31),
    ]


@pytest.mark.parametrize(
    "name", ["=1+1", "<r>pen</r>", "_x0041_", "a\x00\ud800b", " é  \U0001f31f ", "'quoted", "1.0", "a\nb\r\nc"]
)
def test_any_listing_can_be_decided_on(auditor: Auditor, tmp_path: Path, name: str) -> None:
    result = auditor.audit(Listing(name, f"Spot pen, USB. {name} no pain!", setting="home", markup="text"))
    assert result.flagged
    path = tmp_path / "desk.xlsx"
    xlsx.write([result], path, show="flagged")
    decide(path, {row: {"Decision": "agree"} for row in range(2, 2 + len(result.flagged))})
    baseline = apply(Baseline(), read_decisions(path), as_of=AS_OF, reviewer="Ida").baseline
    assert not baseline.sift(result, AS_OF).flagged


@pytest.mark.parametrize("rows", [(2, 3), (4, 5), (2, 3, 4, 5)])
def test_a_decision_on_a_sentence_that_stands_twice_holds(clinic: Auditor, tmp_path: Path, rows: Sequence[int]) -> None:
    copy = "Pico laser clinic.\n\nFreckles\n\nGone after one session.\n\nTattoos\n\nGone after one session."
    result = clinic.audit(copy)
    path = tmp_path / "desk.xlsx"
    xlsx.write([result], path, show="flagged")
    decide(path, {row: {"Decision": "agree"} for row in rows})
    applied = apply(Baseline(), read_decisions(path), as_of=AS_OF, reviewer="Ida")
    assert applied.counts["new"] == applied.counts.total() == 2
    assert not applied.baseline.sift(result, AS_OF).flagged


def test_wrong_rows_are_named(results: Sequence[AuditResult], tmp_path: Path) -> None:
    path = tmp_path / "desk.xlsx"
    xlsx.write(results, path, show="flagged")
    decide(path, {2: {"Decision": "maybe"}, 4: {"Decision": "disagree"}, 5: {"Decision": "agree", "Listing id": "other"}})
    with pytest.raises(InputError) as error:
        apply(Baseline(), read_decisions(path), as_of=AS_OF, reviewer="Ida")
    assert [line.split(": ")[0] for line in str(error.value).splitlines()] == [f"{path}:{row}" for row in (2, 4, 5)]


def test_another_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.xlsx"
    openpyxl.Workbook().save(path)
    with pytest.raises(InputError, match="no sheet 'Findings'"):
        read_decisions(path)


def test_a_cut_name_cannot_be_decided_on(auditor: Auditor, tmp_path: Path) -> None:
    result = auditor.audit(Listing("x" * 40_000, "Spot pen, USB: no pain!", setting="home"))
    path = tmp_path / "desk.xlsx"
    xlsx.write([result], path)
    decide(path, {2: {"Decision": "agree"}})
    with pytest.raises(InputError, match="the listing's name is cut"):
        apply(Baseline(), read_decisions(path), as_of=AS_OF, reviewer="Ida")


def test_links_of_no_web_address_stay_text(results: Sequence[AuditResult]) -> None:
    pen = results[4]
    finding = pen.flagged[0]
    ground = finding.limitations[0]
    source = replace(ground.sources[0], doi=None, pmid=None, url="javascript:alert(1)")
    changed = replace(finding, limitations=(replace(ground, sources=(source,)),), permissions=(), rules=())
    book = read(written([replace(pen, findings=(changed,), near_misses=())]))
    (row,) = book["Sources"].iter_rows(min_row=2)
    assert (row[4].value, row[4].hyperlink) == ("javascript:alert(1)", None)
