"""Findings for programs: JSON Lines, JSON and CSV, with the fields of `claimaudit.types.RECORD_FIELDS`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TextIO

from claimaudit.decisions.tables import ACTIVE
from claimaudit.types import AuditResult, writable


def write_json(results: Sequence[AuditResult], out: TextIO) -> None:
    """All results as one JSON array, each whole (`AuditResult.to_dict`)."""
    out.write("[\n" + ",\n".join(result.to_json() for result in results) + "\n]\n")


def to_cell(value: Any) -> Any:
    """A value as a CSV cell."""
    if isinstance(value, list):
        value = "; ".join(str(item) for item in value)
    if isinstance(value, str):
        value = writable(value)
        return f"'{value}" if value.startswith(ACTIVE) else value
    return value
