"""The same rows come back from every format."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook

from claimaudit import Auditor, InputError, Listing, SettingsError
from claimaudit.batch import writers
from claimaudit.batch.readers import Entry
from claimaudit.batch.run import finding_rows
from claimaudit.batch.writers import FORMATS, Table, format_of, writer_of
from claimaudit.decisions.review import CUT
from claimaudit.reports.listings import LISTING_FIELDS, listing_row
from claimaudit.reports.xlsx import MAX_CELL
from claimaudit.types import RECORD_FIELDS

HOSTILE = "=1+1\nPico pen for home use, USB. No pain! \ud800 Removes freckles <b>instantly</b>."


def merged(format_: str, table: Table, blocks: list[list[dict[str, Any]]]) -> bytes:
    writer = writer_of(format_, table)
    out = io.BytesIO()
    writer.merge([writer.encode(rows) for rows in blocks], out)
    return out.getvalue()


@pytest.fixture(scope="module")
def rows(auditor: Auditor) -> list[dict[str, Any]]:
    listing = Listing("=cmd", HOSTILE)
    found = finding_rows(Entry(listing, "f", 1, {"shop": None, "sku": "=2"}), auditor.audit(listing), show="all")
    assert len(found) >= 2
    return found


TABLE = Table.of_findings(("shop", "sku"))


def shown(value: Any) -> Any:
    """A value as formats without surrogates hold it."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def test_json_lines(rows: list[dict[str, Any]]) -> None:
    read = [json.loads(line) for line in merged("jsonl", TABLE, [rows[:1], [], rows[1:]]).decode().splitlines()]
    assert [list(row) for row in read] == [[*RECORD_FIELDS, "shop", "sku"]] * len(rows)
    assert read == rows


def test_csv(rows: list[dict[str, Any]]) -> None:
    read = list(csv.DictReader(io.StringIO(merged("csv", TABLE, [rows[:1], rows[1:]]).decode(), newline="")))
    assert [row["listing_id"] for row in read] == ["'=cmd"] * len(rows)
    assert {row["sku"] for row in read} == {"'=2"}
    assert {row["shop"] for row in read} == {""}
    assert [int(row["start"]) for row in read] == [row["start"] for row in rows]


def test_parquet_has_the_documented_schema(rows: list[dict[str, Any]]) -> None:
    table = pq.read_table(io.BytesIO(merged("parquet", TABLE, [rows[:1], rows[1:]])))
    assert table.schema.equals(TABLE.arrow_schema())
    read = table.to_pylist()
    assert [row["listing_id"] for row in read] == ["=cmd"] * len(rows)
    for row, given in zip(read, rows, strict=True):
        assert row == {
            name: [*map(shown, value)] if isinstance(value, list) else shown(value) for name, value in given.items()
        }
    empty = pq.read_table(io.BytesIO(merged("parquet", TABLE, [[]])))
    assert empty.schema.equals(TABLE.arrow_schema())
    assert pq.read_table(io.BytesIO(merged("parquet", TABLE, []))).num_rows == empty.num_rows == 0


def test_the_schema_stands_in_the_docs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "batch.md").read_text("utf-8")
    for table in (Table.of_findings(), Table.of_listings()):
        for field in table.arrow_schema():
            kind = "list<string>" if pa.types.is_list(field.type) else str(field.type)
            assert f"| `{field.name}` | {kind}{', null' if field.nullable else ''} |" in page


def test_parquet_does_not_depend_on_the_blocks(rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "ROW_GROUP", 4)
    many = rows * 6
    whole = merged("parquet", TABLE, [many])
    assert merged("parquet", TABLE, [[row] for row in many]) == whole
    assert merged("parquet", TABLE, [many[:7], [], many[7:]]) == whole
    assert pq.ParquetFile(io.BytesIO(whole)).metadata.row_group(0).num_rows == 4


def test_excel_holds_no_formula_and_no_link(rows: list[dict[str, Any]]) -> None:
    data = merged("xlsx", TABLE, [rows])
    assert merged("xlsx", TABLE, [rows[:1], rows[1:]]) == data
    sheet = load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    cells = list(sheet.iter_rows())
    assert [cell.value for cell in cells[0]] == [*RECORD_FIELDS, "shop", "sku"]
    assert cells[1][0].value == "=cmd"
    assert {cell.data_type for row in cells for cell in row} <= {"s", "n", "b"}  # no "f"
    assert not any(cell.hyperlink for row in cells for cell in row)
    assert [row[6].value for row in cells[1:]] == [row["start"] for row in rows]


def test_excel_goes_on_in_a_further_sheet(rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "MAX_ROWS", 3)
    workbook = load_workbook(io.BytesIO(merged("xlsx", TABLE, [(rows * 3)[:5]])))
    assert workbook.sheetnames == ["findings", "findings 2", "findings 3"]
    assert [sheet.max_row for sheet in workbook.worksheets] == [3, 3, 2]
    exact = load_workbook(io.BytesIO(merged("xlsx", TABLE, [(rows * 3)[:4]])))
    assert [sheet.max_row for sheet in exact.worksheets] == [3, 3]


def test_excel_cuts_what_a_cell_cannot_hold(rows: list[dict[str, Any]]) -> None:
    row = {**rows[0], "sentence": "x" * 40_000}
    sheet = load_workbook(io.BytesIO(merged("xlsx", TABLE, [[row]]))).active
    assert sheet is not None
    value = sheet.cell(2, RECORD_FIELDS.index("sentence") + 1).value
    assert isinstance(value, str)
    assert (len(value), value.endswith(CUT)) == (MAX_CELL, True)


def test_excel_text_that_looks_like_markup_of_the_writer_stays_text(rows: list[dict[str, Any]]) -> None:
    row = {**rows[0], "sentence": "<r>&</r>"}
    sheet = load_workbook(io.BytesIO(merged("xlsx", TABLE, [[row]]))).active
    assert sheet is not None
    assert str(sheet.cell(2, RECORD_FIELDS.index("sentence") + 1).value).strip() == "<r>&</r>"


@pytest.mark.parametrize("format_", FORMATS)
def test_rows_of_listings(format_: str, auditor: Auditor) -> None:
    result = auditor.audit(Listing("a", HOSTILE))
    row = listing_row(result)
    assert tuple(row) == LISTING_FIELDS
    assert merged(format_, Table.of_listings(), [[row]])


def test_the_name_tells_the_format() -> None:
    assert format_of(Path("a.PARQUET")) == "parquet"
    assert format_of(Path("a.ndjson")) == "jsonl"
    assert format_of(Path("a.out"), "csv") == "csv"
    with pytest.raises(SettingsError, match="the name tells no format"):
        format_of(Path("a.doc"))
    with pytest.raises(SettingsError, match="no format 'doc'"):
        writer_of("doc", TABLE)


def test_a_kept_column_must_not_be_one_of_the_record() -> None:
    with pytest.raises(SettingsError, match="'model' is a column of the findings already"):
        Table.of_findings(("model",))


@pytest.mark.parametrize(("format_", "module"), [("parquet", "pyarrow"), ("xlsx", "xlsxwriter")])
def test_a_missing_extra_is_named(format_: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=r"pip install 'claimaudit\[batch\]'"):
        writer_of(format_, TABLE)
