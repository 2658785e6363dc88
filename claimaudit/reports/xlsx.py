"""The workbook for teams that live in Excel: summary, findings with a place for the decision, listings, evidence, sources.

Listing text is hostile: every cell but a number is a string, and nothing of a listing becomes a formula or a link.
`claimaudit.decisions.review` reads the decisions back.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from claimaudit.decisions.baseline import Choice, Known, decision_key, flagged_as_known, ground_mark
from claimaudit.decisions.review import CUT, SHEET
from claimaudit.errors import InputError, OutputError
from claimaudit.reports.html import KINDS, NEAR_MISS, kind_of, plain, web_link
from claimaudit.reports.listings import priority
from claimaudit.types import AuditResult, Finding, Limitation, NearMiss, Rule, Signature, Source, to_record

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

MAX_CELL = 32_767
"""Characters that a cell can hold (Excel's specification), and rows that a sheet can."""
MAX_ROWS = 1_048_576
_MAX_LINK = 2_000

SIGNS = {"contradicted": "◆", "overstated": "▲", "consistent": "●", NEAR_MISS: "○"}
_COLOURS = {
    "contradicted": ("#A1252B", "#F9E1DF"),
    "overstated": ("#855400", "#F8ECD2"),
    "consistent": ("#2C6650", "#E3F0E9"),
    NEAR_MISS: ("#5C6470", "#ECEEF1"),
}
"""Ink and paper, as on the HTML page."""

_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CREATED = datetime(2000, 1, 1)  # the same results give the same bytes

_WRAP, _LINE, _NUMBER, _SIGN = "wrap", "line", "number", "sign"
Columns = dict[str, tuple[float, str]]
"""Header to width (characters) and kind of cell."""

_FINDINGS: Columns = {
    " ": (3, _SIGN),
    "Verdict": (13, _SIGN),
    "Review": (8, _LINE),
    "Claim type": (20, _LINE),
    "Listing id": (22, _WRAP),
    "Field": (9, _LINE),
    "Claim": (28, _WRAP),
    "Sentence": (46, _WRAP),
    "What the evidence says": (46, _WRAP),
    "Would hold": (36, _WRAP),
    "Decision": (11, _WRAP),
    "Reason": (32, _WRAP),
    "Wording": (32, _WRAP),
    "Reviewer": (12, _WRAP),
    "Decided at": (12, _LINE),
    "Expires": (12, _LINE),
    "Disclaimers": (30, _WRAP),
    "Substantiation ids": (20, _WRAP),
    "Covered until": (12, _LINE),
    "Evidence": (30, _WRAP),
    "Grade": (10, _LINE),
    "Rule ids": (22, _LINE),
    "Source ids": (22, _LINE),
    "Strength": (10, _LINE),
    "Assertion": (11, _LINE),
    "Setting": (9, _LINE),
    "Modality": (16, _LINE),
    "Conditions": (16, _LINE),
    "Confidence": (11, _NUMBER),
    "Start": (8, _NUMBER),
    "End": (8, _NUMBER),
    "Why": (40, _LINE),
    "Key": (24, _LINE),
    "Grounds": (24, _LINE),
    "Rules": (24, _LINE),
}
_HIDDEN = ("Key", "Grounds", "Rules")
_TO_FILL = ("Decision", "Reason", "Wording", "Reviewer", "Decided at", "Expires")
_DATES = ("Decided at", "Expires")
_LISTINGS: Columns = {
    "Listing id": (26, _WRAP),
    "Field": (9, _LINE),
    "Setting": (10, _LINE),
    "Product": (18, _LINE),
    "In scope": (9, _LINE),
    "Sentences": (10, _NUMBER),
    "Contradicted": (13, _NUMBER),
    "Overstated": (11, _NUMBER),
    "Consistent": (11, _NUMBER),
    "Near misses": (12, _NUMBER),
    "For review": (11, _NUMBER),
    "In the baseline": (14, _NUMBER),
    "Priority": (9, _NUMBER),
    "Read whole": (11, _LINE),
    "Not checked": (60, _WRAP),
}
_EVIDENCE: Columns = {
    "Kind": (12, _LINE),
    "Id": (34, _LINE),
    "Cited": (8, _NUMBER),
    "Statement": (70, _WRAP),
    "Holds at most, or acceptable": (50, _WRAP),
    "Grade": (10, _LINE),
    "Authority": (40, _WRAP),
    "Jurisdiction": (12, _LINE),
    "Claim types": (30, _WRAP),
    "Setting": (9, _LINE),
    "Reviewed on": (12, _LINE),
    "Review by": (12, _LINE),
    "Source ids": (34, _WRAP),
}
_SOURCES: Columns = {
    "Id": (28, _LINE),
    "Kind": (14, _LINE),
    "Citation": (80, _WRAP),
    "Supports": (60, _WRAP),
    "Link": (50, _LINE),
}


def write(results: Iterable[AuditResult], out: Path | BinaryIO, *, show: str = "all", not_read: Sequence[str] = ()) -> None:
    """Write results as a workbook, as a stream; the same results give the same bytes.

    Parameters
    ----------
    results
        Audited listings; a row each on `Listings`, and their findings on `Findings` with a drop-down for the decision.
    out
        A file, or a binary stream.
    show
        `all` findings (and the near misses that are marked for review), the `flagged` ones, or the `near-misses` alone.
    not_read
        What could not even be read as a listing, one message each; looked at after `results`.

    Raises
    ------
    InputError
        xlsxwriter is not installed, or a sheet would have more rows than Excel reads.
    OutputError
        The file cannot be written.
    """
    try:
        import xlsxwriter
    except ImportError:
        raise InputError("writing a workbook needs xlsxwriter. Install claimaudit[excel].") from None
    from xlsxwriter.exceptions import FileCreateError

    name = out.name.removeprefix(".").removesuffix(".part") if isinstance(out, Path) else "the workbook"
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    try:
        with xlsxwriter.Workbook(str(out) if isinstance(out, Path) else out, options) as book:
            book.set_properties({"title": "claimaudit", "created": _CREATED})
            _Desk(book).fill(results, show, not_read)
    except FileCreateError as error:
        raise OutputError(f"{name}: cannot be written: {error}. Close it elsewhere, or choose another place.") from error


class _Desk:
    """The sheets of one workbook, in the order in which they are read; the summary is written last."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._formats = _Formats(book)
        self._summary = book.add_worksheet("Summary")
        self._findings = self._table(SHEET, _FINDINGS, frozen=2)
        self._listings = self._table("Listings", _LISTINGS, frozen=1)
        self._evidence = self._table("Evidence", _EVIDENCE, frozen=2)
        self._sources = self._table("Sources", _SOURCES, frozen=1)
        self._entries: dict[tuple[str, str], Limitation | Rule] = {}
        self._cited = Counter[tuple[str, str]]()
        self._counts: dict[str, Counter[str]] = {}
        self._totals = Counter[str]()
        self._signatures: dict[str, None] = {}

    def fill(self, results: Iterable[AuditResult], show: str, not_read: Sequence[str]) -> None:
        for result in results:
            self._signatures.setdefault(str(result.signature))
            self._listing(result)
            flagged = {known.key: known for known in flagged_as_known(result)}
            for item in _items(result, show):
                self._finding(item, result.signature, flagged)
        for (kind, _), entry in self._entries.items():
            self._evidence.add(*_entry_row(kind, entry, self._cited[kind, ground_mark(entry)]))
        for source in {source.id: source for entry in self._entries.values() for source in entry.sources}.values():
            self._source(source)
        for sheet in (self._findings, self._listings, self._evidence, self._sources):
            sheet.close()
        decision = list(_FINDINGS).index("Decision")
        self._findings.sheet.data_validation(
            1, decision, max(self._findings.rows - 1, 1), decision,
            {
                "validate": "list", "source": [choice.value for choice in Choice], "error_title": "Decision",
                "error_message": "Choose agree, disagree or reword, or leave it empty.",
            },
        )  # fmt: skip
        self._write_summary(not_read)

    def _table(self, name: str, columns: Columns, *, frozen: int) -> _Table:
        return _Table(self._book.add_worksheet(name), columns, self._formats, frozen)

    def _listing(self, result: AuditResult) -> None:
        verdicts = Counter(finding.verdict.value for finding in result.findings)
        for finding in result.findings:
            self._counts.setdefault(finding.claim.type, Counter())[finding.verdict.value] += 1
        reviews = sum(finding.review for finding in result.findings) + sum(miss.review for miss in result.near_misses)
        scope = result.scope
        self._totals.update(
            listings=1,
            flagged=bool(result.flagged),
            sentences=len(result.sentences),
            near_misses=len(result.near_misses),
            review=reviews,
            covered=sum(bool(finding.substantiation) for finding in result.findings),
            suppressed=len(result.suppressed),
            incomplete=not result.is_complete,
            outside=not scope.in_scope,
        )
        self._listings.add(
            result.listing.id,
            result.listing.field,
            scope.assumed_setting,
            scope.product_class or "",
            _yes(scope.in_scope),
            len(result.sentences),
            verdicts["contradicted"],
            verdicts["overstated"],
            verdicts["consistent"],
            len(result.near_misses),
            reviews,
            len(result.suppressed),
            priority(result),
            _yes(result.is_complete),
            "\n".join(dict.fromkeys(note.message for note in result.unchecked)),
        )

    def _finding(self, item: Finding | NearMiss, signature: Signature, flagged: Mapping[str, Known]) -> None:
        record = to_record(item, signature)
        key = decision_key(*(record[name] for name in ("listing_id", "field", "claim_type", "sentence")))
        # A decision is on all that is flagged under a key: a sentence that stands twice may have other grounds there.
        known = flagged.get(key) or (Known.of(item) if isinstance(item, Finding) else None)
        if isinstance(item, Finding):
            for ground in (*item.limitations, *item.permissions):
                self._cite(ground.kind, ground)
            for rule in item.rules:
                self._cite("rule", rule)
        kind = kind_of(item)
        values = {
            " ": SIGNS[kind],
            "Verdict": plain(kind),
            "Review": "for review" if item.review else "",
            "Claim": record["text"],
            "What the evidence says": record["message"],
            "Would hold": record["suggestion"],
            "Evidence": record["limitation_ids"],
            "Grade": record["evidence_confidence"],
            "Key": key,
            "Grounds": known.grounds if known else (),
            "Rules": known.rules if known else (),
            "Why": "\n".join(record["why"]),
        }
        row = [values.get(name, record.get(name.lower().replace(" ", "_"), "")) for name in _FINDINGS]
        self._findings.add(*row, kind=kind)

    def _cite(self, kind: str, entry: Limitation | Rule) -> None:
        place = kind, ground_mark(entry)
        self._entries.setdefault(place, entry)
        self._cited[place] += 1

    def _source(self, source: Source) -> None:
        link = web_link(source)
        place = self._sources.add(
            source.id, source.kind, source.citation, source.supports, "" if link else source.link or ""
        )
        if link and len(link) <= _MAX_LINK:
            self._sources.sheet.write_url(place, len(_SOURCES) - 1, link, self._formats.link, string=link)

    def _write_summary(self, not_read: Sequence[str]) -> None:
        sheet, formats, totals = self._summary, self._formats, self._totals
        cut = sum(table.cut for table in (self._findings, self._listings, self._evidence, self._sources))
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 6, 14)
        sheet.hide_gridlines(2)
        sheet.write_string(0, 0, "claimaudit", formats.title)
        sums = Counter[str]()
        for counts in self._counts.values():
            sums.update(counts)
        figures = [
            ("Listings", totals["listings"]),
            ("Listings with a flag", totals["flagged"]),
            ("Listings about something else", totals["outside"]),
            ("Listings not read", len(not_read)),
            ("Listings not read whole", totals["incomplete"]),
            ("Sentences", totals["sentences"]),
            *((f"{SIGNS[kind]} {plain(kind).capitalize()}", sums[kind]) for kind in KINDS if kind != NEAR_MISS),
            (f"{SIGNS[NEAR_MISS]} Near misses", totals["near_misses"]),
            ("For review", totals["review"]),
            ("Covered by substantiation on file", totals["covered"]),
            ("In the baseline, not shown", totals["suppressed"]),
        ]
        row = 2
        for name, count in figures:
            sheet.write_string(row, 0, name, formats.line)
            sheet.write_number(row, 1, count, formats.number)
            row += 1
        row = self._types(row + 1)
        notes = [
            "Decide on the sheet Findings: agree, disagree or reword, with a reason where you disagree. Save it, then:",
            "claimaudit review apply FILE.xlsx --baseline BASELINE",
            "What regulators say is given for orientation and is no legal advice.",
            *([f"{cut} cells were longer than {MAX_CELL:,} characters and end in '{CUT}'."] if cut else []),
            *(f"Not read: {message}" for message in not_read),
            *self._signatures,
        ]
        for note in notes:
            row += 1
            sheet.write_string(row, 0, as_cell(note)[0], formats.line)

    def _types(self, row: int) -> int:
        """The table of claim types with its chart; returns the row below."""
        if not self._counts:
            return row
        sheet, formats = self._summary, self._formats
        kinds = [kind for kind in KINDS if kind != NEAR_MISS]
        for place, name in enumerate(["Claim type", *(f"{SIGNS[kind]} {kind}" for kind in kinds)]):
            sheet.write_string(row, place, name, formats.header)
        order = sorted(self._counts, key=lambda name: (*(-self._counts[name][kind] for kind in kinds), name))
        for number, name in enumerate(order, 1):
            sheet.write_string(row + number, 0, plain(name), formats.line)
            for place, kind in enumerate(kinds, 1):
                sheet.write_number(row + number, place, self._counts[name][kind], formats.number)
        last = row + len(order)
        chart = self._book.add_chart({"type": "bar", "subtype": "stacked"})
        for place, kind in enumerate(kinds, 1):
            chart.add_series(
                {
                    "name": ["Summary", row, place],
                    "categories": ["Summary", row + 1, 0, last, 0],
                    "values": ["Summary", row + 1, place, last, place],
                    "fill": {"color": _COLOURS[kind][0]},
                    "gap": 40,
                }
            )
        chart.set_y_axis({"reverse": True})
        chart.set_legend({"position": "bottom"})
        chart.set_title({"name": "Claims by type", "name_font": {"size": 11, "bold": False}})
        chart.set_size({"width": 560, "height": 120 + 24 * len(order)})
        sheet.insert_chart(1, 7, chart, {"description": "Claims by type and verdict, as in the table."})
        return last


class _Formats:
    """The looks of cells."""

    def __init__(self, book: Workbook) -> None:
        top = {"valign": "top"}
        line = {"bottom": 1, "bottom_color": "#DADDE2"}
        self.title = book.add_format({"bold": True, "font_size": 16})
        self.header = book.add_format(
            {"bold": True, "font_color": "#FFFFFF", "bg_color": "#3A4250", "text_wrap": True, **top}
        )
        self.wrap = book.add_format({"text_wrap": True, **top, **line})
        self.line = book.add_format({**top})
        self.number = book.add_format({"num_format": "#,##0.####", **top})
        to_fill = {"text_wrap": True, "bg_color": "#FFFBE8", **top, **line}
        self.to_fill = book.add_format({"num_format": "@", **to_fill})  # text: a reason that begins with = stays one
        self.date_to_fill = book.add_format({"num_format": "yyyy-mm-dd", **to_fill})
        self.link = book.add_format({"font_color": "#1F4E8C", "underline": 1, **top})
        self.kinds = {
            kind: book.add_format({"font_color": ink, "bg_color": paper, "bold": True, **top, **line})
            for kind, (ink, paper) in _COLOURS.items()
        }

    def of(self, name: str, kind: str) -> Format:
        if name in _TO_FILL:
            return self.date_to_fill if name in _DATES else self.to_fill
        return {_WRAP: self.wrap, _LINE: self.line, _NUMBER: self.number, _SIGN: self.line}[kind]


class _Table:
    """A sheet with a header that stays in view and filters, filled row by row."""

    def __init__(self, sheet: Worksheet, columns: Columns, formats: _Formats, frozen: int) -> None:
        self.sheet = sheet
        self.rows = 1
        self.cut = 0
        self._columns = columns
        self._formats = formats
        sheet.freeze_panes(1, frozen)
        for place, (name, (width, _)) in enumerate(columns.items()):
            sheet.set_column(place, place, width, None, {"hidden": name in _HIDDEN})
            sheet.write_string(0, place, name, formats.header)

    def add(self, *values: Any, kind: str | None = None) -> int:
        """Write a row and return its number; `kind` colours the cells that tell the verdict."""
        if self.rows == MAX_ROWS:
            raise InputError(
                f"more than {MAX_ROWS - 1:,} rows for the sheet '{self.sheet.get_name()}', which Excel does not read. "
                "Choose --show flagged, another format, or fewer listings."
            )
        for place, (value, (name, (_, form))) in enumerate(zip(values, self._columns.items(), strict=True)):
            look = self._formats.of(name, form)
            if form == _SIGN and kind is not None:
                look = self._formats.kinds[kind]
            if form == _NUMBER:
                self.sheet.write_number(self.rows, place, value, look)
                continue
            text, is_cut = as_cell(value)
            self.cut += is_cut
            if text:
                self.sheet.write_string(self.rows, place, text, look)
            else:
                self.sheet.write_blank(self.rows, place, None, look)
        self.rows += 1
        return self.rows - 1

    def close(self) -> None:
        self.sheet.autofilter(0, 0, max(self.rows - 1, 1), len(self._columns) - 1)


def _items(result: AuditResult, show: str) -> Iterator[Finding | NearMiss]:
    yield from result.items(show)
    if show == "all":
        yield from (near_miss for near_miss in result.near_misses if near_miss.review)


def _entry_row(kind: str, entry: Limitation | Rule, cited: int) -> tuple[Any, ...]:
    if isinstance(entry, Rule):
        limit = entry.acceptable
        authority = f"{entry.authority}. {entry.instrument}, {entry.provision}"
        jurisdiction = entry.jurisdiction.upper()
    else:
        limit = entry.ceiling if entry.kind == "limitation" else ""
        authority = jurisdiction = ""
    return (
        kind,
        entry.id,
        cited,
        entry.statement,
        limit,
        entry.confidence,
        authority,
        jurisdiction,
        entry.claim_types,
        entry.setting,
        entry.reviewed_on,
        entry.review_by,
        [source.id for source in entry.sources],
    )


def as_cell(value: Any) -> tuple[str, bool]:
    r"""A value as text that a cell can hold, and whether it had to be cut.

    >>> as_cell(["a", "b\x00"]), as_cell("<r>x</r>")
    (('a; b', False), ('<r>x</r> ', False))
    """
    if isinstance(value, list | tuple):
        value = "; ".join(str(item) for item in value)
    text = _SURROGATE.sub("\ufffd", _UNWRITABLE.sub("", str(value).replace("\r\n", "\n").replace("\r", "\n")))
    if text.startswith("<r>") and text.endswith("</r>"):
        text += " "  # xlsxwriter would take it for markup of its own
    if _units(text) <= MAX_CELL:
        return text, False
    while _units(text) > MAX_CELL - len(CUT):
        text = text[: len(text) - max(1, (_units(text) - MAX_CELL + len(CUT)) // 2)]
    return text + CUT, True


def _units(text: str) -> int:
    """Characters as Excel counts them: UTF-16 units."""
    return len(text) + sum(character > "\uffff" for character in text)


def _yes(value: bool) -> str:
    return "yes" if value else "no"
