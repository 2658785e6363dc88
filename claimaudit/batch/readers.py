"""Reads listings from files and streams. A row that cannot be read is reported and skipped; the others are read."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from claimaudit.errors import InputError
from claimaudit.types import Listing

TEXT_SUFFIXES = frozenset({".txt", ".md", ".text"})
HTML_SUFFIXES = frozenset({".html", ".htm", ".xhtml"})
TABLE_SUFFIXES = frozenset({".jsonl", ".ndjson", ".csv", ".tsv"})
SUFFIXES = TEXT_SUFFIXES | HTML_SUFFIXES | TABLE_SUFFIXES
STDIN = "-"

csv.field_size_limit(min(sys.maxsize, 2**31 - 1))


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns (or JSON keys) that hold a listing's parts."""

    id: str = "id"
    text: str = "text"
    setting: str = "setting"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that could not be read: where, why, and the mend."""

    file: str
    row: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.row}: {self.reason}"


def find_files(paths: Sequence[str]) -> Iterator[Path | None]:
    """The files that paths name: a folder gives its readable files in sorted order, `-` gives None (standard input).

    Raises
    ------
    InputError
        A path does not exist, or a file has a suffix that is not read.
    """
    for name in paths:
        path = Path(name)
        if name == STDIN:
            yield None
        elif path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.is_file() and file.suffix.lower() in SUFFIXES)
            if not files:
                raise InputError(f"{name}: no file here ends in {', '.join(sorted(SUFFIXES))}.")
            yield from files
        elif not path.exists():
            raise InputError(f"{name}: no such file or folder. Check the path.")
        elif path.suffix.lower() not in SUFFIXES:
            raise InputError(f"{name}: files ending in '{path.suffix}' are not read. Use {', '.join(sorted(SUFFIXES))}.")
        else:
            yield path


def read_listings(paths: Sequence[str], *, columns: Columns = Columns()) -> Iterator[Listing | Rejected]:
    """The listings of files, folders and standard input, in order, as a stream.

    Parameters
    ----------
    paths
        Files (`.txt`, `.md`, `.html`: one listing each; `.jsonl`, `.csv`, `.tsv`: one a row), folders, or `-` for
        standard input, read as JSON Lines if its first line is a JSON object and as one plain text if not.
    columns
        Names of the columns.

    Raises
    ------
    InputError
        A file cannot be opened, or a table lacks its text column.
    """
    for path in find_files(paths):
        if path is None:
            yield from _read_stdin(columns)
            continue
        try:
            with path.open("rb") as stream:
                yield from _read(stream, str(path), path.suffix.lower(), columns)
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}.") from error


def _read_stdin(columns: Columns) -> Iterator[Listing | Rejected]:
    data = sys.stdin.buffer.read()
    is_table = data.lstrip()[:1] == b"{" and _is_object(data.lstrip().split(b"\n", 1)[0])
    yield from _read(io.BytesIO(data), "<stdin>", ".jsonl" if is_table else ".txt", columns)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _read(stream: BinaryIO, name: str, suffix: str, columns: Columns) -> Iterator[Listing | Rejected]:
    if suffix in TABLE_SUFFIXES:
        lines = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
        rows = _json_rows(lines, name) if suffix in (".jsonl", ".ndjson") else _csv_rows(lines, name, suffix, columns)
        yield from _listings(rows, name, columns)
    else:
        markup = "html" if suffix in HTML_SUFFIXES else None
        yield Listing(id=name, text=decode(stream.read()), markup=markup)


def decode(data: bytes) -> str:
    """Text of a file: UTF-8, or UTF-16 if it begins so; bytes that are neither become U+FFFD, which the audit reports."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")


def _json_rows(lines: Iterable[str], name: str) -> Iterator[tuple[int, dict[str, Any] | Rejected]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, Rejected(name, number, f"not JSON ({error}). Write one object a line.")
            continue
        if isinstance(row, dict):
            yield number, row
        else:
            yield number, Rejected(name, number, f"a JSON object was expected, got {type(row).__name__}.")


def _csv_rows(
    lines: Iterable[str], name: str, suffix: str, columns: Columns
) -> Iterator[tuple[int, dict[str, Any] | Rejected]]:
    reader = csv.DictReader(lines, delimiter="\t" if suffix == ".tsv" else ",")
    header = reader.fieldnames or []
    if columns.text not in header:
        found = ", ".join(header) or "none"
        raise InputError(f"{name}:1: no column '{columns.text}' (found: {found}). Name it with --text-column.")
    try:
        for row in reader:
            extra = row.pop(None, None)
            if extra is not None:
                reason = f"{len(extra)} cell(s) more than the header has. Quote cells that hold commas."
                yield reader.line_num, Rejected(name, reader.line_num, reason)
            else:
                yield reader.line_num, row
    except csv.Error as error:
        yield reader.line_num, Rejected(name, reader.line_num, f"not CSV ({error}). The rest of the file was not read.")


def _listings(
    rows: Iterator[tuple[int, dict[str, Any] | Rejected]], name: str, columns: Columns
) -> Iterator[Listing | Rejected]:
    for number, row in rows:
        if isinstance(row, Rejected):
            yield row
            continue
        text = row.get(columns.text)
        if not isinstance(text, str):
            what = "missing" if text is None else f"{type(text).__name__}, not text"
            yield Rejected(name, number, f"column '{columns.text}' is {what}. Give the copy as a string.")
            continue
        id_ = row.get(columns.id)
        setting = row.get(columns.setting)
        yield Listing(
            id=f"{name}:{number}" if id_ in (None, "") else str(id_),
            text=text,
            setting=None if setting in (None, "", "unknown", "auto") else str(setting),
        )
