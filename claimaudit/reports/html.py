"""The reviewer's desk: one page that opens offline, with the copy in the centre and the case beside it.

The copy, the notes below it and the evidence cited are HTML, so that the page can be read without its script, printed and
searched. The cases are data in the page (JSON): the script draws one when it is opened. Whatever comes from a listing is
hostile: it is escaped as text, the data are written in ASCII without `<`, and the page's Content-Security-Policy runs only
the script that stands in it (by its hash) and fetches nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, TextIO
from urllib.parse import urlsplit

from claimaudit.decisions.baseline import decision_key, ground_mark
from claimaudit.decisions.review import NEEDS
from claimaudit.reports.listings import priority
from claimaudit.reports.page import counted, environment, source, told_disguise
from claimaudit.text.markup import read_page
from claimaudit.types import (
    AuditResult,
    ClaimType,
    Document,
    Finding,
    Limitation,
    NearMiss,
    Rule,
    Sentence,
    Source,
    Span,
    Unchecked,
    to_record,
)

NEAR_MISS = "near-miss"
KINDS = ("contradicted", "overstated", "consistent", NEAR_MISS)
"""What a claim can be in the report: its verdict, or a near miss."""

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


# --- What the template reads -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mark:
    """A claim in the report: `number` counts within its listing, `index` over the page; `lane` parts overlapping lines.

    Both count in the order in which claims end, for behind its last word stands a claim's number.
    """

    item: Finding | NearMiss
    index: int
    number: int
    lane: int
    start: int
    """Of the claim, in the readable characters of its sentence; `end` likewise."""
    end: int

    @property
    def kind(self) -> str:
        return kind_of(self.item)

    @property
    def type(self) -> ClaimType:
        return self.item.claim.type

    @property
    def text(self) -> str:
        return self.item.claim.text

    @property
    def is_covered(self) -> bool:
        """Whether a document on file covers it."""
        return isinstance(self.item, Finding) and bool(self.item.substantiation)

    @property
    def is_open(self) -> bool:
        """Whether it waits for a decision: it is flagged, or marked for review."""
        return self.item.review or (isinstance(self.item, Finding) and self.item.is_flagged)


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of characters with the same claims over it: those that run on behind it, and those that end with it.

    A gap lies between sentences.
    """

    text: str
    runs_on: tuple[Mark, ...] = ()
    closes: tuple[Mark, ...] = ()
    is_unread: bool = False
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """A line of the copy as a person reads it; the texts of all blocks together are the readable text."""

    kind: str
    zone: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was not checked, and how often it was said."""

    message: str
    count: int
    breaks_audit: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """A listing as the page shows it."""

    index: int
    result: AuditResult
    blocks: tuple[Block, ...]
    marks: tuple[Mark, ...]
    notes: tuple[Note, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many claims of each kind, in the order of `KINDS`."""
        found = Counter(mark.kind for mark in self.marks)
        return {kind: found[kind] for kind in KINDS}

    @property
    def to_decide(self) -> int:
        return sum(mark.is_open for mark in self.marks)

    @property
    def setting(self) -> str:
        """What the listing was read as."""
        return self.result.scope.assumed_setting

    @property
    def is_clean(self) -> bool:
        """Whether nothing waits for a decision, and everything was read."""
        return not self.to_decide and self.result.is_complete


@dataclass(frozen=True, slots=True)
class Tally:
    """A row of the summary: how many claims of each kind, with their bars in percent of the longest row."""

    name: str
    counts: Mapping[str, int]
    longest: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def bars(self) -> Iterator[tuple[str, float, float]]:
        """Kind, left edge and width of each bar."""
        left = 0.0
        for kind, count in self.counts.items():
            width = 100 * count / max(self.longest, 1)
            if count:
                yield kind, round(left, 3), round(width, 3)
            left += width


def kind_of(item: Finding | NearMiss) -> str:
    """The verdict of a finding, or `near-miss`."""
    return item.verdict.value if isinstance(item, Finding) else NEAR_MISS


def sheets_of(results: Iterable[AuditResult]) -> list[Sheet]:
    """The listings by priority; those that are equal stay in the order given."""
    sheets: list[Sheet] = []
    first = 0
    for result in sorted(results, key=priority, reverse=True):
        marks = _marks(result, first)
        first += len(marks)
        sheets.append(Sheet(len(sheets), result, tuple(_blocks(result, marks)), marks, tuple(_notes(result.unchecked))))
    return sheets


