"""Tables that people and spreadsheets have held: CSV as it comes back, with the rows' numbers for errors."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from claimaudit.errors import InputError

ACTIVE = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula (OWASP, CSV injection); our CSV puts an apostrophe before it."""

Row = tuple[str, dict[str, Any]]
"""Where a row stands (`file:line`), and its cells by column."""

MAX_CELL = 16_000_000
"""Characters of a cell of any table that is read."""
MAX_WORKBOOK_BYTES = 500_000_000
"""Of the parts of a workbook together, unpacked."""

csv.field_size_limit(MAX_CELL)


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, with or without a byte order mark.

    Raises
    ------
    InputError
        It cannot be read, or is in another encoding.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: not UTF-8 at byte {error.start}. Save it as UTF-8 (in a spreadsheet: CSV UTF-8)."
        ) from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}. Check the path.") from error


def check_workbook(file: Path | BinaryIO, *, name: str) -> None:
    """Refuse a workbook that would fill the memory when it is unpacked, before anything of it is.

    Raises
    ------
    InputError
        It is too large.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(part.file_size for part in archive.infolist())
    except (OSError, ValueError, zipfile.BadZipFile):
        return  # whoever reads it says what is wrong
    if size > MAX_WORKBOOK_BYTES:
        raise InputError(
            f"{name}: unpacks to {size:,} bytes, more than the {MAX_WORKBOOK_BYTES:,} that are read. Save it as CSV."
        )


def read_csv(path: Path, *, wanted: str) -> Iterator[Row]:
    """The rows of a CSV file whose header holds the column `wanted`; separated by commas, semicolons or tabs.

    Raises
    ------
    InputError
        The file cannot be read, or no separator gives that column.
    """
    text = read_text(path)
    try:
        for separator in ",;\t":
            reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
            if wanted in [name.strip() for name in reader.fieldnames or ()]:
                break
        else:
            raise InputError(f"{path}:1: no column '{wanted}'. Give a file that claimaudit wrote, with its header.")
        for row in reader:
            yield f"{path}:{reader.line_num}", {name.strip(): from_cell(cell) for name, cell in row.items() if name}
    except csv.Error as error:
        raise InputError(f"{path}:{reader.reader.line_num}: not CSV ({error}). Mend the row.") from None


def read_jsonl(path: Path) -> Iterator[Row]:
    """The objects of a JSON Lines file.

    Raises
    ------
    InputError
        The file cannot be read, or a line is no JSON object.
    """
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise InputError(
                        f"{path}:{number}: a JSON object was expected, got {type(row).__name__}. Correct the line."
                    )
                yield f"{path}:{number}", row
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 ({error.reason}). Save it as UTF-8.") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}:{number}: not JSON ({error}). Write one object a line.") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}. Check the path.") from error


def from_cell(cell: str | None) -> str:
    """A cell as it was before an apostrophe made it harmless.

    >>> from_cell("'=1+1"), from_cell("'tis"), from_cell(None)
    ('=1+1', "'tis", '')
    """
    if not cell:
        return ""
    return cell[1:] if cell[0] == "'" and cell[1:].startswith(ACTIVE) else cell
