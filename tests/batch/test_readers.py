"""Every kind of input gives the same listings, and a bad row costs itself alone."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import sys
import tracemalloc
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from openpyxl import Workbook

from claimaudit.batch import readers
from claimaudit.batch.readers import Columns, Entry, Inputs, Rejected, read_listings, suffix_of
from claimaudit.errors import InputError, SettingsError

ROWS = [
    {"id": "a", "title": "Pen, USB", "body": 'Says "no pain".\nTwo lines.', "shop": "s1"},
    {"id": "b", "title": "Crème", "body": "Fades spots; slowly.", "shop": None},
]
COLUMNS = Columns(text=("title", "body"), keep=("shop",))


def as_csv(rows: list[dict[str, Any]], delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def as_jsonl(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def write_xlsx(path: Path, rows: list[list[Any]]) -> None:
    workbook = Workbook()
    assert workbook.active is not None
    for row in rows:
        workbook.active.append(row)
    workbook.save(path)


def read(path: Path | str, columns: Columns = COLUMNS, **options: Any) -> list[Entry | Rejected]:
    return list(read_listings([str(path)], columns=columns, **options))


def entries(path: Path | str, columns: Columns = COLUMNS) -> list[Entry]:
    items = read(path, columns)
    assert not [item for item in items if isinstance(item, Rejected)]
    return [item for item in items if isinstance(item, Entry)]


def rejected(path: Path | str, columns: Columns = COLUMNS, **options: Any) -> list[tuple[int, str | None, str]]:
    return [(item.row, item.column, item.reason) for item in read(path, columns, **options) if isinstance(item, Rejected)]


KINDS = (
    "csv semicolons.csv tsv pipes.csv cp1252.csv utf-16.csv bom.csv csv.gz jsonl jsonl.gz jsonl.zst parquet "
    "dictionary.parquet xlsx"
)


@pytest.fixture(params=KINDS.split())
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The same rows in each kind of table."""
    name: str = request.param
    path = tmp_path / f"goods.{name}"
    if name.endswith("parquet"):
        data = pa.Table.from_pylist(ROWS)
        if name.startswith("dictionary"):
            data = data.set_column(1, "title", data["title"].dictionary_encode())
        pq.write_table(data, path)
    elif name == "xlsx":
        write_xlsx(path, [list(ROWS[0]), *(list(row.values()) for row in ROWS)])
    elif "jsonl" in name:
        raw = as_jsonl(ROWS).encode()
        packed = {"jsonl": raw, "jsonl.gz": gzip.compress(raw), "jsonl.zst": zstandard.compress(raw)}
        path.write_bytes(packed[name])
    else:
        delimiter = {"semicolons.csv": ";", "tsv": "\t", "pipes.csv": "|"}.get(name, ",")
        text = as_csv(ROWS, delimiter)
        if name == "cp1252.csv":  # what tells the encoding must be there
            text += "".join(f"x{n},Café crème,Très bien – “déjà vu” {n},s\r\n" for n in range(20))
        encoding = {"cp1252.csv": "cp1252", "utf-16.csv": "utf-16", "bom.csv": "utf-8-sig"}.get(name, "utf-8")
        raw = text.encode(encoding)
        path.write_bytes(gzip.compress(raw) if name.endswith("gz") else raw)
    return path


def test_every_table_gives_the_same_listings(table: Path) -> None:
    first, second = entries(table)[:2]
    assert first.listing.id == "a"
    assert [(part.field, part.text.replace("\r\n", "\n")) for part in first.listing.parts] == [
        ("title", "Pen, USB"),
        ("body", 'Says "no pain".\nTwo lines.'),
    ]
    assert first.kept == {"shop": "s1"}
    assert second.listing.parts[0].text == "Crème"
    assert second.kept["shop"] in (None, "")
    assert second.row > first.row


