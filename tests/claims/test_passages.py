"""Passages, and the windows that an encoder reads them in; the tokenizer is the one that ships."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from claimaudit import Auditor, Listing, Pack
from claimaudit.claims.passages import (
    AFTER_TOKENS,
    BEFORE_TOKENS,
    LINE_TOKENS,
    NO_LINE,
    Layout,
    Passage,
    PassageLine,
    Window,
    passage_of,
)
from claimaudit.claims.scope import ScopeReader
from claimaudit.resources import model_path
from claimaudit.text.sentences import split_sentences

COPY = """Pico pen, rechargeable

It removes spots. It does not hurt! Works like this:
- hold it still
- press the button

You cannot go wrong."""


@pytest.fixture(scope="module")
def tokenizer(pack: Pack) -> Tokenizer:
    folder = model_path(pack)
    assert folder is not None
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


@pytest.fixture(scope="module")
def layout(tokenizer: Tokenizer) -> Layout:
    return Layout(tokenizer)


def shown(window_ids: tuple[int, ...], tokenizer: Tokenizer) -> str:
    return str(tokenizer.decode(list(window_ids), skip_special_tokens=False))


def read(copy: str, pack: Pack) -> Passage:
    sentences = split_sentences(Listing("a", copy, markup="text"))
    return passage_of(sentences, ScopeReader(pack).read(sentences))


def test_a_passage_keeps_lines_apart_and_tells_headings(pack: Pack) -> None:
    found = read(COPY, pack)
    assert found.about == "home pico-laser"
    assert [(line.is_heading, line.is_joined) for line in found.lines] == [
        (True, False),
        (False, False),
        (False, True),
        (False, True),
        (False, False),
        (False, False),
        (False, False),
    ]


def test_html_breaks_lines_at_its_blocks_alone(pack: Pack) -> None:
    page = "<h2>Pico pen</h2><p>It removes\nspots. <b>It works.</b>\nIt lasts.</p><ul><li>Mild. Quick.</li><li>Safe</ul>"
    sentences = split_sentences(Listing("a", page))
    found = passage_of(sentences, ScopeReader(pack).read(sentences))
    assert [line.is_joined for line in found.lines] == [False, False, True, True, False, True, False]


def test_fields_of_a_listing_stand_on_lines_of_their_own(auditor: Auditor, pack: Pack) -> None:
    result = auditor.audit(Listing.of_fields("a", {"title": "It removes spots.", "bullets": "It does not hurt."}))
    found = passage_of(result.sentences, result.scope)
    assert [line.is_joined for line in found.lines] == [False, False]


def test_a_short_listing_is_one_window(layout: Layout, tokenizer: Tokenizer, pack: Pack) -> None:
    (window,) = layout.windows(read(COPY, pack))
    assert shown(window.ids, tokenizer) == (
        "[CLS] home pico - laser [SEP] # pico pen, rechargeable [SEP] it removes spots. it does not hurt! works like this : "
        "[SEP] - hold it still [SEP] - press the button [SEP] you cannot go wrong. [SEP]"
    )
    assert window.shown == window.own == range(7)
    assert len(window.ids) == len(window.segments) == len(window.owners)
    for line in window.shown:
        places = [place for place, owner in enumerate(window.owners) if owner == line]
        assert len(places) == len(window.offsets[line])
        assert {window.segments[place] for place in places} == {(line + 1) % 2}


def test_a_long_listing_shows_each_window_its_title_and_the_lines_before(
    layout: Layout, tokenizer: Tokenizer, pack: Pack
) -> None:
    found = read("A pen of words\n\n" + "\n\n".join(f"Line {number} of many." for number in range(60)), pack)
    windows = list(layout.windows(found, budget=150))
    assert len(windows) > 3
    assert windows[0].shown.start == windows[0].own.start == 0
    for window in windows[1:]:
        assert shown(window.ids, tokenizer).startswith(f"[CLS] {found.about.replace('-', ' - ')} [SEP] a pen of words [SEP]")
        assert window.shown.start < window.own.start
        assert cost(window, range(window.shown.start, window.own.start)) <= BEFORE_TOKENS
        assert len(window.ids) <= 150
    for window in windows[:-1]:
        assert window.own.stop < window.shown.stop
        assert cost(window, range(window.own.stop, window.shown.stop)) >= AFTER_TOKENS - 10
    bare = list(layout.windows(found, budget=150, around=False))
    assert all(window.shown == window.own for window in bare)
    assert len(bare) < len(windows)


def test_without_lines_around_not_even_a_wordless_one_is_shown(layout: Layout) -> None:
    lines = (PassageLine("a spot " * 40), PassageLine(""), PassageLine("a spot " * 40))
    windows = list(layout.windows(Passage("home pen", lines), budget=110, around=False))
    assert [window.shown for window in windows] == [window.own for window in windows] == [range(2), range(2, 3)]


def cost(window: Window, lines: range) -> int:
    return sum(len(window.offsets[line - window.shown.start]) + 1 for line in lines)


LINES = st.builds(PassageLine, st.text("ab .é🎉\ud800\u200b", max_size=300), st.booleans(), st.booleans())


@settings(deadline=None, max_examples=60)
@given(st.lists(LINES, max_size=40), st.integers(110, 300), st.booleans())
def test_every_line_is_the_own_line_of_one_window(
    layout: Layout, lines: list[PassageLine], budget: int, around: bool
) -> None:
    windows = list(layout.windows(Passage("home pen", tuple(lines)), budget=budget, around=around))
    assert [line for window in windows for line in window.own] == list(range(len(lines)))
    for window in windows:
        assert window.shown.start <= window.own.start < window.own.stop <= window.shown.stop
        assert around or window.shown == window.own
        assert len(window.ids) == len(window.segments) == len(window.owners)
        assert len(window.ids) <= max(budget, BEFORE_TOKENS + LINE_TOKENS + 30)
        assert max(window.owners) < len(window.shown)
        segment = 0
        for number, line in enumerate(window.shown):
            places = [place for place, owner in enumerate(window.owners) if owner == number]
            assert len(places) == len(window.offsets[number]) <= LINE_TOKENS
            assert all(0 <= start <= end <= len(lines[line].text) for start, end in window.offsets[number])
            segment = 1 - segment if places else segment
            assert {window.segments[place] for place in places} <= {segment}


@settings(deadline=None, max_examples=40)
@given(st.lists(LINES, min_size=1, max_size=20), st.integers(0, 20))
def test_lines_without_words_change_nothing(layout: Layout, lines: list[PassageLine], place: int) -> None:
    place = min(place, len(lines))
    with_empty = [*lines[:place], PassageLine("\u200b"), *lines[place:]]
    found = []
    for some in (lines, with_empty):
        windows = layout.windows(Passage("home", tuple(some)))
        found.append([w.ids for w in windows if any(w.offsets[line - w.shown.start] for line in w.own)])
    assert found[0] == found[1]


def test_a_line_that_never_ends_is_cut(layout: Layout) -> None:
    (window,) = layout.windows(Passage("home", (PassageLine("word " * 5_000),)))
    assert len(window.offsets[0]) == LINE_TOKENS
    assert window.owners.count(NO_LINE) == 4  # [CLS] home [SEP] … [SEP]
