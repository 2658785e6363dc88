"""Splits a listing into sentences, headings, list items and fragments, and ties each to what it is read with.

Made for marketing copy: hard breaks first (lines, bullets of every glyph, `|`, table cells), then full stops. All that is
not white space or markup lies in exactly one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import pairwise
from typing import NamedTuple

from claimaudit.text.abbreviations import AUXILIARIES, BINDING, CLOSING, DENYING, LEANING, OPENERS, UNITS
from claimaudit.text.markup import Page, Zone, read_page
from claimaudit.text.normalize import fold
from claimaudit.types import Listing, MappedText, Sentence, Span

MAX_SENTENCE = 1_500
"""Characters. Longer runs without an end are cut at white space: no reader takes them for one sentence, and matching stays
linear in the length of a listing."""

MAX_HEADING_WORDS = 14
WRAPPED_LINE = 55
"""A line at least this long (characters) that goes on in lower case is taken for wrapped prose; a shorter one, if it ends in
a word that leans on the next."""

_GLYPHS = "•·‣⁃◦∙●○▪▫■□◆◇▶►▸➤➔➜➢→⇒★☆✦✧✩✪✯❖✓✔✅☑✗✘✖❌❎❤♥♡☞👉✨⭐🌟💫🔥💯🔹🔸🔷🔶⚡❗‼⚠➕💥🌿🌸💎🎁📌✳✴❇※»›>"
_EMOJI = "\U0001f1e6-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff"
_MARK = rf"[{re.escape(_GLYPHS)}{_EMOJI}][\ufe0f\u200d]*"
_ENUMERATOR = r"(?:\(?\d{1,2}[.)]{1,2}|\(?[a-z]\)|[a-hA-H]\.(?=\s)|[ivx]{1,4}[.)])"
_BULLET = re.compile(rf"\s*(?:(?:{_MARK}\s*)+(?:{_ENUMERATOR}(?=\s))?|[-–—*+~]+(?=\s|[A-Za-z\"'“(])|{_ENUMERATOR}(?=\s))\s*")
_LINE = re.compile(r"[^\n\r\u2028\u2029\x0b\x0c]+")
_BREAK_SIGN = re.compile("[|•●▪■◆►▶➤➔✓✔✅☑★✦❖⁃·*†‡]")
"""Without one of these in a line, `_FRAGMENT_BREAK` need not be tried at each of its characters."""
_FRAGMENT_BREAK = re.compile(
    r"(?<=\s)\|+(?=\s)|\|{1,2}(?=\s|$)"  # after a bar
    r"|(?<=\s)(?=[•●▪■◆►▶➤➔✓✔✅☑★✦❖⁃]\s?\S)"  # before a bullet within a line
    r"|(?<=\s)(?=·\s)"
    r"|(?<=[*†‡]\s)(?=[*†‡]\s?\w)"  # before a footnote that follows its mark
)
_INLINE_LIST = re.compile(r":\s+(?=[-–—]\s?\w)")
_INLINE_DASH = re.compile(r"(?<=[\s;,])(?=[-–—]\s\w)")
_INLINE_NUMBER = re.compile(r"(?<=\s)(?=\(?(\d{1,2})(?:\.\)|[.)])\s+[A-Z])")
_INLINE_LETTER = re.compile(r"(?<=\s)(?=([b-h])[.)]\s+[A-Z])")
_FIRST_ENUMERATOR = re.compile(rf"\s*(?:{_MARK}\s*)*\(?(\d{{1,2}}|[a-z])(?:\.\)|[.)])\s")
_EMOJI_AHEAD = re.compile(rf"(?:(?<=\s)|^)[{_EMOJI}]")
_EMOJI_BULLET = re.compile(rf"(?<=\s)[{_EMOJI}](?=[\ufe0f\u200d]*\s?\w)")
_END = re.compile(r"[.!?。！？…](?:(?<=\.)(?:\s\.)+)?[.!?。！？…]*[\"'”’»)\]]*")
_OPENING = "\"'“‘«([¿¡"
_NUMBERED_LABEL = re.compile(r"\s*\(?[A-Za-z]\d{1,2}")
"""`A1. No.`: the full stop ends no sentence where this stands at the beginning of one."""
_WORD_BEFORE = re.compile(r"[^\s(\"'“‘\[|/]+$")
_NEAR = 200
"""Characters before and after a full stop that are looked at to tell whether it ends a sentence: words are shorter."""
_MEASURED = re.compile(r"\d(?:\s?(?:sq|cu|fl))?\s*$")
_WORD_AFTER = re.compile(r"[\w'’.-]+")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A range of the readable text with the line it stands on."""

    start: int
    end: int
    line: int
    paragraph: int
    is_item: bool


