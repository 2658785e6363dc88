"""What an encoder sees of a listing: windows of consecutive sentences, with the title and the lines around them.

One layout for training and auditing, so that a model meets no other text than it has learned from; training also shows
shorter windows, without the lines around.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from claimaudit.claims.readings import about
from claimaudit.types import Scope, Sentence, writable

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WINDOW_TOKENS = 256
"""Of a window. More makes attention slower (its time grows with the square), fewer hides more of the page."""
BEFORE_TOKENS = 32
AFTER_TOKENS = 16
"""Of the lines before and after a window's own that are shown with them: an answer may fall into the next window."""
LINE_TOKENS = 200
"""Of one line; a longer one, some 150 words without a stop, is cut, which may miss a claim at its end."""
TITLE_TOKENS = 12
"""Of the title, which stands before every window but the first. The sizes were set once; the lines around were halved later,
for speed."""
NO_LINE = -1
_Tokens = tuple[tuple[int, ...], tuple[tuple[int, int], ...]]
"""The tokens of a line, and [start, end) of each in its text."""
HEADING_MARK = "#"
"""What stands before a heading in place of its large letters; items bring their bullets."""


class PassageLine(NamedTuple):
    """A sentence for the encoder: its folded text, and whether it is a heading or goes on in the line of the one before."""

    text: str
    is_heading: bool = False
    is_joined: bool = False


class Passage(NamedTuple):
    """The sentences of a listing in their order; `about` tells who sells what."""

    about: str
    lines: tuple[PassageLine, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """Some lines of a passage as the graph takes them; of equal windows the answers are equal.

    `ids`, `segments` and `owners` have one entry for each token: its number, 0 or 1 in turn for each line, and the line that
    it belongs to, counted from `shown` (`NO_LINE` for what stands between lines). The answers for the lines `own` count, the
    others are shown as context. `offsets` holds for each line shown the [start, end) of its tokens in its text.
    """

    ids: tuple[int, ...]
    segments: tuple[int, ...]
    owners: tuple[int, ...]
    shown: range
    own: range
    offsets: tuple[tuple[tuple[int, int], ...], ...]


def passage_of(sentences: Sequence[Sentence], scope: Scope) -> Passage:
    """A whole listing."""
    before: list[Sentence | None] = [None, *sentences[:-1]]
    return Passage(about(scope), tuple(_line(sent, last) for sent, last in zip(sentences, before, strict=True)))


def _line(sent: Sentence, before: Sentence | None) -> PassageLine:
    is_joined = before is not None and before.listing is sent.listing and before.line == sent.line
    return PassageLine(sent.folded.text, sent.kind == "heading", is_joined)


class Layout:
    """Lays passages out in windows, with the tokenizer of an encoder.

    `remembered` is the number of distinct lines whose tokens are kept.
    """

    def __init__(self, tokenizer: Tokenizer, remembered: int = 4_096) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self._tokens = lru_cache(maxsize=remembered)(self._tokenized)
        self._opening, self._closing, self._heading = (self._token(name) for name in ("[CLS]", "[SEP]", HEADING_MARK))

    def windows(self, passage: Passage, *, budget: int = WINDOW_TOKENS, around: bool = True) -> Iterator[Window]:
        """Windows of at most `budget` tokens (a single long line may take more); `around` shows the lines beside their own.

        Every line of the passage is the own line of one window. Lines without words take no place.
        """
        opening, _ = self._tokens(passage.about)
        tokens = [self._tokens(line.text) for line in passage.lines]
        costs = [len(ids) + 2 if ids else 0 for ids, _ in tokens]
        title = next((ids for ids, _ in tokens if ids), ())[:TITLE_TOKENS]
        before, after = (BEFORE_TOKENS, AFTER_TOKENS) if around else (0, 0)
        first, left = 0, sum(costs)
        while first < len(costs):
            shown, used = first, 0
            while around and shown and used + costs[shown - 1] <= before:
                shown -= 1
                used += costs[shown]
            head = [self._opening, *opening, self._closing]
            if shown:
                head += [*title, self._closing]
            room = budget - len(head) - used
            last = len(costs) if left <= room else max(first + 1, _reach(costs, first, room - after))
            end = max(last, _reach(costs, first, room)) if around else last
            yield self._window(head, passage.lines, tokens, range(shown, end), range(first, last))
            left -= sum(costs[first:last])
            first = last

    def _window(
        self, head: list[int], lines: Sequence[PassageLine], tokens: Sequence[_Tokens], shown: range, own: range
    ) -> Window:
        ids, segments, owners = [*head], [0] * len(head), [NO_LINE] * len(head)
        segment = 0

        def add(added: Sequence[int], owner: int = NO_LINE) -> None:
            ids.extend(added)
            segments.extend([segment] * len(added))
            owners.extend([owner] * len(added))

        for line in shown:
            found, _ = tokens[line]
            if not found:
                continue
            if len(ids) > len(head) and not lines[line].is_joined:
                add([self._closing])
            segment = 1 - segment
            if lines[line].is_heading:
                add([self._heading])
            add(found, line - shown.start)
        add([self._closing])
        return Window(tuple(ids), tuple(segments), tuple(owners), shown, own, tuple(tokens[line][1] for line in shown))

    def _tokenized(self, text: str) -> _Tokens:
        encoding = self._tokenizer.encode(writable(text), add_special_tokens=False)
        return tuple(encoding.ids[:LINE_TOKENS]), tuple(encoding.offsets[:LINE_TOKENS])

    def _token(self, name: str) -> int:
        found = self._tokenizer.token_to_id(name)
        if found is None:
            raise ValueError(f"the tokenizer does not know '{name}'")
        return int(found)


def _reach(costs: Sequence[int], first: int, room: int) -> int:
    """The first line from `first` on that does not fit into the room."""
    while first < len(costs) and costs[first] <= room:
        room -= costs[first]
        first += 1
    return first