def _notes(unchecked: Sequence[Unchecked]) -> Iterator[Note]:
    counts = Counter((note.message, note.breaks_audit) for note in unchecked)
    for (message, breaks_audit), count in counts.items():
        yield Note(message, count, breaks_audit)


def _marks(result: AuditResult, first: int) -> tuple[Mark, ...]:
    """Findings and near misses in the order of the copy. Claims of a sentence that overlap lie in different lanes."""
    items: list[Finding | NearMiss] = [*result.findings, *result.near_misses]
    items.sort(key=lambda item: (item.claim.sentence.index, *_place(item)[::-1], KINDS.index(kind_of(item))))
    marks: list[Mark] = []
    by_sentence: dict[int, list[Mark]] = {}
    for item in items:
        start, end = _place(item)
        before = by_sentence.setdefault(item.claim.sentence.index, [])
        taken = {mark.lane for mark in before if mark.start < end and start < mark.end}
        lane = next(lane for lane in range(len(items)) if lane not in taken)
        before.append(Mark(item, first + len(marks), len(marks) + 1, lane, start, end))
        marks.append(before[-1])
    return tuple(marks)


def _place(item: Finding | NearMiss) -> tuple[int, int]:
    """Where a claim begins and ends in the readable characters of its sentence."""
    return item.claim.sentence.readable.covered(item.claim.span)


def _blocks(result: AuditResult, marks: Sequence[Mark]) -> Iterator[Block]:
    """The copy line by line. A line break within a sentence is a wrapped line, one between sentences ends a block."""
    text = readable_text(result)
    unread = _Unread(result.unchecked)
    by_sentence: dict[int, list[Mark]] = {}
    for mark in marks:
        by_sentence.setdefault(mark.item.claim.sentence.index, []).append(mark)
    segments: list[Segment] = []
    kind, zone = "gap", "body"
    place = 0
    for sentence in (*result.sentences, None):
        start = text.index(sentence.readable.text, place) if sentence else len(text)
        for line in text[place:start].splitlines(keepends=True):
            segments.append(Segment(line, is_gap=True))
            if _ends_line(line):
                yield Block(kind, zone, tuple(segments))
                segments, kind, zone = [], "gap", "body"
        if sentence is None:
            break
        if not any(segment.text.strip() for segment in segments):
            kind, zone = sentence.kind, sentence.zone
        own = by_sentence.get(sentence.index, ())
        segments.extend(_segments(sentence.readable.text, own, unread.holds(sentence)))
        place = start + len(sentence.readable.text)
    if segments:
        yield Block(kind, zone, tuple(segments))


class _Unread:
    """The parts of a listing that were not read, by field: where each begins, and how far those up to it reach."""

    def __init__(self, notes: Sequence[Unchecked]) -> None:
        spans: dict[str, list[Span]] = defaultdict(list)
        for note in notes:
            if note.span and note.breaks_audit:
                spans[note.field].append(note.span)
        self._parts = {
            field: ([span.start for span in own], list(accumulate((span.end for span in own), max)))
            for field, own in ((field, sorted(found)) for field, found in spans.items())
        }

    def holds(self, sentence: Sentence) -> bool:
        """Whether a sentence lies in one of them."""
        starts, reach = self._parts.get(sentence.listing.field, ([], []))
        before = bisect_right(starts, sentence.span.start)
        return before > 0 and sentence.span.end <= reach[before - 1]


def _ends_line(text: str) -> bool:
    return text.splitlines()[0] != text


def _segments(text: str, marks: Sequence[Mark], is_unread: bool) -> Iterator[Segment]:
    """A sentence cut wherever a claim begins or ends."""
    edges = sorted({0, len(text), *(edge for mark in marks for edge in (mark.start, mark.end))})
    for start, end in pairwise(edges):
        over = sorted((mark for mark in marks if mark.start <= start and end <= mark.end), key=lambda mark: mark.number)
        runs_on = tuple(mark for mark in over if mark.end > end)
        closes = tuple(mark for mark in over if mark.end == end)
        yield Segment(text[start:end], runs_on, closes, is_unread)


def readable_text(result: AuditResult) -> str:
    """What the audit read, as a person sees it; for plain text, the characters as given."""
    limit = result.signature.settings.get("max_characters")
    parts = result.listing.parts or (result.listing,)
    return "\n\n".join(
        read_page(part.text[:limit] if isinstance(limit, int) else part.text, markup=part.markup).readable.text
        for part in parts
    )


# --- The cases, as data ----------------------------------------------------------------------------------------


