"""Reads listings as a stream. A row that cannot be read is rejected with its place, reason and mend; the others are read.

Tables (CSV, TSV, JSON Lines, Parquet, Excel), text and HTML files, folders of them, standard input and fsspec URLs; gzip and
Zstandard are unpacked on the way. Memory does not grow with an input: one row, bounded by `MAX_ROW`, is held at a time (of
Parquet a small batch, of Excel its table of strings).
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import json
import os
import re
import sqlite3
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple, cast

from claimaudit.decisions.tables import MAX_CELL, workbook_rows
from claimaudit.errors import ClaimAuditError, InputError, OutputError, SettingsError
from claimaudit.types import Listing

TEXT_SUFFIXES = frozenset({".txt", ".md", ".text"})
HTML_SUFFIXES = frozenset({".html", ".htm", ".xhtml"})
JSON_SUFFIXES = frozenset({".jsonl", ".ndjson"})
CSV_SUFFIXES = frozenset({".csv", ".tsv"})
EXCEL_SUFFIXES = frozenset({".xlsx", ".xlsm"})
SUFFIXES = TEXT_SUFFIXES | HTML_SUFFIXES | JSON_SUFFIXES | CSV_SUFFIXES | EXCEL_SUFFIXES | {".parquet"}
PACKED_SUFFIXES = (".gz", ".zst")
STDIN = "-"
EXTRA = "pip install 'claimaudit[batch]'"

MAX_ROW = MAX_CELL
"""Characters of one row (or bytes of one file of copy): a longer one is rejected, so that no input fills the memory."""
_SAMPLE = 65_536
"""Bytes that are looked at to tell encoding and delimiter, and read at a time."""
_PARQUET_ROWS = 64
_PARQUET_BYTES = 100_000_000
_PARQUET_RATIO = 1_000
"""A file of more bytes, packed better than this, holds no copy: it is made to fill the memory."""
_ZSTANDARD_CHUNK = 512
"""Bytes unpacked at a time: a block of 128 kB may be packed in four bytes, so this makes 16 MB at most."""
_DELIMITERS = (",", ";", "\t", "|")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MIN_LEGACY_LINES = 3
"""Lines with bytes that are not UTF-8, and none with such that are, from which a table counts as of another encoding. Fewer
are more likely damaged, and rejecting a row says so, while a wrong encoding misreads it silently."""
_UNDECODED = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns (or JSON keys) of a table, and how it is written where that shall not be detected.

    Parameters
    ----------
    text
        The column that holds the copy, or several: fields of one listing, the title first.
    id
        The column that names a listing. None: `id` where there is one, else listings are named by file and row.
    setting
        The column that says in which setting a listing is offered, if there is one.
    keep
        Columns to carry along.
    delimiter, encoding
        Of CSV and TSV (`encoding` of all text). None: detected.
    """

    text: tuple[str, ...] = ("text",)
    id: str | None = None
    setting: str = "setting"
    keep: tuple[str, ...] = ()
    delimiter: str | None = None
    encoding: str | None = None

    def __post_init__(self) -> None:
        if not self.text:
            raise SettingsError("no text column is named. Name at least one.")
        for names in (self.text, self.keep):
            if len(set(names)) < len(names):
                raise SettingsError(f"a column is named twice: {', '.join(names)}. Name each once.")
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise SettingsError(f"the delimiter must be one character, got {self.delimiter!r}.")
        if self.encoding is not None:
            try:
                codecs.lookup(self.encoding)
            except LookupError:
                raise SettingsError(f"there is no encoding {self.encoding!r}. Try utf-8 or cp1252.") from None

    @property
    def id_name(self) -> str:
        return self.id or "id"

    @property
    def wanted(self) -> tuple[str, ...]:
        """All columns that are read, each once."""
        return tuple(dict.fromkeys((self.id_name, self.setting, *self.text, *self.keep)))


