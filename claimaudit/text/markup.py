"""HTML to readable text, each character mapped to the source it was made from.

No library known to us maps its text back to source offsets, so this is a small reader on a scanner of our own. It keeps all
text, hidden or not (hiding a claim is no reason not to read it), and marks what stands outside the page's body by zone:
`title`, `alt` (captions of images, tooltips), `nav` (menus, breadcrumbs), `meta`, `json-ld`, `hidden`. Comments are nobody's
copy and are left out.
"""

from __future__ import annotations

import html
import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from claimaudit.text.tags import RAW_TEXT, Tag, scan
from claimaudit.types import MappedText, Span

_BLOCKS = frozenset(
    """
        address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption
        figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol option p pre section
        summary table tbody tfoot thead title tr ul select textarea button template noscript
    """.split()
)
_HEADINGS = frozenset(
    """
        h1 h2 h3 h4 h5 h6 title caption legend summary dt
    """.split()
)
_CELLS = frozenset(["td", "th"])
_TAG = re.compile(
    r"</?(?:p|br|div|span|li|ul|ol|h[1-6]|table|tr|td|th|b|strong|i|em|a|img|html|body|head|section|article|font|meta|"
    r"script|style|title|hr|center|blockquote|small|sup|sub|u)\b[^<>]*>",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?")
_ENDED_ENTITY = re.compile(_ENTITY.pattern.removesuffix("?"))
"""As shops export it without tags; `AT&T` and `a&copy` are plain text."""
_ATTRIBUTE = re.compile(r"""(?<![^\s"'<>/=])([^\s"'<>/=]++)\s*+=\s*+("([^"]*)"|'([^']*)'|([^\s"'=<>`]+))""")
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_HIDING_STYLE = re.compile(
    r"""(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*(?:0+(?:\.0*)?|\.0+)\s*(?:;|!|$)
    |font-size\s*:\s*0+(?:\.0+)?\s*(?:px|pt|em|rem|%)?\s*(?:;|!|$)|color\s*:\s*transparent
    |(?:text-indent|left|top|margin-left)\s*:\s*-\d{3,})""",
    re.IGNORECASE | re.VERBOSE,
)
_COLOURS = re.compile(r"(?:^|;)\s*(color|background(?:-color)?)\s*:\s*([^;!]+)", re.IGNORECASE)
_LINKED_DATA = re.compile(
    r'"(?:name|headline|alternateName|description|disambiguatingDescription|slogan|text|reviewBody)"\s*:\s*"((?:[^"\\]|\\.)*)"'
)
_JSON_ESCAPE = re.compile(
    r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\(.)", re.DOTALL
)
"""The first two groups are the halves of a character beyond U+FFFF."""
_JSON_CHARACTERS = {"n": "\n", "t": " ", "r": " ", "b": " ", "f": " "}
_MOST_TOLD = 80
"""Characters of an attribute that a zone repeats."""
_META_TITLES = ("og:title", "twitter:title")
_READ_ATTRIBUTES = ("alt", "title", "aria-label", "placeholder")


@dataclass(frozen=True, slots=True)
class Zone:
    """A range of the readable text that stands outside the flow of the page, or is a heading of it.

    `how` is what hides a text that is not shown: its element with the attribute, as `<p style="display:none">`.
    """

    start: int
    end: int
    name: str
    how: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Readable text of a listing, its zones, and the images that it shows (as source spans).

    `plain` is the readable text without its disguises, mapped to places of it; None where there are none.
    """

    readable: MappedText
    zones: tuple[Zone, ...] = ()
    headings: tuple[Zone, ...] = ()
    images: tuple[Span, ...] = ()
    plain: MappedText | None = None


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
"""Figures in `<sup>`, so that "Painless<sup>1</sup>" does not read as one word with its footnote's mark."""


def is_html(text: str) -> bool:
    """Whether the text holds HTML tags; `I <3 it` and `a < b > c` do not make it HTML.

    >>> is_html("<p>Fades spots</p>"), is_html("pain <3 and a > b")
    (True, False)
    """
    return _TAG.search(text) is not None


MARKUPS = (None, "html", "text")


def read_page(text: str, *, markup: str | None = None) -> Page:
    """The readable text of a listing.

    Parameters
    ----------
    text
        Plain text or HTML.
    markup
        `"html"`, `"text"` (nothing stands for anything else), or None to tell by the tags. Text without tags has its
        entities resolved, for exports hold them.
    """
    if markup == "text":
        return Page(MappedText(text))
    if markup == "html" or is_html(text):
        return _Reader(text).page()
    if "&" in text and any(html.unescape(entity) != entity for entity in _ENDED_ENTITY.findall(text)):
        return _Reader(text).untagged()
    return Page(MappedText(text))


_Text: TypeAlias = tuple[list[str], "array[int]", "array[int]"]
"""Characters, and where each one begins and ends in the source."""


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source
        self._characters: list[str] = []
        self._starts = array("q")
        self._ends = array("q")
        self._zones: list[Zone] = []
        self._headings: list[Zone] = []
        self._images: list[Span] = []
        self._open_headings: list[tuple[str, int]] = []
        self._preformatted = 0
        self._raised = False
        self._is_linked_data = False
        self._menu: list[str] = []  # the element of a menu, and those of its name open in it
        self._menu_begins = 0
        self._hiding: list[str] = []  # the element that hides its content, and those open in it
        self._shown: _Text | None = None
        self._aside: list[tuple[list[str], array[int], array[int], str, str]] = []  # with its zone, and what hides it
        self._how = ""

    def page(self) -> Page:
        for part in scan(self._source):
            if isinstance(part, Tag):
                (self._end if part.closes else self._begin)(part)
            elif part.within is None:
                self._copy(part.start, part.end)
            elif self._is_linked_data:
                self._copy_linked_data(part.start, self._source[part.start : part.end])
        self._reveal()
        self._flush_aside(len(self._source))
        return Page(self._readable(), tuple(self._zones), tuple(self._headings), tuple(self._images))

    def untagged(self) -> Page:
        """The page of a text without tags, in which only entities stand for something else."""
        self._preformatted = 1
        self._copy(0, len(self._source), _ENDED_ENTITY)
        return Page(self._readable())

    def _readable(self) -> MappedText:
        return MappedText("".join(self._characters), 0, self._starts, self._ends)

    def _insert(self, characters: str, at: int) -> None:
        for character in characters:
            self._characters.append(character)
            self._starts.append(at)
            self._ends.append(at)

    def _break(self, at: int, characters: str = "\n") -> None:
        tail = "".join(self._characters[-2:])
        if self._characters and not tail.endswith(characters):
            self._insert(characters[1:] if tail.endswith("\n") else characters, at)

    def _conceal(self, tag: str, attribute: str) -> None:
        """From here on, what is read is not shown: it is kept aside, so that it does not part the words around it."""
        self._shown = self._swapped()
        self._hiding = [tag]
        self._how = f"<{tag} {attribute}>"

    def _reveal(self) -> None:
        if self._shown is not None:
            self._aside.append((*self._swapped(self._shown), "hidden", self._how))
            self._shown = None
            self._hiding = []

    def _follow_hidden(self, tag: str, *, closes: bool) -> None:
        """Keeps account of the elements open in one that hides its content; a stray end closes them all."""
        if not closes:
            if self._hiding == ["p"] and tag in _BLOCKS:
                self._reveal()
            elif tag not in _VOID:
                self._hiding.append(tag)
        else:
            while self._hiding and self._hiding.pop() != tag:
                pass
        if not self._hiding:
            self._reveal()

    def _swapped(self, to: _Text | None = None) -> _Text:
        """What was read so far; from here on, it goes on with another text, or a new one."""
        before = self._characters, self._starts, self._ends
        self._characters, self._starts, self._ends = to or ([], array("q"), array("q"))
        return before

    def _flush_aside(self, at: int) -> None:
        """What was kept aside, each part as a block of its own in its zone."""
        waiting, self._aside = self._aside, []
        for characters, starts, ends, zone, how in waiting:
            if "".join(characters).strip():
                self._break(at, "\n\n")
                begin = len(self._characters)
                self._characters.extend(characters)
                self._starts.extend(starts)
                self._ends.extend(ends)
                self._zones.append(Zone(begin, len(self._characters), zone, how))
                self._break(at, "\n\n")

    def _copy(self, start: int, end: int, entities: re.Pattern[str] = _ENTITY) -> None:
        """Copy source text with its entities resolved and, outside <pre>, its white space as HTML reads it."""
        place = start
        while place < end:
            character = self._source[place]
            entity = entities.match(self._source, place, end) if character == "&" else None
            stop = entity.end() if entity else place + 1
            plain = html.unescape(entity.group()) if entity else character
            if not self._preformatted and not entity and plain in "\n\r\t":
                plain = " "
            if self._raised:
                plain = plain.translate(_RAISED)
            for part in plain:
                self._characters.append(part)
                self._starts.append(place)
                self._ends.append(stop)
            place = stop

    def _begin(self, part: Tag) -> None:
        tag, at, raw = part.name, part.start, part.raw
        attributes = dict(part.attributes)
        if self._hiding:
            self._follow_hidden(tag, closes=False)
        elif tag not in _VOID and tag not in ("html", "body") and (attribute := _hiding_attribute(attributes)):
            self._conceal(tag, attribute)
        if tag in RAW_TEXT:
            self._is_linked_data = (attributes.get("type") or "").strip().lower() == "application/ld+json"
            return
        if tag in _BLOCKS and not self._hiding:
            self._flush_aside(at)
        if tag == "bdo" and (attributes.get("dir") or "").lower() == "rtl":
            self._insert("\u202e", at)
        if tag == "br":
            self._insert("\n", at)
        elif tag in _CELLS:
            line = "".join(self._characters[-1:])
            if line and line != "\n":
                self._insert(" | ", at)
        elif tag == "li":
            self._break(at)
            self._insert("• ", at)
        elif tag in _BLOCKS:
            self._break(at, "\n" if tag in ("tr", "dd", "option") else "\n\n")
        if tag in _BLOCKS:
            self._raised = False  # an unclosed one ends with its block
        if tag == "pre":
            self._preformatted += 1
        if tag == "sup":
            self._raised = True
        if tag in _HEADINGS and not self._hiding:
            self._open_headings.append((tag, len(self._characters)))
        if self._menu:
            self._menu.extend([tag] * (tag == self._menu[0]))
        elif not self._hiding and (tag == "nav" or (tag in _BLOCKS and _is_breadcrumb(attributes))):
            self._menu, self._menu_begins = [tag], len(self._characters)
        if tag == "img":
            self._images.append(Span(at, at + len(raw)))
        self._read_attributes(tag, raw, at)

    def _read_attributes(self, tag: str, raw: str, at: int) -> None:
        values = {match.group(1).lower(): match for match in _ATTRIBUTE.finditer(raw)}
        wanted = dict.fromkeys(_READ_ATTRIBUTES, "alt")
        if tag == "meta":
            name = values.get("name") or values.get("property")
            called = name.group(2).strip("\"'").lower() if name is not None else ""
            described = called.removeprefix("og:").removeprefix("twitter:") == "description" or called in _META_TITLES
            wanted = {"content": "meta"} if described else {}
        for attribute, zone in wanted.items():
            match = values.get(attribute)
            if match is None:
                continue
            group = next(number for number in (3, 4, 5) if match.group(number) is not None)
            if len(match.group(group).split()) < 2:
                continue
            start, end = at + match.start(group), at + match.end(group)
            if self._hiding:  # what belongs to a hidden element is hidden with it
                self._break(start, "\n\n")
                self._copy(start, end)
                self._break(end, "\n\n")
            else:  # a tooltip must not part the words around it
                flow = self._swapped()
                self._copy(start, end)
                self._aside.append((*self._swapped(flow), zone, ""))

    def _end(self, part: Tag) -> None:
        tag, at = part.name, part.start
        if tag == "bdo":
            self._insert("\u202c", at)
        if self._hiding:
            self._follow_hidden(tag, closes=True)
        if tag == "sup" or tag in _BLOCKS:
            self._raised = False
        if tag == "pre":
            self._preformatted = max(0, self._preformatted - 1)
        if self._menu and tag == self._menu[0]:
            self._menu.pop()
            if not self._menu and not self._hiding:
                self._zones.append(Zone(self._menu_begins, len(self._characters), "nav"))
        if self._open_headings and self._open_headings[-1][0] == tag:
            start = self._open_headings.pop()[1]
            heading = Zone(start, len(self._characters), tag)
            self._headings.append(heading)
            if tag == "title":
                self._zones.append(heading)
        if tag in _BLOCKS:
            if not self._hiding:
                self._flush_aside(at)
            self._break(at, "\n" if tag in ("li", "tr", "dt", "dd", "option") else "\n\n")

    def _copy_linked_data(self, at: int, data: str) -> None:
        """The prose of JSON-LD, which search engines and shops show: each text a block of its own."""
        for match in _LINKED_DATA.finditer(data):
            if len(match.group(1).split()) < 2:
                continue
            self._break(at + match.start(1), "\n\n")
            begin = len(self._characters)
            place = match.start(1)
            while place < match.end(1):
                escape = _JSON_ESCAPE.match(data, place, match.end(1))
                stop = escape.end() if escape else place + 1
                self._characters.append(_unescaped(escape) if escape else data[place])
                self._starts.append(at + place)
                self._ends.append(at + stop)
                place = stop
            self._zones.append(Zone(begin, len(self._characters), "json-ld"))
            self._break(at + match.end(1), "\n\n")


def _unescaped(escape: re.Match[str]) -> str:
    """The character of a JSON escape."""
    high, low, code, sign = escape.groups()
    if high:
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
    return chr(int(code, 16)) if code else _JSON_CHARACTERS.get(sign, sign)


def _is_breadcrumb(attributes: Mapping[str, str | None]) -> bool:
    return any("breadcrumb" in (attributes.get(name) or "").lower() for name in ("class", "id", "aria-label"))


def _hiding_attribute(attributes: Mapping[str, str | None]) -> str:
    """The one of an element's own attributes that keeps its content from being seen, as written; empty if none does."""
    for name, value in attributes.items():
        if name == "hidden" and value != "until-found":
            return name
        if name == "style" and value:
            colours = {key.lower()[:5]: colour.strip().lower() for key, colour in _COLOURS.findall(value)}
            is_ton_sur_ton = len(colours) == 2 and len(set(colours.values())) == 1
            if _HIDING_STYLE.search(value) or is_ton_sur_ton:
                told = " ".join(value.split())
                return f'style="{told if len(told) <= _MOST_TOLD else told[:_MOST_TOLD] + "…"}"'
    return ""