def test_inputs_are_described(table: Path) -> None:
    inputs = Inputs()
    read(table, inputs=inputs)
    (about,) = [file.described() for file in inputs.files]
    assert about["sha256"] == __import__("hashlib").sha256(table.read_bytes()).hexdigest()
    assert about["size"] == table.stat().st_size == inputs.total == inputs.read
    assert about["rows"] >= 2
    assert about["format"] == suffix_of(table.name)[1:]


def test_what_is_set_is_not_detected(tmp_path: Path) -> None:
    path = tmp_path / "goods.csv"
    path.write_bytes("id;text\na;£9, no pain\n".encode("cp850"))
    (entry,) = entries(path, Columns(delimiter=";", encoding="cp850"))
    assert entry.listing.text == "£9, no pain"
    with pytest.raises(SettingsError, match="no encoding 'utf-9'"):
        Columns(encoding="utf-9")
    with pytest.raises(SettingsError, match="must be one character"):
        Columns(delimiter="::")
    with pytest.raises(SettingsError, match="named twice"):
        Columns(text=("a", "a"))


def test_one_text_column_is_the_field(tmp_path: Path) -> None:
    path = tmp_path / "goods.csv"
    path.write_text("copy\nNo pain\n\nNo scars\n", "utf-8")
    first, second = entries(path, Columns(text=("copy",)))
    assert (first.listing.field, first.listing.id, first.listing.parts) == ("copy", f"{path}:2", ())
    assert second.listing.id == f"{path}:4"