class _Words(NamedTuple):
    """The words of a piece: where they stand, as they are read, and folded."""

    span: Span
    readable: MappedText
    folded: MappedText
    is_disguised: bool


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    number: int
    paragraph: int
    marker: int
    """Characters of bullet or enumerator at the beginning; 0 if there is none."""


def split_sentences(listing: Listing, page: Page | None = None) -> tuple[Sentence, ...]:
    """The sentences of a listing in order.

    They do not overlap, and between them lies nothing but white space and markup.

    Examples
    --------
    >>> copy = Listing("x", "It is not for you if you expect:\\n- fast removal\\nDoes it hurt?No.")
    >>> for sent in split_sentences(copy):
    ...     print(sent.kind, sent.lead_in, sent.question, repr(sent.text))
    prose None None 'It is not for you if you expect:'
    item 0 None '- fast removal'
    prose None None 'Does it hurt?'
    prose None 2 'No.'
    """
    page = page or read_page(listing.text, markup=listing.markup)
    text = (page.plain or page.readable).text
    pieces = [piece for line in _lines(text) for piece in _pieces(text, line)]
    places = [_place(page, piece) for piece in pieces]
    zones = ["body" if zone is None else zone.name for zone in _covering(page.zones, places)]
    marked = [heading is not None for heading in _covering(page.headings, places)]
    words = [_words(page, *item) for item in zip(pieces, _ranges(page, pieces), strict=True)]
    return tuple(_with_context(listing, pieces, words, zones, marked))


def _place(page: Page, piece: _Piece) -> int:
    """Where a piece begins in the readable text."""
    return piece.start if page.plain is None else page.plain.source(piece.start, piece.end).start


def _covering(zones: Sequence[Zone], places: Sequence[int]) -> list[Zone | None]:
    """For each of some places, the first zone that covers it."""
    covering: list[Zone | None] = [None] * len(places)
    if not zones:
        return covering
    waiting = sorted(enumerate(zones), key=lambda entry: entry[1].start, reverse=True)
    open_zones: list[int] = []
    for index in sorted(range(len(places)), key=places.__getitem__):
        while waiting and waiting[-1][1].start <= places[index]:
            heappush(open_zones, waiting.pop()[0])
        while open_zones and zones[open_zones[0]].end <= places[index]:
            heappop(open_zones)
        covering[index] = zones[open_zones[0]] if open_zones else None
    return covering


def _ranges(page: Page, pieces: Sequence[_Piece]) -> list[tuple[int, int]]:
    """Where pieces stand in the readable text. Signs that are not read (`#nodowntime`) belong to the piece they touch."""
    if page.plain is None:
        return [(piece.start, piece.end) for piece in pieces]
    text = page.readable.text
    read = [page.plain.source(piece.start, piece.end) for piece in pieces]
    starts: list[int] = []
    for before, span in zip([0, *(span.end for span in read)], read, strict=False):
        start = span.start
        while start > before and not text[start - 1].isspace():
            start -= 1
        starts.append(start)
    limits = [*starts[1:], len(text)]
    ends = [span.end + len(text[span.end : limit].rstrip()) for span, limit in zip(read, limits, strict=False)]
    return list(zip(starts, ends, strict=True))


