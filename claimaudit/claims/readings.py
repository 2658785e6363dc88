"""What the linear models see of a sentence: its own words, and in one line the context that it must be read with.

The same for training and for auditing, so that a model meets no other text than it has learned from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from claimaudit.types import Scope, Sentence

TITLE_WORDS = 6
HEADING_WORDS = 8
NEAR_WORDS = 14
PREVIOUS_WORDS = 14
INDEPENDENT = "independent"
SEPARATOR = "|"


class Reading(NamedTuple):
    """A sentence for a linear model: `context` and `text`, both folded (lower case, plain letters, single spaces)."""

    context: str
    text: str


def about_line(setting: str, product_class: str | None = None, *, is_independent: bool = False) -> str:
    """Who sells what, in one line.

    >>> about_line("clinic", "peel", is_independent=True)
    'clinic peel independent'
    """
    return " ".join(filter(None, (setting, product_class, INDEPENDENT if is_independent else "")))


def about(scope: Scope) -> str:
    """`about_line` of a listing."""
    return about_line(scope.assumed_setting, scope.product_class, is_independent=scope.is_independent)


def context_line(
    setting: str,
    product_class: str | None = None,
    *,
    is_independent: bool = False,
    title: str = "",
    heading: str = "",
    near: str = "",
    previous: str = "",
) -> str:
    """The context in one line: who sells what, the title, the heading, what it answers or hangs on, the line before.

    >>> context_line("home", "ipl", title="epilator x2, box of one", previous="does it hurt?")
    'home ipl | epilator x2, box of one | | | does it hurt?'
    """
    parts = (
        about_line(setting, product_class, is_independent=is_independent),
        SEPARATOR,
        _first(title, TITLE_WORDS),
        SEPARATOR,
        _first(heading, HEADING_WORDS),
        SEPARATOR,
        _last(near, NEAR_WORDS),
        SEPARATOR,
        _last(previous, PREVIOUS_WORDS),
    )
    return " ".join(part for part in parts if part)


def readings(sentences: Sequence[Sentence], scope: Scope) -> list[Reading]:
    """One reading for each sentence of a listing."""
    return [_read(sent, sentences, scope) for sent in sentences]


def _read(sent: Sentence, sentences: Sequence[Sentence], scope: Scope) -> Reading:
    def folded(index: int | None) -> str:
        return "" if index is None else sentences[index].folded.text

    title = folded(0)
    previous = folded(sent.index - 1) if sent.index else ""
    near = folded(sent.question if sent.question is not None else sent.lead_in)
    heading = folded(sent.heading)
    line = context_line(
        scope.assumed_setting,
        scope.product_class,
        is_independent=scope.is_independent,
        title=title if sent.index > 1 else "",
        heading="" if heading in (title, near, previous) else heading,
        near="" if near == previous else near,
        previous=previous,
    )
    return Reading(line, sent.folded.text)


def _first(text: str, words: int) -> str:
    """Of a folded text, whose words stand apart by single spaces."""
    return text if text.count(" ") < words else " ".join(text.split(" ", words)[:words])


def _last(text: str, words: int) -> str:
    return text if text.count(" ") < words else " ".join(text.rsplit(" ", words)[-words:])