DEFAULT_COLUMNS = Columns()


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that could not be read: where, why, and the mend.

    `row` counts from 1; in a text file it is the first line of the row. `column` is None where the whole row is meant.
    """

    file: str
    row: int
    column: str | None
    reason: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.row}: {self.message}"

    @property
    def message(self) -> str:
        """What is wrong and the mend, without the place."""
        column = f"column '{self.column}' " if self.column is not None else ""
        return f"{column}{self.reason}. {self.mend}"

    def as_record(self) -> dict[str, Any]:
        return asdict(self)


class Entry(NamedTuple):
    """A listing with its place, and the columns carried along (text, or None for an empty cell)."""

    listing: Listing
    file: str
    row: int
    kept: Mapping[str, str | None]


@dataclass(slots=True)
class Input:
    """A file while it is read, and what a manifest says of it afterwards. Sizes are bytes as they lie on the disk."""

    name: str
    format: str = ""
    size: int | None = None
    read: int = 0
    rows: int = 0
    encoding: str | None = None
    delimiter: str | None = None
    sha256: str | None = None

    def described(self) -> dict[str, Any]:
        """What the manifest records; `size` is then what was read."""
        about = asdict(self)
        about["size"] = about.pop("read")
        return {name: value for name, value in about.items() if value is not None}


@dataclass(slots=True)
class Inputs:
    """The inputs met so far, filled while `read_listings` runs; `total` is their size in bytes if it is known."""

    files: list[Input] = field(default_factory=list)
    total: int | None = None

    @property
    def read(self) -> int:
        return sum(file.read for file in self.files)


def find_files(paths: Sequence[str], *, exclude: Sequence[Path] = ()) -> Iterator[str]:
    """Names of the files that paths lead to: a folder gives its readable files in sorted order, `-` itself.

    Parameters
    ----------
    paths
        Files, folders, fsspec URLs, or `-`.
    exclude
        Files and folders that a folder does not give: what this very run writes.

    Raises
    ------
    InputError
        A path does not exist, or a file has a suffix that is not read.
    """
    excluded = [path.resolve() for path in exclude]
    for name in paths:
        path = Path(name)
        if name == STDIN or "://" in name:
            yield from _find_remote(name) if name != STDIN else (STDIN,)
        elif path.is_dir():
            files = sorted(str(file) for file in _walk(path, excluded))
            if not files:
                raise InputError(f"{name}: no file here ends in {', '.join(sorted(SUFFIXES))}.")
            yield from files
        elif not path.exists():
            raise InputError(f"{name}: no such file or folder. Check the path.")
        else:
            _check_suffix(name)
            yield str(path)  # without a leading `./`, so that a listing is called the same however it is asked for


def _walk(folder: Path, excluded: Sequence[Path]) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        here = Path(root)
        if excluded:
            folders[:] = [name for name in folders if (here / name).resolve() not in excluded]
        for name in names:
            file = here / name
            if suffix_of(name) in SUFFIXES and file.is_file() and not (excluded and file.resolve() in excluded):
                yield file


def _find_remote(url: str) -> Iterator[str]:
    files, path = _filesystem(url)
    if not files.isdir(path):
        _check_suffix(url)
        yield url
        return
    found = sorted(name for name in files.find(path) if suffix_of(name) in SUFFIXES)
    if not found:
        raise InputError(f"{url}: no file here ends in {', '.join(sorted(SUFFIXES))}.")
    yield from (files.unstrip_protocol(name) for name in found)


def _filesystem(url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise InputError(f"{url}: URLs are read with the extra 'batch': {EXTRA}.") from None
    try:
        files, path = url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise InputError(f"{url}: cannot be opened: {error}.") from error
    return files, path


def suffix_of(name: str) -> str:
    """The suffix that tells the format, without that of the packing.

    >>> suffix_of("shop/Copy.JSONL.gz"), suffix_of("page.html")
    ('.jsonl', '.html')
    """
    name = name.lower()
    for packed in PACKED_SUFFIXES:
        name = name.removesuffix(packed)
    return os.path.splitext(name)[1]


def _check_suffix(name: str) -> None:
    if suffix_of(name) not in SUFFIXES:
        raise InputError(f"{name}: files ending in '{suffix_of(name)}' are not read. Use {', '.join(sorted(SUFFIXES))}.")


def read_listings(
    paths: Sequence[str],
    *,
    columns: Columns = DEFAULT_COLUMNS,
    settings: Sequence[str] | None = None,
    inputs: Inputs | None = None,
    exclude: Sequence[Path] = (),
) -> Iterator[Entry | Rejected]:
    """The listings of files, folders, URLs and standard input, in order, as a stream.

    Parameters
    ----------
    paths
        Files (`.txt`, `.md`, `.html`: one listing each; `.csv`, `.tsv`, `.jsonl`, `.parquet`, `.xlsx`: one a row), folders,
        fsspec URLs, or `-`: standard input, read as JSON Lines if its first line is a JSON object, as CSV if that names
        the text columns among others, and as one plain text if neither.
    columns
        Names of the columns.
    settings
        Settings that a row may have; None to take any.
    inputs
        Filled with what was read, for progress and manifest.
    exclude
        As for `find_files`.

    Raises
    ------
    InputError
        A file cannot be opened or is damaged, or a table lacks a column that was named.
    """
    inputs = inputs if inputs is not None else Inputs()
    names = list(find_files(paths, exclude=exclude))
    sizes = [_size_of(name) for name in names]
    inputs.total = None if None in sizes else sum(cast("list[int]", sizes))
    with closing(_Seen()) as seen:
        for name, size in zip(names, sizes, strict=True):
            file = Input("<stdin>" if name == STDIN else name, size=size)
            inputs.files.append(file)
            for item in _read_file(name, file, columns):
                yield _checked(item, settings, seen, columns)


def _size_of(name: str) -> int | None:
    if name == STDIN or "://" in name:
        return None
    try:
        return os.stat(name).st_size
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}. Check the file.") from error


def _checked(item: Entry | Rejected, settings: Sequence[str] | None, seen: _Seen, columns: Columns) -> Entry | Rejected:
    """What can be said of a row only beside the others and the pack."""
    item = _of_known_setting(item, settings, columns)
    if isinstance(item, Rejected):
        return item
    before = seen.add(item.listing.id, item.file, item.row)
    if before is not None:
        reason = f"repeats the id '{item.listing.id}' of {before}"
        return Rejected(item.file, item.row, columns.id_name, reason, "Give each listing its own id.")
    return item


def _of_known_setting(item: Entry | Rejected, settings: Sequence[str] | None, columns: Columns) -> Entry | Rejected:
    if isinstance(item, Rejected) or settings is None or item.listing.setting in (None, *settings):
        return item
    mend = f"Use one of {', '.join(settings)}, or leave it out to have it inferred."
    reason = f"is '{item.listing.setting}', which is no setting of the pack"
    return Rejected(item.file, item.row, columns.setting, reason, mend)


class _Seen:
    """Ids met so far, as 128-bit digests in a temporary SQLite database that leaves the memory when it grows."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA synchronous=OFF")
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.execute("PRAGMA cache_size=-65536")
        self._database.execute("CREATE TABLE seen (id BLOB PRIMARY KEY, file INT, row INT) WITHOUT ROWID")
        self._database.execute("BEGIN")
        self._files: dict[str, int] = {}

    def add(self, id_: str, file: str, row: int) -> str | None:
        """Note an id; where it was met before, if it was."""
        digest = hashlib.blake2b(id_.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        number = self._files.setdefault(file, len(self._files))
        try:
            self._database.execute("INSERT INTO seen VALUES (?, ?, ?)", (digest, number, row))
        except sqlite3.OperationalError as error:
            raise OutputError(
                f"the temporary database of ids: {error}. Make room in the system's temporary folder."
            ) from error
        except sqlite3.IntegrityError:
            first, at = self._database.execute("SELECT file, row FROM seen WHERE id = ?", (digest,)).fetchone()
            return f"{list(self._files)[first]}:{at}"
        return None

    def close(self) -> None:
        self._database.close()


# --- Bytes -----------------------------------------------------------------------------------------------------


class _Counted(io.RawIOBase):
    """The bytes of an input, counted and hashed as they pass."""

    def __init__(self, stream: IO[bytes], file: Input) -> None:
        self._stream = stream
        self._file = file
        self._hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        data = self._stream.read(len(view))
        view[: len(data)] = data
        self._file.read += len(data)
        self._hash.update(data)
        return len(data)

    def drain(self) -> None:
        """Read what nobody wanted (bytes behind the end of a packed stream), so that the hash is that of the whole file."""
        while self._stream_left():
            pass
        self._file.sha256 = self._hash.hexdigest()

    def _stream_left(self) -> bool:
        return self.readinto(bytearray(_SAMPLE)) > 0


class _Chained(io.RawIOBase):
    """Bytes that were read to look at them, then the rest."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        data = self._head[: len(view)]
        self._head = self._head[len(view) :]
        if not data:
            data = self._rest.read(len(view))
        view[: len(data)] = data
        return len(data)


def _looked_at(stream: BinaryIO) -> tuple[bytes, BinaryIO]:
    """The first bytes of a stream, and the stream as if they had not been read."""
    head = stream.read(_SAMPLE)
    return head, cast(BinaryIO, io.BufferedReader(_Chained(head, stream), _SAMPLE))


class _Zstandard(io.RawIOBase):
    """Zstandard unpacked, frame after frame. (The library's own reader takes a file that is cut off for whole.)"""

    def __init__(self, stream: BinaryIO, unpacker: Any) -> None:
        self._stream = stream
        self._unpacker = unpacker
        self._frame: Any = None
        self._packed = self._data = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        while not self._data:
            packed = self._packed or self._stream.read(_ZSTANDARD_CHUNK)
            if not packed:
                if self._frame is not None:
                    raise EOFError("it ends before it is whole")
                return 0
            self._frame = self._frame or self._unpacker.decompressobj()
            self._data = self._frame.decompress(packed)
            self._packed = self._frame.unused_data if self._frame.eof else b""
            self._frame = None if self._frame.eof else self._frame
        data, self._data = self._data[: len(view)], self._data[len(view) :]
        view[: len(data)] = data
        return len(data)


def _unpacked(head: bytes, stream: BinaryIO, name: str) -> BinaryIO:
    if head.startswith(b"\x1f\x8b"):
        return cast(BinaryIO, gzip.GzipFile(fileobj=stream))
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        try:
            import zstandard
        except ImportError:
            raise InputError(f"{name}: Zstandard is read with the extra 'batch': {EXTRA}.") from None
        return cast(BinaryIO, io.BufferedReader(_Zstandard(stream, zstandard.ZstdDecompressor()), _SAMPLE))
    if name.lower().endswith(PACKED_SUFFIXES):
        raise InputError(f"{name}: not packed as its name says. Rename it, or make it anew.")
    return stream


def _read_file(name: str, file: Input, columns: Columns) -> Iterator[Entry | Rejected]:
    suffix = ".?" if name == STDIN else suffix_of(name)
    try:
        with _opened(name) as stream:
            if suffix == ".parquet" or suffix in EXCEL_SUFFIXES:
                yield from _read_seekable(stream, file, suffix, columns)
                return
            counted = _Counted(stream, file)
            head, raw = _looked_at(cast(BinaryIO, io.BufferedReader(counted, _SAMPLE)))
            head, data = _looked_at(_unpacked(head, raw, name))
            yield from _read(head, data, file, suffix, columns)
            counted.drain()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{file.name}: damaged: {error}. Make the file anew.") from error
    except OSError as error:
        raise InputError(f"{file.name}: cannot be read: {error.strerror or error}. Check the file.") from error
    except ClaimAuditError:
        raise
    except Exception as error:
        if type(error).__name__ == "ZstdError":  # its class is known only where the extra is installed
            raise InputError(f"{file.name}: damaged: {error}. Make the file anew.") from error
        if "://" in name:  # each file system of fsspec has errors of its own
            raise InputError(f"{name}: cannot be read: {error}. Check the address.") from error
        raise


def _opened(name: str) -> Any:
    if name == STDIN:
        return nullcontext(sys.stdin.buffer)
    if "://" in name:
        files, path = _filesystem(name)
        return files.open(path, "rb")
    return open(name, "rb")


def _read(head: bytes, stream: BinaryIO, file: Input, suffix: str, columns: Columns) -> Iterator[Entry | Rejected]:
    if suffix == ".?":
        suffix = _suffix_of_stream(head, columns)
    file.format = suffix.removeprefix(".")
    if suffix in JSON_SUFFIXES:
        file.encoding = columns.encoding or _by_mark(head) or "utf-8"
        yield from _listings(_json_rows(_lines(stream, file.encoding, "\n"), file), file, columns)
    elif suffix in CSV_SUFFIXES:
        file.encoding = columns.encoding or _encoding_of(head, file.name)
        file.delimiter = columns.delimiter or _delimiter_of(head, file.encoding, suffix, columns)
        yield from _listings(_csv_rows(_lines(stream, file.encoding, ""), file, columns), file, columns)
    else:
        yield _document(stream, file, suffix, columns)


def _document(stream: BinaryIO, file: Input, suffix: str, columns: Columns) -> Entry | Rejected:
    """A file that is one listing."""
    data = stream.read(MAX_ROW + 1)
    file.rows = 1
    if len(data) > MAX_ROW:
        while stream.read(_SAMPLE):
            pass
        return Rejected(file.name, 1, None, f"the file holds more than {MAX_ROW:,} bytes", "Split it.")
    text = data.decode(columns.encoding, "replace") if columns.encoding else decode(data)
    listing = Listing(file.name, text, markup="html" if suffix in HTML_SUFFIXES else None)
    return Entry(listing, file.name, 1, dict.fromkeys(columns.keep))


def decode(data: bytes) -> str:
    """Text of a file: UTF-8, or UTF-16 if it begins so; bytes that are neither become U+FFFD, which the audit reports."""
    encoding = _by_mark(data) or "utf-8"
    return data.decode(encoding, "replace")


# --- What a table is written like --------------------------------------------------------------------------------


def _suffix_of_stream(head: bytes, columns: Columns) -> str:
    first = head.removeprefix(codecs.BOM_UTF8).lstrip().split(b"\n", 1)[0]
    if first.startswith(b"{"):
        try:
            return ".jsonl" if isinstance(json.loads(first), dict) else ".txt"
        except RecursionError:
            return ".jsonl"
        except ValueError:
            return ".jsonl" if b"\n" not in head and first.startswith(b'{"') else ".txt"  # its first row goes on
    header = _header(head, _by_mark(head) or "utf-8", _delimiter_of(head, "utf-8", ".csv", columns))
    return ".csv" if len(header) > 1 and set(columns.text) <= set(header) else ".txt"


def _by_mark(head: bytes) -> str | None:
    return next((encoding for mark, encoding in _BOMS if head.startswith(mark)), None)


def _encoding_of(head: bytes, name: str) -> str:
    """UTF-8 unless the sample speaks clearly for another encoding."""
    marked = _by_mark(head)
    if marked:
        return marked
    lines = [line for line in head.split(b"\n")[:-1] or [head] if not line.isascii()]
    if any(_decodes(line, "utf-8") for line in lines) or len(lines) < _MIN_LEGACY_LINES:
        return "utf-8"
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        raise InputError(
            f"{name}: not UTF-8. Say with --encoding how it is encoded (cp1252, say), or have it detected: {EXTRA}."
        ) from None
    sample = b"\n".join(lines)
    best = from_bytes(sample, cp_isolation=[*_LATIN, *_OTHERS]).best()
    if best is None:
        return "utf-8"
    return "cp1252" if best.encoding in _LATIN and _decodes(sample, "cp1252") else best.encoding


_LATIN = ("cp1252", "cp1250", "cp1254")
"""They differ in letters that English copy hardly holds, too few to tell them by: the most common one is taken."""
_OTHERS = ("cp1251", "cp1253", "shift_jis", "gb18030", "big5", "euc_kr")


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter_of(head: bytes, encoding: str, suffix: str, columns: Columns) -> str:
    """The delimiter that finds the most of the wanted columns in the header; between equals the usual one."""
    usual = "\t" if suffix == ".tsv" else ","
    wanted = set(columns.wanted)

    def merit(delimiter: str) -> tuple[int, int, bool]:
        header = _header(head, encoding, delimiter)
        return len(wanted & set(header)), len(header), delimiter == usual

    return max(_DELIMITERS, key=merit)


def _header(head: bytes, encoding: str, delimiter: str) -> list[str]:
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return []


# --- Rows ------------------------------------------------------------------------------------------------------


class _Oversized(str):
    """Stands for a line over the limit, the rest of which was skipped."""

    __slots__ = ()


def _lines(stream: BinaryIO, encoding: str, newline: str) -> Iterator[str]:
    """Lines of a table. Bytes that are not UTF-8 become lone surrogates, so that they can be told to a column."""
    is_utf8 = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    text = io.TextIOWrapper(stream, encoding, "surrogateescape" if is_utf8 else "replace", newline)
    while line := text.readline(MAX_ROW):
        if len(line) == MAX_ROW and not line.endswith(("\n", "\r")):
            while (rest := text.readline(MAX_ROW)) and not rest.endswith(("\n", "\r")):
                pass
            line = _Oversized("\n")
        yield line
    text.detach()


Row = Mapping[str, Any]
"""Values of the wanted columns that a row has."""


def _too_long(file: Input, row: int) -> Rejected:
    return Rejected(file.name, row, None, f"the row holds more than {MAX_ROW:,} characters", "Split it.")


def _json_rows(lines: Iterable[str], file: Input) -> Iterator[tuple[int, Row | Rejected]]:
    for number, line in enumerate(lines, 1):
        if isinstance(line, _Oversized):
            yield number, _too_long(file, number)
            continue
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            broken = _UNDECODED.search(line)
            reason = "bytes that are not UTF-8" if broken else f"not JSON ({error})"
            mend = _MEND_ENCODING if broken else "Write one object a line."
            yield number, Rejected(file.name, number, None, reason, mend)
            continue
        if isinstance(row, dict):
            is_clean = line.isascii() or not _UNDECODED.search(line)
            yield number, _Clean(row) if is_clean else row
        else:
            reason = f"a JSON object was expected, got {type(row).__name__}"
            yield number, Rejected(file.name, number, None, reason, "Write one object a line.")


class _Clean(dict[str, Any]):
    """A row whose bytes were all decoded: surrogates in it were written as escapes, which the audit reports."""

    __slots__ = ()


_MEND_ENCODING = "Write the file as UTF-8, or say with --encoding how it is encoded."


def _csv_rows(lines: Iterator[str], file: Input, columns: Columns) -> Iterator[tuple[int, Row | Rejected]]:
    """Rows by the header. After a row that is no CSV the next line is read as a new one."""
    cut: list[int] = []

    def noted() -> Iterator[str]:
        for number, line in enumerate(lines, 1):
            if isinstance(line, _Oversized):
                cut.append(number)
            yield line

    assert file.delimiter is not None
    reader = csv.reader(noted(), delimiter=file.delimiter, strict=True)
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise InputError(f"{file.name}:1: the header is not CSV ({error}). Mend it.") from error
    places = _places(header, f"{file.name}:1", columns)
    first = reader.line_num + 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            is_large = "field larger" in str(error)
            reason = f"a cell holds more than {MAX_ROW:,} characters" if is_large else f"not CSV ({error})"
            mend = "Double the quotation marks inside a cell, and close those around it."
            if reader.line_num > first:  # the lines after the first are rows that nobody sees
                reason += f"; an open quotation mark takes in lines {first} to {reader.line_num}: none of them was read"
                mend = "Close the quotation mark, or double it if it belongs to the text, and read those lines again."
            yield first, Rejected(file.name, first, None, reason, mend)
        else:
            if cut:
                yield first, _too_long(file, first)
            elif len(cells) > len(header):
                reason = f"{len(cells) - len(header)} cell(s) more than the header has"
                mend = f"Quote cells that hold {file.delimiter!r}."
                if reader.line_num > first:
                    reason += f", in lines {first} to {reader.line_num}"
                    mend += " Close the quotation marks around a cell."
                yield first, Rejected(file.name, first, None, reason, mend)
            elif cells:
                yield first, {name: cells[place] for name, place in places.items() if place < len(cells)}
        cut.clear()
        first = reader.line_num + 1


def _places(header: Sequence[Any], where: str, columns: Columns) -> dict[str, int]:
    """Where the wanted columns of a table stand; those that were named must be there."""
    needed = [*columns.text, *columns.keep, *([columns.id] if columns.id else [])]
    for name in needed:
        if name not in header:
            found = ", ".join(str(cell) for cell in header) or "none"
            option = "--text" if name in columns.text else "--keep" if name in columns.keep else "--id-column"
            more = ", several as --text title,bullets" if option == "--text" else ""
            raise InputError(f"{where}: no column '{name}' (found: {found}). Name the right one with {option}{more}.")
    for name in columns.wanted:
        if list(header).count(name) > 1:
            raise InputError(f"{where}: the column '{name}' stands twice. Rename one.")
    return {name: list(header).index(name) for name in columns.wanted if name in header}


def read_row(row: Row, columns: Columns, *, settings: Sequence[str] | None = None) -> Entry | Rejected:
    """One row that stands in no file: what `read_listings` makes of it, but that ids are not compared.

    Texts are given as `str` or as the bytes of their UTF-8. File and row of the result are empty.
    """
    return _of_known_setting(_entry(0, row, "", columns), settings, columns)


def read_cell(name: str, row: Row) -> str | None:
    """A cell as text, None where it is empty or cannot be read."""
    try:
        return _cell(name, row)
    except _BadCellError:
        return None


def _listings(rows: Iterator[tuple[int, Row | Rejected]], file: Input, columns: Columns) -> Iterator[Entry | Rejected]:
    for number, row in rows:
        file.rows += 1
        yield row if isinstance(row, Rejected) else _entry(number, row, file.name, columns)


class _BadCellError(Exception):
    """A cell that makes its row unreadable: column, reason, mend."""


def _entry(number: int, row: Row, file: str, columns: Columns) -> Entry | Rejected:
    try:
        id_ = _id(number, row, file, columns)
        texts = {name: text for name in columns.text if (text := _text(name, row)) is not None}
        if not any(text.strip() for text in texts.values()):
            name = columns.text[0] if len(columns.text) == 1 else ",".join(columns.text)
            reason = "is blank" if texts else "is missing"
            raise _BadCellError(name, reason, "Give the copy as a string.")
        setting = _cell(columns.setting, row)
        kept = {name: _cell(name, row) for name in columns.keep}
    except _BadCellError as bad:
        column, reason, mend = bad.args
        return Rejected(file, number, column, reason, mend)
    setting = None if setting in (None, "", "unknown", "auto") else setting
    return Entry(Listing.of_row(id_, texts, columns.text, setting=setting), file, number, kept)


def _id(number: int, row: Row, file: str, columns: Columns) -> str:
    if columns.id is None and columns.id_name not in row:
        return f"{file}:{number}"
    value = row.get(columns.id_name)
    if isinstance(value, bool | list | dict):
        raise _BadCellError(columns.id_name, f"is {type(value).__name__}, not text", "Give the id as a string.")
    id_ = _cell(columns.id_name, row)
    if id_ is None or not id_.strip():
        raise _BadCellError(columns.id_name, "is missing", "Give each listing an id.")
    return id_


def _text(name: str, row: Row) -> str | None:
    value = row.get(name)
    if value is not None and not isinstance(value, str | bytes):
        raise _BadCellError(name, f"is {type(value).__name__}, not text", "Give the copy as a string.")
    return _cell(name, row)


def _cell(name: str, row: Row) -> str | None:
    """A cell as text; of other values, numbers and dates as they are written, truth values, lists and objects as JSON."""
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if isinstance(value, str):
        if len(value) > MAX_ROW:
            raise _BadCellError(name, f"holds more than {MAX_ROW:,} characters", "Split it.")
        if not value.isascii() and not isinstance(row, _Clean) and _UNDECODED.search(value):
            raise _BadCellError(name, "holds bytes that are not UTF-8", _MEND_ENCODING)
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, bool | int | float | list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


# --- Tables that are not read from front to back -----------------------------------------------------------------


def _read_seekable(stream: BinaryIO, file: Input, suffix: str, columns: Columns) -> Iterator[Entry | Rejected]:
    """Parquet and Excel: hashed first, then read."""
    digest = hashlib.sha256()
    size = 0
    while chunk := stream.read(1 << 20):
        digest.update(chunk)
        size += len(chunk)
    file.sha256 = digest.hexdigest()
    stream.seek(0)
    file.format = suffix.removeprefix(".")
    rows = _parquet_rows(stream, file, columns, size) if suffix == ".parquet" else _excel_rows(stream, file, columns)
    yield from _listings(rows, file, columns)
    file.read = size


def _parquet_rows(stream: BinaryIO, file: Input, columns: Columns, size: int) -> Iterator[tuple[int, Row | Rejected]]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise InputError(f"{file.name}: Parquet is read with the extra 'batch': {EXTRA}.") from None
    try:
        # A small buffer, so that a row group is read page by page, not whole.
        table = pq.ParquetFile(stream, buffer_size=1 << 16, pre_buffer=False)
        names = table.schema_arrow.names
        places = _places(names, file.name, columns)
        for name in columns.text:
            kind = table.schema_arrow.field(name).type
            kind = kind.value_type if pa.types.is_dictionary(kind) else kind
            if not any(test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)):
                raise InputError(f"{file.name}: column '{name}' is {kind}, not text. Name another with --text.")
        _check_packing(table.metadata, file.name, size)
        total = table.metadata.num_rows
        number = 0
        for batch in table.iter_batches(_PARQUET_ROWS, columns=list(places), use_threads=False):
            # As bytes, so that a cell that is not UTF-8 costs its row alone.
            values = {name: as_bytes(batch.column(name), pa).to_pylist() for name in batch.schema.names}
            for row in zip(*values.values(), strict=True):
                number += 1
                yield number, dict(zip(values, row, strict=True))
            file.read = size * number // max(total, 1)
    except (ClaimAuditError, MemoryError):
        raise
    except Exception as error:  # pyarrow raises whatever the damage leads to
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{file.name}: not Parquet, or damaged: {why}. Write it anew.") from error


def _check_packing(metadata: Any, name: str, size: int) -> None:
    # Of row groups alone: asked for a damaged column, pyarrow ends the process.
    unpacked = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    if unpacked > _PARQUET_BYTES and unpacked > _PARQUET_RATIO * size:
        raise InputError(f"{name}: unpacks to {unpacked:,} bytes from {size:,}, which no copy does. Write the file anew.")


def as_bytes(column: Any, pa: Any) -> Any:
    """An Arrow column of strings as their bytes, so that one that is not UTF-8 can be told; another column as it is."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.binary())
    return column.cast(pa.large_binary()) if pa.types.is_large_string(kind) else column


def _excel_rows(stream: BinaryIO, file: Input, columns: Columns) -> Iterator[tuple[int, Row | Rejected]]:
    """Rows of the first sheet; of a formula, the value that was saved with it."""
    rows = workbook_rows(stream, name=file.name)
    places = _places(next(rows, ()), f"{file.name}:1", columns)
    for number, cells in enumerate(rows, 2):
        if any(cell is not None for cell in cells):
            yield number, {name: cells[place] for name, place in places.items() if place < len(cells)}