class _Evidence:
    """The grounds that the cases cite, each once and by its place; equal ids of different packs stay apart."""

    def __init__(self) -> None:
        self.grounds: list[Limitation] = []
        self.rules: list[Rule] = []
        self.sources: list[Source] = []
        self._places: dict[tuple[str, str], list[int]] = {}

    def ground(self, entry: Limitation) -> int:
        return self._place("ground", entry, self.grounds)

    def rule(self, entry: Rule) -> int:
        return self._place("rule", entry, self.rules)

    def source(self, entry: Source) -> int:
        return self._place("source", entry, self.sources)

    def _place(self, kind: str, entry: Any, entries: list[Any]) -> int:
        places = self._places.setdefault((kind, entry.id), [])
        for place in places:
            if entries[place] is entry or entries[place] == entry:
                return place
        places.append(len(entries))
        entries.append(entry)
        return places[-1]


def _data(sheets: Sequence[Sheet], signatures: Sequence[str]) -> tuple[dict[str, Any], _Evidence]:
    evidence = _Evidence()
    data = {
        "signatures": list(signatures),
        "needs": {choice.value: {"fields": need.fields, "message": need.message} for choice, need in NEEDS.items()},
        "listings": [{"id": sheet.result.listing.id, "setting": sheet.setting} for sheet in sheets],
        "items": [_case(sheet, mark, evidence) for sheet in sheets for mark in sheet.marks],
        "grounds": [_ground(entry, evidence) for entry in evidence.grounds],
        "rules": [_rule(entry, evidence) for entry in evidence.rules],
    }
    sources = [
        {"citation": source.citation, "kind": source.kind, "supports": source.supports, "link": web_link(source)}
        for source in evidence.sources
    ]
    return {**data, "sources": sources}, evidence


def _case(sheet: Sheet, mark: Mark, evidence: _Evidence) -> dict[str, Any]:
    item, claim = mark.item, mark.item.claim
    record = to_record(item, sheet.result.signature)
    finding = item if isinstance(item, Finding) else None
    words = claim.sentence.readable.text
    kept = ("field", "claim_type", "verdict", "review", "confidence", "start", "end", "text", "sentence", "assertion")
    return {
        **{name: record[name] for name in kept},
        **{name: record[name] for name in ("strength", "setting", "modality", "conditions", "message", "suggestion")},
        **{name: record[name] for name in ("pack", "model", "version")},
        "key": decision_key(record["listing_id"], record["field"], record["claim_type"], record["sentence"]),
        "listing": sheet.index,
        "number": mark.number,
        "kind": mark.kind,
        "open": mark.is_open,
        "unit": claim.sentence.index,
        "words": [words[: mark.start], words[mark.start : mark.end], words[mark.end :]],
        "limitations": [evidence.ground(entry) for entry in finding.limitations] if finding else [],
        "permissions": [evidence.ground(entry) for entry in finding.permissions] if finding else [],
        "rules": [evidence.rule(entry) for entry in finding.rules] if finding else [],
        "disclaimers": [[disclaimer.text, disclaimer.tie.value] for disclaimer in claim.disclaimers],
        "documents": [_document(document) for document in finding.substantiation] if finding else [],
        "why": [[step.kind, step.value, step.detail] for step in (finding.why if finding else claim.why)],
    }


def _ground(entry: Limitation, evidence: _Evidence) -> dict[str, Any]:
    return {
        "id": entry.id,
        "mark": ground_mark(entry),
        "kind": entry.kind,
        "statement": entry.statement,
        "ceiling": entry.ceiling,
        "confidence": entry.confidence,
        "reviewed_on": entry.reviewed_on,
        "review_by": entry.review_by,
        "notes": entry.notes,
        "figures": [figure.fact for figure in entry.figures],
        "sources": [evidence.source(source) for source in entry.sources],
    }


def _rule(entry: Rule, evidence: _Evidence) -> dict[str, Any]:
    return {
        "id": entry.id,
        "mark": ground_mark(entry),
        "jurisdiction": entry.jurisdiction,
        "authority": entry.authority,
        "instrument": entry.instrument,
        "provision": entry.provision,
        "statement": entry.statement,
        "acceptable": entry.acceptable,
        "sources": [evidence.source(source) for source in entry.sources],
    }


def _document(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "title": document.title,
        "reference": document.reference,
        "issued": str(document.issued or ""),
        "expires": str(document.expires or ""),
    }