@pytest.mark.parametrize("form", ["csv", "jsonl", "xlsx", "parquet"])
def test_bad_rows(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"goods.{form}"
    columns = Columns(text=("title", "body"), id="id")
    rows: list[dict[str, Any]] = [
        {"id": "a", "title": "Pen", "body": None},
        {"id": "a", "title": "Again", "body": "x"},
        {"id": None, "title": "Pen", "body": "x"},
        {"id": "  ", "title": "Pen", "body": "x"},
        {"id": "b", "title": None, "body": None},
        {"id": "b2", "title": " ", "body": "\u00a0"},
        {"id": "b3", "title": "", "body": "x"},
        {"id": "c", "title": "Pen", "body": "x"},
    ]
    first = 1
    if form == "csv":
        path.write_text(as_csv(rows), "utf-8")
        first = 2
    elif form == "jsonl":
        path.write_text(as_jsonl(rows), "utf-8")
    elif form == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        write_xlsx(path, [["id", "title", "body"], *(list(row.values()) for row in rows)])
        first = 2
    found = rejected(path, columns)
    wanted = [
        (first + 1, "id", f"repeats the id 'a' of {path}:{first}"),
        (first + 2, "id", "is missing"),
        (first + 3, "id", "is missing"),
    ]
    wanted.append((first + 4, "title,body", "is blank" if form == "csv" else "is missing"))
    wanted.append((first + 5, "title,body", "is blank"))
    assert found == wanted
    assert [item.listing.id for item in read(path, columns) if isinstance(item, Entry)] == ["a", "b3", "c"]


def test_values_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "goods.jsonl"
    rows = [
        {"id": 5, "text": "fine", "shop": {"name": "é"}},
        {"id": "n", "text": 5},
        {"id": ["x"], "text": "y"},
        {"id": 7.0, "text": "fine", "shop": 2.5},
        {"text": "fine"},
        {"id": True, "text": "fine"},
    ]
    path.write_text(as_jsonl(rows), "utf-8")
    columns = Columns(keep=("shop",))
    assert rejected(path, columns) == [
        (2, "text", "is int, not text"),
        (3, "id", "is list, not text"),
        (6, "id", "is bool, not text"),
    ]
    good = [(item.listing.id, item.kept["shop"]) for item in read(path, columns) if isinstance(item, Entry)]
    assert good == [("5", '{"name": "é"}'), ("7", "2.5"), (f"{path}:5", None)]
    assert (5, "id", "is missing") in rejected(path, Columns(id="id"))


def test_broken_bytes_cost_their_row_and_name_their_column(tmp_path: Path) -> None:
    path = tmp_path / "goods.csv"
    path.write_bytes(
        "id,text,shop\na,fine é,\nb,brok\xff\xfeen,\nc,fine,x\xff\n".encode("latin-1").replace(b"\xe9", "é".encode())
    )
    assert rejected(path, Columns()) == [(3, "text", "holds bytes that are not UTF-8")]
    assert rejected(path, Columns(keep=("shop",)))[1][:2] == (4, "shop")
    lines = tmp_path / "goods.jsonl"
    lines.write_bytes(
        b'{"id": "a", "text": "brok\xffen"}\n{"id": "b", "text": "escaped \\udcff"}\n{"id": "c", "te\xffxt": 1'
    )
    assert rejected(lines, Columns()) == [
        (1, "text", "holds bytes that are not UTF-8"),
        (3, None, "bytes that are not UTF-8"),
    ]
    parquet = tmp_path / "goods.parquet"
    broken = pa.Array.from_buffers(pa.string(), 2, pa.array([b"fine", b"brok\xff"], pa.binary()).buffers())
    pq.write_table(pa.table({"id": ["a", "b"], "text": broken}), parquet)
    assert rejected(parquet, Columns()) == [(2, "text", "holds bytes that are not UTF-8")]


def test_a_lone_broken_line_makes_no_other_encoding(tmp_path: Path) -> None:
    path = tmp_path / "goods.csv"
    path.write_bytes(b"id,text\na,fine\nb,caf\xe9\nc,fine\n")
    assert rejected(path, Columns()) == [(3, "text", "holds bytes that are not UTF-8")]


def test_csv_that_is_none_costs_its_rows_alone(tmp_path: Path) -> None:
    path = tmp_path / "goods.csv"
    path.write_text('id,text\na,fine\nb,too,many\nc,"6" pen"\nd,short\ne\nf,fine\n', "utf-8")
    found = rejected(path, Columns())
    assert found[0] == (3, None, "1 cell(s) more than the header has")
    assert found[1][0] == 4
    assert found[1][2].startswith("not CSV (")
    assert found[2] == (6, "text", "is missing")
    assert [item.listing.id for item in read(path, Columns()) if isinstance(item, Entry)] == ["a", "d", "f"]


@pytest.mark.parametrize(
    ("lines", "last", "why", "read_on"),
    [
        (["b,fine", "c,fine", "d,fine"], 5, "unexpected end of data", []),
        (["b,fine", 'c,"fine"', "d,fine"], 4, "expected after", ["d"]),
        (["b,fine", "c,fine", 'd,a "quoted" word', "e,fine"], 5, "expected after", ["e"]),
    ],
)
def test_an_open_quote_names_the_lines_that_it_takes_in(
    tmp_path: Path, lines: list[str], last: int, why: str, read_on: list[str]
) -> None:
    path = tmp_path / "goods.csv"
    path.write_text("\n".join(["id,text", 'a,"opened', *lines]) + "\n", "utf-8")
    (bad,) = [item for item in read(path, Columns()) if isinstance(item, Rejected)]
    assert bad.row == 2
    assert why in bad.reason
    assert bad.reason.endswith(f"; an open quotation mark takes in lines 2 to {last}: none of them was read")
    assert bad.mend.startswith("Close the quotation mark")
    assert [item.listing.id for item in read(path, Columns()) if isinstance(item, Entry)] == read_on


def test_a_row_of_several_lines_with_too_many_cells_names_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "goods.csv"
    path.write_text('id,text\na,"opened\nb,fine\nc,",fine\nd,fine\n', "utf-8")
    assert rejected(path, Columns()) == [(2, None, "1 cell(s) more than the header has, in lines 2 to 4")]


def test_oversized_rows_are_rejected_without_being_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "MAX_ROW", 1000)
    limit = csv.field_size_limit(1000)
    try:
        lines = tmp_path / "goods.jsonl"
        lines.write_text(as_jsonl([{"id": "a", "text": "x" * 5000}, {"id": "b", "text": "fine"}]), "utf-8")
        assert rejected(lines, Columns()) == [(1, None, "the row holds more than 1,000 characters")]
        table = tmp_path / "goods.csv"
        table.write_text("id,text\na,{}\nb,fine\n".format("x" * 5000), "utf-8")
        assert rejected(table, Columns()) == [(2, None, "the row holds more than 1,000 characters")]
        open_quote = tmp_path / "open.csv"
        open_quote.write_text('id,text\na,"opened\n' + "b,fine\n" * 300, "utf-8")
        found = rejected(open_quote, Columns())
        assert found[0][0] == 2
        assert "lines 2 to" in found[0][2]
        document = tmp_path / "long.txt"
        document.write_text("x" * 1001, "utf-8")
        assert rejected(document, Columns()) == [(1, None, "the file holds more than 1,000 bytes")]
        parquet = tmp_path / "goods.parquet"
        pq.write_table(pa.table({"id": ["a", "b"], "text": ["x" * 1001, "fine"]}), parquet)
        assert rejected(parquet, Columns()) == [(1, "text", "holds more than 1,000 characters")]
    finally:
        csv.field_size_limit(limit)


