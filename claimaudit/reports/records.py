"""Findings for programs: JSON Lines, JSON and CSV, with the fields of `claimaudit.types.RECORD_FIELDS`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from claimaudit.decisions.tables import ACTIVE
from claimaudit.types import RECORD_FIELDS, AuditResult, to_line


def write_jsonl(results: Iterable[AuditResult], out: TextIO, *, show: str = "all") -> None:
    """One finding a line."""
    for result in results:
        for record in result.records(show):
            out.write(to_line(record))


def write_json(results: Sequence[AuditResult], out: TextIO) -> None:
    """All results as one JSON array, each whole (`AuditResult.to_dict`)."""
    out.write("[\n" + ",\n".join(result.to_json() for result in results) + "\n]\n")


def write_csv(results: Iterable[AuditResult], out: TextIO, *, show: str = "all") -> None:
    """One finding a row; lists are joined by `; `, and cells that a spreadsheet would run begin with an apostrophe."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(RECORD_FIELDS)
    for result in results:
        for record in result.records(show):
            writer.writerow([to_cell(record[field]) for field in RECORD_FIELDS])


def to_cell(value: Any) -> Any:
    """A value as a CSV cell."""
    if isinstance(value, list):
        value = "; ".join(str(item) for item in value)
    if isinstance(value, str):
        value = value.encode("utf-8", "replace").decode("utf-8")
        return f"'{value}" if value.startswith(ACTIVE) else value
    return value