def web_link(source: Source) -> str | None:
    """Where a source can be read, if that is an address of the web; anything else gets no link."""
    link = source.link
    if link is None or any(character.isspace() or not character.isprintable() for character in link):
        return None
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    return link if parts.scheme in ("http", "https") and parts.netloc else None


def embedded(data: Any) -> str:
    """JSON that can stand in a `<script>` element: ASCII alone, and no `<`, `>` or `&`.

    >>> embedded("</script>\\u2028")
    '"\\\\u003c/script\\\\u003e\\\\u2028"'
    """
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


# --- The page --------------------------------------------------------------------------------------------------


def render(results: Iterable[AuditResult], *, not_read: Sequence[str] = ()) -> str:
    """The report as one HTML page that needs nothing but itself. The same results give the same page.

    Parameters
    ----------
    results
        Audited listings; all of them are read before the page is made.
    not_read
        What could not even be read as a listing, one message each; looked at after `results`, so that a run that streams
        may still be filling it.
    """
    from markupsafe import Markup  # only the page needs it

    sheets = sheets_of(results)
    signatures = list(dict.fromkeys(str(sheet.result.signature) for sheet in sheets))
    data, evidence = _data(sheets, signatures)
    templates = environment()
    templates.filters.update(plain=plain, counted=counted, told_disguise=told_disguise, web_link=web_link)
    style, script = (source(templates, f"report.{kind}") for kind in ("css", "js"))
    types = _tallies(mark for sheet in sheets for mark in sheet.marks)
    page = templates.get_template("report.html").render(
        sheets=sheets,
        waiting=[sheet for sheet in sheets if not sheet.is_clean],
        clean=[sheet for sheet in sheets if sheet.is_clean],
        kinds=KINDS,
        types=types,
        overall=_overall(types),
        settings=sorted({sheet.setting for sheet in sheets}),
        sentences=sum(len(sheet.result.sentences) for sheet in sheets),
        to_decide=sum(sheet.to_decide for sheet in sheets),
        for_review=sum(mark.item.review for sheet in sheets for mark in sheet.marks),
        flagged_listings=sum(bool(sheet.result.flagged) for sheet in sheets),
        incomplete=sum(not sheet.result.is_complete for sheet in sheets),
        outside=sum(not sheet.result.scope.in_scope for sheet in sheets),
        not_read=list(not_read),
        covered=sum(mark.is_covered for sheet in sheets for mark in sheet.marks),
        suppressed=sum(len(sheet.result.suppressed) for sheet in sheets),
        evidence=evidence,
        signatures=signatures,
        style=Markup(style),
        script=Markup(script),
        style_hash=_csp_hash(style),
        script_hash=_csp_hash(script),
        data=Markup(embedded(data)),
    )
    return _UNPRINTABLE.sub("\ufffd", page.replace("\r\n", "\n").replace("\r", "\n"))


def excerpt(result: AuditResult) -> str:
    """One listing as a piece of HTML for a notebook: the copy with its claims marked in place, and what is flagged."""
    from markupsafe import Markup

    templates = environment()
    templates.filters.update(plain=plain)
    (sheet,) = sheets_of([result])
    piece = templates.get_template("excerpt.html").render(sheet=sheet, style=Markup(source(templates, "excerpt.css")))
    return _UNPRINTABLE.sub("\ufffd", piece.replace("\r\n", "\n").replace("\r", "\n"))


def write(results: Iterable[AuditResult], out: TextIO, *, not_read: Sequence[str] = ()) -> None:
    """Write the page of `render`."""
    out.write(render(results, not_read=not_read))


def plain(name: str) -> str:
    """A name of the pack as words: `no_side_effects` is "no side effects"."""
    return name.replace("_", " ").replace("-", " ")


def _tallies(marks: Iterable[Mark]) -> list[Tally]:
    """Claims by type, those with most flags first."""
    counts: dict[ClaimType, Counter[str]] = {}
    for mark in marks:
        counts.setdefault(mark.type, Counter())[mark.kind] += 1
    longest = max((sum(found.values()) for found in counts.values()), default=0)
    tallies = [Tally(name, {kind: found[kind] for kind in KINDS}, longest) for name, found in counts.items()]
    return sorted(tallies, key=lambda tally: (*(-tally.counts[kind] for kind in KINDS), tally.name))


def _overall(types: Sequence[Tally]) -> Tally:
    counts = {kind: sum(tally.counts[kind] for tally in types) for kind in KINDS}
    return Tally("all claims", counts, sum(counts.values()))


def _csp_hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii") + "'"