def _words(page: Page, piece: _Piece, place: tuple[int, int]) -> _Words:
    readable = page.readable.slice(*place)
    plain, is_disguised = readable, False
    if page.plain is not None:
        plain = page.plain.slice(piece.start, piece.end).through(page.readable)
        is_disguised = plain.text != page.plain.source(piece.start, piece.end).of(page.readable.text)
    return _Words(page.readable.source(*place), readable, fold(plain), is_disguised)


def _lines(text: str) -> Iterator[_Line]:
    """Logical lines: a wrapped line goes on in the next one."""
    open_line: _Line | None = None
    number = paragraph = 0
    last_start = last_end = 0
    for match in _LINE.finditer(text):
        raw = match.group()
        start = match.start() + len(raw) - len(raw.lstrip())
        end = match.start() + len(raw.rstrip())
        if start >= end:
            continue
        gap = text[last_end : match.start()]
        has_blank = gap.count("\n") > 1 or gap.count("\r") > 1 + gap.count("\n")
        last_end = match.end()
        bullet = _BULLET.match(text, start, end)
        marker = bullet.end() - start if bullet and bullet.end() < end else 0
        if open_line is not None:
            last_line = text[last_start : open_line.end]
            wraps = (
                not has_blank
                and not marker
                and (len(last_line) >= WRAPPED_LINE or _leans_on(last_line))
                and text[open_line.end - 1] not in '.!?:;|…"”'
                and text[start].islower()
            )
            if wraps:
                open_line, last_start = replace(open_line, end=end), start
                continue
            yield open_line
            number += 1
            paragraph += has_blank
        last_start = start
        open_line = _Line(start, end, number, paragraph, marker)
    if open_line is not None:
        yield open_line


def _leans_on(line: str) -> bool:
    """Whether a line ends in a word that wants a next one; a bare `no` or `Scars: never` may be an answer."""
    *_, before, last = ("", "", *line.lower().split())
    if not before or not (before[-1].isalnum() or before[-1] == ","):
        return False
    return last in LEANING or (last in DENYING and before in AUXILIARIES)


def _pieces(text: str, line: _Line) -> Iterator[_Piece]:
    first = True
    inline_list = False
    for start, end, is_item in _fragments(text, line):
        inline_list = inline_list or is_item
        bullet = _BULLET.match(text, start, end)
        for a, b in _by_stops(text, start, end, skip=bullet.end() - start if bullet and (first or is_item) else 0):
            for c, d in _bounded(text, a, b):
                yield _Piece(c, d, line.number, line.paragraph, bool(line.marker) or inline_list)
        first = False


def _fragments(text: str, line: _Line) -> Iterator[tuple[int, int, bool]]:
    """Parts of a line between bars, inline bullets and inline enumerators; True from the first item of an inline list."""
    body = line.start + line.marker
    cuts: dict[int, bool] = {}
    if _BREAK_SIGN.search(text, body, line.end):
        for match in _FRAGMENT_BREAK.finditer(text, body, line.end):
            cuts[match.end()] = text[match.end() : match.end() + 1] in _GLYPHS and match.end() == match.start()
    opened = _INLINE_LIST.search(text, body, line.end)
    if opened:
        cuts[opened.end()] = True
        for match in _INLINE_DASH.finditer(text, opened.end() + 1, line.end):
            cuts[match.start()] = True
    cuts.update(_inline_enumerators(text, line, body))
    copy = text[line.start : line.end]
    if not copy.isascii() and _EMOJI_AHEAD.search(copy):
        cuts.update(_inline_emoji(text, line, body))
    start = looked = line.start
    is_item = False
    for cut in sorted(cuts):
        if any(character.isalnum() for character in text[looked:cut]):
            yield start, cut, is_item
            start = cut
        looked = cut
        is_item = cuts[cut]
    if text[start : line.end].strip():
        yield start, line.end, is_item


