"""Parts a page into tags and text, each with its place in the source.

The standard library's parser is no good for copy from strangers: on tags and comments that never end, its time grows with
the square of the length (CVE-2025-6069), and what it makes of them differs between versions of Python. This scanner passes
over the source once, whatever it holds. It follows the HTML standard (WHATWG, "Tokenization") in what is a tag, a comment,
the content of a script. What never ends is read as text, so that nothing goes unread.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

RAW_TEXT = frozenset(["script", "style"])
"""Elements whose content is no markup."""

_TAG_BEGINS = re.compile(r"</?[a-zA-Z]")
_NAME = r"<(?P<close>/?)(?P<name>[a-zA-Z][^\s/>]*)"
_TAG = re.compile(rf"""{_NAME}(?:[^>"'=]++|=\s*+(?:"[^"]*"|'[^']*')?|["'])*+>""")
_TAG_TO_NEXT_END = re.compile(rf"{_NAME}[^>]*>")
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'<>]+))?""")


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag, at [start, end) of the source; `name` is in lower case."""

    start: int
    end: int
    name: str
    raw: str
    closes: bool = False
    is_empty: bool = False
    """Whether it ends in `/>`."""

    @property
    def attributes(self) -> list[tuple[str, str | None]]:
        """Names in lower case, and values with their entities resolved; None for an attribute without a value."""
        found = _ATTRIBUTE.findall(self.raw, len(self.name) + 1)
        return [(name.lower(), html.unescape(value.strip("\"'")) if value else None) for name, value in found]


@dataclass(frozen=True, slots=True)
class Text:
    """Text between tags, at [start, end) of the source, entities and all; `within` is the script or style that holds it."""

    start: int
    end: int
    within: str | None = None


def scan(source: str) -> Iterator[Tag | Text]:
    """The tags and texts of a page, in order. Comments, declarations and processing instructions are passed over.

    >>> page = "a<b c='>'>d<!-- e -->f< g"
    >>> [page[part.start : part.end] for part in scan(page)]
    ['a', "<b c='>'>", 'd', 'f< g']
    """
    return _Scanner(source).parts()


class _Scanner:
    def __init__(self, source: str) -> None:
        self._source = source
        self._last_end = max(source.rfind(">"), 0)
        self._last_comment_end = source.rfind("-->")
        self._tag = _TAG

    def parts(self) -> Iterator[Tag | Text]:
        source = self._source
        begin = place = 0
        while (place := source.find("<", place, self._last_end)) >= 0:
            end, tag = self._markup(place)
            if end == place:
                place += 1  # a bare `<`
                continue
            if begin < place:
                yield Text(begin, place)
            begin = place = end
            if tag is None:
                continue
            yield tag
            if tag.name in RAW_TEXT and not tag.closes and not tag.is_empty:
                close = re.compile(rf"</{tag.name}(?=[\s/>])", re.IGNORECASE).search(source, place)
                begin = place = close.start() if close else len(source)
                if tag.end < place:
                    yield Text(tag.end, place, tag.name)
        if begin < len(source):
            yield Text(begin, len(source))

    def _markup(self, place: int) -> tuple[int, Tag | None]:
        """Where the markup at a `<` ends, and its tag if it is one; the place itself if it is text."""
        source = self._source
        if _TAG_BEGINS.match(source, place):
            tag = self._read_tag(place)
            return tag.end, tag
        if source.startswith("<!--", place) and not source.startswith(("<!-->", "<!--->"), place):
            if place + 4 > self._last_comment_end:
                return place, None
            return source.index("-->", place + 4) + 3, None
        if source.startswith(("<!", "<?", "</"), place):
            return source.index(">", place) + 1, None
        return place, None

    def _read_tag(self, place: int) -> Tag:
        """The tag that begins here; a `>` follows somewhere."""
        match = self._tag.match(self._source, place)
        if match is None:
            # Every further `>` stands in quotation marks. From here on these are characters like others, so that the rest
            # is looked through for them only once.
            self._tag = _TAG_TO_NEXT_END
            match = self._tag.match(self._source, place)
        assert match is not None
        raw = match.group()
        return Tag(place, match.end(), match["name"].lower(), raw, match["close"] == "/", raw.endswith("/>"))
