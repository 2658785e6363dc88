"""Writes rows as JSON Lines, CSV, Parquet or Excel, block by block: who audits a block encodes it, one merges them in order.

So a merge is a copy for JSON Lines and CSV, and the bytes of a file do not depend on who encoded which block.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from claimaudit.batch.readers import EXTRA
from claimaudit.errors import InputError, SettingsError
from claimaudit.reports.listings import LISTING_FIELDS
from claimaudit.reports.records import to_cell
from claimaudit.reports.xlsx import MAX_ROWS, as_cell
from claimaudit.types import RECORD_FIELDS, to_line

Row = dict[str, Any]

ROW_GROUP = 16_384
"""Rows of a row group in Parquet; the memory that a merge takes."""

_TYPES = {
    "review": "bool",
    "complete": "bool",
    "in_scope": "bool",
    "confidence": "float64",
    "priority": "float64",
    **dict.fromkeys(("start", "end", "sentence_start", "sentence_end"), "int64"),
    **dict.fromkeys(("contradicted", "overstated", "consistent", "near_misses"), "int64"),
    **dict.fromkeys(
        (
            "modality",
            "conditions",
            "limitation_ids",
            "rule_ids",
            "source_ids",
            "why",
            "unchecked",
            "substantiation_ids",
            "disclaimers",
        ),
        "list",
    ),
}
"""Types of the fields that are no text."""
_NULLABLE = frozenset({"verdict", "worst", "worst_type"})


@dataclass(frozen=True, slots=True)
class Table:
    """What a file of rows is called and which columns it has; `keep` are those carried along, as text or null."""

    name: str
    fields: tuple[str, ...]
    keep: tuple[str, ...] = ()

    @classmethod
    def of_findings(cls, keep: Sequence[str] = ()) -> Table:
        return cls("findings", RECORD_FIELDS, tuple(keep))

    @classmethod
    def of_listings(cls, keep: Sequence[str] = ()) -> Table:
        return cls("listings", LISTING_FIELDS, tuple(keep))

    def __post_init__(self) -> None:
        for name in self.keep:
            if name in self.fields:
                raise SettingsError(
                    f"keep: '{name}' is a column of the {self.name} already. Rename that column of the input."
                )

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.fields, *self.keep)

    def kind(self, column: str) -> str:
        """`text`, `bool`, `int64`, `float64` or `list` (of texts)."""
        if self.name == "listings" and column == "review":
            return "int64"
        return "text" if column in self.keep else _TYPES.get(column, "text")

    def arrow_schema(self) -> Any:
        """The Arrow schema of a Parquet file: a `pyarrow.Schema` that depends on the columns alone."""
        pa = _pyarrow()
        kinds = {
            "text": pa.string(),
            "bool": pa.bool_(),
            "int64": pa.int64(),
            "float64": pa.float64(),
            "list": pa.list_(pa.field("item", pa.string(), nullable=False)),
        }
        return pa.schema(
            pa.field(name, kinds[self.kind(name)], nullable=name in _NULLABLE or name in self.keep) for name in self.columns
        )


class Writer(Protocol):
    """One format. `encode` makes a block of rows into bytes, `merge` writes blocks in order as one file."""

    def encode(self, rows: Sequence[Row]) -> bytes: ...

    def merge(self, blocks: Iterable[bytes], out: BinaryIO) -> None: ...


class JsonLines:
    """One row a line."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def header(self) -> bytes:
        return b""

    def encode(self, rows: Sequence[Row]) -> bytes:
        return "".join(map(to_line, rows)).encode("utf-8")

    def merge(self, blocks: Iterable[bytes], out: BinaryIO) -> None:
        out.writelines(blocks)