def _inline_enumerators(text: str, line: _Line, body: int) -> dict[int, bool]:
    """Cuts before `2)` in `1) one 2) two`: only where the figures count up from the line's first."""
    first = _FIRST_ENUMERATOR.match(text[line.start : line.end])
    if first is None:
        return {}
    cuts: dict[int, bool] = {}
    if first.group(1).isdigit():
        expected = int(first.group(1)) + 1
        for match in _INLINE_NUMBER.finditer(text, body, line.end):
            if int(match.group(1)) == expected:
                cuts[match.start()] = True
                expected += 1
    else:
        letter = chr(ord(first.group(1)) + 1)
        for match in _INLINE_LETTER.finditer(text, body, line.end):
            if match.group(1) == letter:
                cuts[match.start()] = True
                letter = chr(ord(letter) + 1)
    return cuts


def _inline_emoji(text: str, line: _Line, body: int) -> dict[int, bool]:
    """Cuts before an emoji that serves as bullet: it leads a fragment twice in the line, or once more after the first."""
    places = [match.start() for match in _EMOJI_BULLET.finditer(text, body, line.end)]
    starts_with_mark = line.marker > 0
    return dict.fromkeys(places, True) if len(places) + starts_with_mark >= 2 else {}


def _by_stops(text: str, start: int, end: int, *, skip: int) -> Iterator[tuple[int, int]]:
    """Ranges between sentence ends; `skip` characters at the beginning (a bullet, `1.`) end nothing."""
    begin = start
    ends: list[int] = []
    for match in _END.finditer(text, start + skip, end):
        if match.end() >= end or _ends_sentence(text, match, begin, end):
            begin = match.end()
            ends.append(begin)
    if not any(character.isalnum() for character in text[begin:end]):
        ends = ends[:-1]  # a closing emoji or quotation mark belongs to the sentence before it
    yield from _between(text, [start, *ends, end])


def _ends_sentence(text: str, match: re.Match[str], begin: int, end: int) -> bool:
    mark = match.group()
    first = begin
    begin, end = max(begin, match.start() - _NEAR), min(end, match.end() + _NEAR)
    rest = text[match.end() : end]
    following = rest.lstrip()
    if not following:
        return True
    has_space = rest[0].isspace() or ord(rest[0]) > 0x2E7F
    before = _WORD_BEFORE.search(text, begin, match.start())
    word = before.group() if before else ""
    opener = following.lstrip(_OPENING + "*_-–— ")
    after = _WORD_AFTER.match(opener)
    next_word = after.group().rstrip(".") if after else ""
    goes_on_lower = opener[:1].islower()
    if not has_space:
        return _ends_without_space(mark, word, rest)
    if mark == "." and _NUMBERED_LABEL.fullmatch(text, first, match.start()):
        return False
    stops = mark.rstrip("\"'”’»)]")
    is_closed = stops != mark
    if "?" in stops or "!" in stops or stops[-1:] in "。！？":
        if not goes_on_lower:
            return True
        if is_closed:
            return False
        return "?" in stops or len(stops) > 1 or next_word.lower() in OPENERS - {"in", "of", "and", "for", "by", "to"}
    if text[match.start() - 1] == "[":
        return False
    if ". ." in mark or len(stops.replace(" ", "")) > 1 or "…" in stops:
        if next_word == "I" and mark.count(".") == 3:
            return False
        return opener[:1].isupper() or opener[:1].isdigit()
    plain = word.lower().rstrip(".")
    if is_closed:
        return not goes_on_lower
    if plain in UNITS and before is not None and _MEASURED.search(text, begin, before.start()):
        return opener[:1].isupper()
    if plain in BINDING:
        return plain == "no" and opener[:1].isupper() and next_word.lower() in OPENERS  # an answer, not "No. 5"
    if plain in CLOSING or re.fullmatch(r"(?:[a-z]\.)+[a-z]", plain):
        return opener[:1].isupper() and next_word.lower() in OPENERS
    if len(plain) == 1 and plain.isalpha() and word[:1].isupper():
        return plain == "i" and next_word.lower() in OPENERS | {"did"} and _follows_lower(text, before, begin)
    if goes_on_lower:
        is_sloppy = text[first : first + _NEAR].lstrip(_OPENING + " ")[:1].islower()  # who begins in lower case goes on so
        return len(plain) >= 2 and plain.isalpha() and (is_sloppy or next_word in OPENERS)
    return True


