"""What the reports have in common: strict templates that escape whatever they are given, and small words."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from claimaudit.types import Disguise

if TYPE_CHECKING:
    from jinja2 import Environment


def environment() -> Environment:
    """Templates of `claimaudit/reports/templates`; an undefined name is an error, and text is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # only a page needs it

    return Environment(
        loader=PackageLoader("claimaudit.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def source(templates: Environment, name: str) -> str:
    """A file beside the templates as it stands, for what a page holds inline."""
    assert templates.loader is not None
    return templates.loader.get_source(templates, name)[0]


def counted(count: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "flag"), counted(2_000, "flag")
    ('1 flag', '2,000 flags')
    """
    return f"{count:,} {noun}{'s' * (count != 1)}"


def printable(text: str) -> str:
    """A text of outside for a terminal: what would steer it, and what does not show, is written as its code.

    >>> printable("no\x1b[2J pain")
    'no[U+001B][2J pain'
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else f"[U+{ord(c):04X}]" for c in text)


def told_disguise(disguise: Disguise) -> str:
    """Where a disguise stands, what it is and how it is made.

    >>> from claimaudit.types import Span
    >>> told_disguise(Disguise(("figures",), Span(3, 7), "p@in", "pain", how="figures or signs for letters"))
    'characters 3–7: p@in reads “pain” (figures or signs for letters)'
    >>> told_disguise(Disguise(("hidden",), Span(3, 40), "No pain.", "No pain.", "body", '<p style="display:none">'))
    'body, characters 3–40: “No pain.” is not shown (hidden by <p style="display:none">)'
    """
    field = f"{disguise.field}, " if disguise.field != "text" else ""
    text, how = visible(disguise.text), visible(disguise.how)
    what = (
        f"“{text}” is not shown (hidden by {how})"
        if disguise.text == disguise.reading
        else f"{text} reads “{disguise.reading}” ({how})"
    )
    return f"{field}characters {disguise.span.start}–{disguise.span.end}: {what}"


def visible(text: str) -> str:
    """Copy in disguise, with characters that do not show written as their code.

    >>> visible("pa\\u200binless")
    'pa[U+200B]inless'
    """
    return "".join(
        f"[U+{ord(character):04X}]" if unicodedata.category(character) in ("Cc", "Cf") else character for character in text
    )