def test_a_bomb_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "MAX_ROW", 1_000_000)
    path = tmp_path / "bomb.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as out:
        for _ in range(60):
            out.write(bytes(1_000_000).replace(b"\0", b"x"))
        out.write(b'\n{"id": "b", "text": "fine"}\n')
    tracemalloc.start()
    items = read(path, Columns())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [type(item) for item in items] == [Rejected, Entry]
    assert peak < 16_000_000


def test_a_sheet_that_misstates_its_size_loses_no_row(tmp_path: Path) -> None:
    path, out = tmp_path / "full.xlsx", tmp_path / "goods.xlsx"
    book = Workbook()
    for cells in (["id", "text"], ["a", "No pain!"], ["b", "Fades."]):
        book.active.append(cells)
    book.save(path)
    with zipfile.ZipFile(path) as full, zipfile.ZipFile(out, "w") as told:
        for name in full.namelist():
            data = full.read(name)
            if name.endswith("sheet1.xml"):
                assert b'ref="A1:B3"' in data
                data = data.replace(b'ref="A1:B3"', b'ref="A1"')
            told.writestr(name, data)
    assert [entry.listing.id for entry in read(out, Columns(id="id")) if isinstance(entry, Entry)] == ["a", "b"]


def test_settings_are_those_of_the_pack(tmp_path: Path) -> None:
    path = tmp_path / "goods.csv"
    path.write_text("id,text,setting\na,x,spa\nb,x,home\nc,x,auto\nd,x,\n", "utf-8")
    assert rejected(path, Columns(), settings=("home", "clinic")) == [
        (2, "setting", "is 'spa', which is no setting of the pack")
    ]
    assert [item.listing.setting for item in read(path, Columns()) if isinstance(item, Entry)] == ["spa", "home", None, None]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("goods.csv", b"sku,copy\n1,x\n", r"no column 'text' \(found: sku, copy\)"),
        ("goods.csv", b"", r"no column 'text' \(found: none\)"),
        ("goods.csv", b"id,text,text\n1,x,y\n", "the column 'text' stands twice"),
        ("goods.jsonl.gz", b"plain", "not packed as its name says"),
        ("goods.jsonl.gz", gzip.compress(b'{"id": 1, "text": "x"}\n' * 9)[:-12], "damaged"),
        ("goods.jsonl.zst", zstandard.compress(b'{"id": 1, "text": "x"}\n' * 9)[:-5], "damaged: it ends before"),
        ("broken.jsonl.zst", b"\x28\xb5\x2f\xfd" + b"\xff" * 40, "damaged"),
        ("goods.parquet", b"PAR1 no more", "not Parquet, or damaged"),
        ("goods.xlsx", b"PK no more", "not an Excel workbook, or damaged"),
        ("goods.doc", b"", "files ending in '.doc' are not read"),
    ],
)
def test_files_that_cannot_be_read(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as raised:
        read(tmp_path / name, Columns())
    assert name in str(raised.value)


def test_a_parquet_column_of_numbers_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": ["a"], "text": [5]}), tmp_path / "goods.parquet")
    with pytest.raises(InputError, match="column 'text' is int64, not text"):
        read(tmp_path / "goods.parquet", Columns())


def test_a_folder_gives_its_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.txt").write_text("No pain", "utf-8")
    (tmp_path / "sub" / "a.html").write_text("<p>No pain</p>", "utf-8")
    (tmp_path / "own.jsonl").write_text("not input", "utf-8")
    (tmp_path / "image.png").write_bytes(b"")
    items = list(read_listings([str(tmp_path)], exclude=[tmp_path / "own.jsonl"]))
    assert [item.listing.id for item in items if isinstance(item, Entry)] == [
        str(tmp_path / "b.txt"),
        str(tmp_path / "sub" / "a.html"),
    ]


@pytest.mark.parametrize(
    ("given", "ids"),
    [
        (b'{"id": "a", "text": "No pain"}\n', ["a"]),
        (codecs.BOM_UTF8 + b'{"id": "a", "text": "No pain"}\n', ["a"]),
        (gzip.compress(b'{"id": "a", "text": "No pain"}\n'), ["a"]),
        (b"id;text\nb;No pain\n", ["b"]),
        (b"{braces} and, text\nNo pain", ["<stdin>"]),
        (b"text\nNo pain", ["<stdin>"]),
        (b'{"a": ' + b"[" * 50_000 + b'\n{"id": "c", "text": "No pain"}\n', ["c"]),
        (b"", ["<stdin>"]),
    ],
)
def test_standard_input(given: bytes, ids: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
    assert [item.listing.id for item in read("-", Columns()) if isinstance(item, Entry)] == ids


def test_urls(monkeypatch: pytest.MonkeyPatch) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe("/shop/a.jsonl", b'{"id": "a", "text": "No pain"}\n')
    memory.pipe("/shop/b.csv", b"id,text\nb,No pain\n")
    try:
        ids = [item.listing.id for item in read("memory://shop", Columns()) if isinstance(item, Entry)]
        assert ids == ["a", "b"]
        assert entries("memory://shop/b.csv", Columns())[0].listing.text == "No pain"
        with pytest.raises(InputError, match=r"memory://shop/none\.csv: cannot be read"):
            read("memory://shop/none.csv", Columns())
    finally:
        memory.rm("/shop", recursive=True)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(InputError, match=r"with the extra 'batch': pip install 'claimaudit\[batch\]'"):
        read("memory://shop/b.csv", Columns())


@pytest.mark.parametrize(
    ("module", "name", "extra"),
    [
        ("pyarrow", "goods.parquet", "batch"),
        ("openpyxl", "goods.xlsx", "excel"),
        ("zstandard", "goods.jsonl.zst", "batch"),
    ],
)
def test_a_missing_extra_is_named(
    module: str, name: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_bytes(zstandard.compress(b"{}"))
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=rf"claimaudit\[{extra}\]"):
        read(tmp_path / name, Columns())


def test_decimals_and_dates_are_written_plainly(tmp_path: Path) -> None:
    path = tmp_path / "goods.parquet"
    row = {"id": Decimal("12.50"), "text": "No pain!", "listed": date(2026, 3, 1), "tags": ["a", "b"], "sold": True}
    pq.write_table(pa.Table.from_pylist([row]), path)
    (entry,) = read(path, Columns(id="id", keep=("listed", "tags", "sold")))
    assert isinstance(entry, Entry)
    assert entry.listing.id == "12.50"
    assert entry.kept == {"listed": "2026-03-01", "tags": '["a", "b"]', "sold": "true"}