class Csv:
    """Lists joined by `; `; cells that a spreadsheet would run begin with an apostrophe."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def header(self) -> bytes:
        return _csv_line(map(to_cell, self._table.columns))

    def encode(self, rows: Sequence[Row]) -> bytes:
        columns = self._table.columns
        return b"".join(_csv_line(to_cell(row[name]) for name in columns) for row in rows)

    def merge(self, blocks: Iterable[bytes], out: BinaryIO) -> None:
        out.write(self.header())
        out.writelines(blocks)


class Parquet:
    """The schema of `Table.arrow_schema`, row groups of `ROW_GROUP` rows, Zstandard."""

    def __init__(self, table: Table) -> None:
        self._schema = table.arrow_schema()

    def encode(self, rows: Sequence[Row]) -> bytes:
        pa = _pyarrow()
        batch = pa.RecordBatch.from_pylist([printable(row) for row in rows], schema=self._schema)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self._schema) as stream:
            stream.write_batch(batch)
        return bytes(sink.getvalue())

    def merge(self, blocks: Iterable[bytes], out: BinaryIO) -> None:
        pa = _pyarrow()
        import pyarrow.parquet as pq

        with pq.ParquetWriter(out, self._schema, compression="zstd") as writer:
            waiting: list[Any] = []
            for block in blocks:
                with pa.ipc.open_stream(block) as stream:
                    waiting.extend(stream)
                while sum(map(len, waiting)) >= ROW_GROUP:
                    table = pa.Table.from_batches(waiting, self._schema)
                    writer.write_table(table.slice(0, ROW_GROUP).combine_chunks(), row_group_size=ROW_GROUP)
                    waiting = table.slice(ROW_GROUP).combine_chunks().to_batches()
            if waiting:
                writer.write_table(pa.Table.from_batches(waiting, self._schema).combine_chunks(), row_group_size=ROW_GROUP)


class Excel:
    """A workbook with the rows as text, numbers and truth values: no formula and no link, whatever the copy holds."""

    def __init__(self, table: Table) -> None:
        _xlsxwriter()
        self._table = table

    def encode(self, rows: Sequence[Row]) -> bytes:
        return "".join(map(to_line, rows)).encode("utf-8")

    def merge(self, blocks: Iterable[bytes], out: BinaryIO) -> None:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        workbook = _xlsxwriter().Workbook(out, {**options, "strings_to_numbers": False})
        workbook.set_properties({"created": datetime(2000, 1, 1)})  # the same rows give the same bytes
        bold = workbook.add_format({"bold": True})
        rows = _parsed(blocks)
        for number in count(1):
            here = list(islice(rows, 1))
            if not here and number > 1:
                break
            sheet = workbook.add_worksheet(self._table.name + (f" {number}" if number > 1 else ""))
            sheet.freeze_panes(1, 0)
            for place, name in enumerate(self._table.columns):
                sheet.write_string(0, place, as_cell(name)[0], bold)
            for line, row in enumerate(chain(here, islice(rows, MAX_ROWS - 2)), 1):
                for place, name in enumerate(self._table.columns):
                    self._write(sheet, line, place, row[name])
        try:
            workbook.close()
        except _xlsxwriter().exceptions.FileCreateError as error:  # stands for the system's own error
            raise OSError(str(error)) from error

    @staticmethod
    def _write(sheet: Any, number: int, place: int, value: Any) -> None:
        if isinstance(value, bool):
            sheet.write_boolean(number, place, value)
        elif isinstance(value, int | float):
            sheet.write_number(number, place, value)
        elif value is not None:
            text = "; ".join(value) if isinstance(value, list) else value
            sheet.write_string(number, place, as_cell(text)[0])


FORMATS: Mapping[str, type[JsonLines] | type[Csv] | type[Parquet] | type[Excel]] = {
    "jsonl": JsonLines,
    "csv": Csv,
    "parquet": Parquet,
    "xlsx": Excel,
}


def writer_of(format_: str, table: Table) -> Writer:
    """The writer of a format.

    Raises
    ------
    SettingsError
        There is no such format.
    InputError
        It needs a library that is not installed.
    """
    if format_ not in FORMATS:
        raise SettingsError(f"there is no format '{format_}' for rows. Choose among {', '.join(FORMATS)}.")
    return FORMATS[format_](table)


def format_of(path: Path, wanted: str | None = None) -> str:
    """The format that is wanted, else the one that the suffix of a file tells.

    Raises
    ------
    SettingsError
        There is no such format, or the suffix tells none.
    """
    format_ = wanted or {"ndjson": "jsonl"}.get(path.suffix.lower()[1:], path.suffix.lower()[1:])
    if format_ not in FORMATS:
        names = ", ".join(f".{name}" for name in FORMATS)
        raise SettingsError(f"{path}: the name tells no format for rows. End it in {names}, or name the format.")
    return format_


def _csv_line(cells: Iterable[Any]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(list(cells))
    return line.getvalue().encode("utf-8")


def printable(row: Row) -> Row:
    """Arrow's texts are UTF-8: a lone surrogate is written as its escape."""
    return {name: _encodable(value) for name, value in row.items()}


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode("utf-8")
    return [_encodable(item) for item in value] if isinstance(value, list) else value


def _parsed(blocks: Iterable[bytes]) -> Iterator[Row]:
    for block in blocks:
        yield from map(json.loads, block.splitlines())


def _pyarrow() -> Any:
    try:
        import pyarrow as pa
        import pyarrow.ipc
    except ImportError:
        raise InputError(f"Parquet is written with the extra 'batch': {EXTRA}.") from None
    return pa


def _xlsxwriter() -> Any:
    try:
        import xlsxwriter
        import xlsxwriter.exceptions
    except ImportError:
        raise InputError(f"Excel is written with the extra 'batch': {EXTRA}.") from None
    return xlsxwriter
