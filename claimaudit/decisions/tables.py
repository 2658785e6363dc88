"""Tables that people and spreadsheets have held: CSV as it comes back, with the rows' numbers for errors."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

from claimaudit.errors import ClaimAuditError, InputError

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


def workbook_rows(file: Path | BinaryIO, *, name: str, sheet: str | None = None) -> Iterator[tuple[Any, ...]]:
    """The cells of each row of a sheet, the first one unless another is named; of a formula, the value saved with it.

    A row ends with its last cell that holds something.

    Raises
    ------
    InputError
        openpyxl is missing, the file cannot be read, unpacks to too much or is damaged, or there is no such sheet.
    """
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise InputError(f"{name}: reading a workbook needs openpyxl. Install claimaudit[excel].") from None
    check_workbook(file, name=name)
    try:
        with closing(load_workbook(file, read_only=True, data_only=True)) as workbook:
            if sheet is not None and sheet not in workbook.sheetnames:
                raise InputError(f"{name}: no sheet '{sheet}'. Give a workbook that scan --format xlsx wrote.")
            cells = workbook[sheet] if sheet is not None else workbook.worksheets[0]
            cells.reset_dimensions()  # some programs write a wrong one, and rows beyond it would be lost
            yield from cells.iter_rows(values_only=True)
    except (ClaimAuditError, MemoryError):
        raise
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}. Check the path.") from error
    except Exception as error:  # openpyxl raises whatever the damage leads to, some of it only when a row is read
        raise InputError(f"{name}: not an Excel workbook, or damaged: {error}. Save it as .xlsx again.") from error


def check_header(header: Sequence[str], where: str) -> None:
    """Refuse a header that names a column twice.

    Raises
    ------
    InputError
        It does.
    """
    for column in header:
        if column and header.count(column) > 1:
            raise InputError(f"{where}: two columns are named '{column}'. Rename or delete one.")


def read_csv(path: Path, *, wanted: str) -> Iterator[Row]:
    """The rows of a CSV file whose header holds the column `wanted`; separated by commas, semicolons or tabs.

    Raises
    ------
    InputError
        The file cannot be read, no separator gives that column, a column stands twice, or a row is no CSV or has more cells
        than the header.
    """
    text = read_text(path)
    try:
        for separator in ",;\t":
            reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
            if wanted in [name.strip() for name in reader.fieldnames or ()]:
                break
        else:
            raise InputError(f"{path}:1: no column '{wanted}'. Give a file that claimaudit wrote, with its header.")
        check_header([name.strip() for name in reader.fieldnames or ()], f"{path}:1")
        for row in reader:
            where = f"{path}:{reader.line_num}"
            if any(row.pop(None, ())):
                raise InputError(f"{where}: more cells than the header has. Quote cells that hold {separator!r}.")
            yield where, {name.strip(): from_cell(cell) for name, cell in row.items() if name}
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