def _follows_lower(text: str, before: re.Match[str] | None, begin: int) -> bool:
    previous = _WORD_BEFORE.search(text[begin : before.start()].rstrip()) if before else None
    return previous is not None and previous.group().islower()


def _ends_without_space(mark: str, word: str, rest: str) -> bool:
    """`No pain.No scars`, `Hurry!!Buy`, `(see below).Then`: a missing space, told from addresses, decimals and acronyms."""
    if "@" in word or "/" in word or "www" in word.lower() or "@" in rest.split(maxsplit=1)[0]:
        return False
    if mark[0] in "!?":
        return rest[0].isalpha() or rest[0] in _OPENING
    if len(mark) > 1:
        return rest[0].isupper()
    return (
        rest[0].isupper()
        and re.match(r"[A-Z][a-z]+|[AI]\s|NO\b|[A-Z]{2,}\b", rest) is not None
        and re.search(r"(?:[a-z]{2}|[a-z]{2}['’][a-z]|\d%?|[)\"”])$|^[A-Z]{3,}$", word) is not None
        and "." not in word.strip(".")
    )


def _between(text: str, borders: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The ranges between borders without the white space at their ends, if anything is left of them."""
    for start, end in pairwise(borders):
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        if start < end:
            yield start, end


def _bounded(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    borders = [start]
    while end - start > MAX_SENTENCE:
        cut = text.rfind(" ", start + MAX_SENTENCE // 2, start + MAX_SENTENCE)
        cut = cut if cut > 0 else start + MAX_SENTENCE
        borders.append(cut)
        start = cut
    yield from _between(text, [*borders, end])


def _with_context(
    listing: Listing, pieces: Sequence[_Piece], words: Sequence[_Words], zones: Sequence[str], marked: Sequence[bool]
) -> Iterator[Sentence]:
    """The sentences, each with its kind and the indices of its heading, lead-in and question; `marked` are the headings of
    a page."""
    heading: int | None = None
    question: int | None = None
    question_paragraph = 0
    lead_in: int | None = None
    headings_between = 0
    final = len(pieces) - 1
    for index, (piece, (span, readable, folded, is_disguised)) in enumerate(zip(pieces, words, strict=True)):
        next_piece = None if index == final else pieces[index + 1]
        alone = (index == 0 or pieces[index - 1].line != piece.line) and (
            next_piece is None or next_piece.line != piece.line
        )
        text = readable.text.rstrip()
        last = text.rstrip("\"'”’)*_ ")[-1:]
        is_question = last in "?？" and last != ""
        is_item = piece.is_item
        is_heading = alone and not is_item and (marked[index] or (index < final and last not in ".!,;:" and _is_short(text)))
        own_lead = lead_in
        if not is_item and own_lead is not None:
            follows = own_lead == index - 1 and words[own_lead].readable.text.rstrip().endswith(":")
            own_lead = own_lead if follows and not is_heading else None
        yield Sentence(
            listing,
            span,
            index,
            readable,
            folded,
            "heading" if is_heading else "item" if is_item else "prose",
            zones[index],
            piece.paragraph,
            heading,
            own_lead,
            None if is_question else question,
            is_disguised,
            piece.line,
        )
        if is_heading and not is_question:
            heading = index
            headings_between += 1
            if headings_between > 1 or piece.paragraph > question_paragraph + 1:
                question = None
        if is_question:
            question, question_paragraph, headings_between = index, piece.paragraph, 0
            if is_heading:
                heading = index
        elif question is not None and not is_item and not is_heading and piece.paragraph > question_paragraph + 1:
            question = None
        if not is_item and (is_heading or is_question or text.endswith(":")):
            lead_in = index
        elif not is_item and own_lead is None:
            opens_list = next_piece is not None and next_piece.is_item and next_piece.line != piece.line
            lead_in = index if opens_list else None
        elif not is_item:
            lead_in = None


def _is_short(text: str) -> bool:
    return len(text.split()) <= MAX_HEADING_WORDS
