"""A result in a notebook: all that was read, each claim with its colour and shape, nothing of a listing taken for markup."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from claimaudit.reports.html import kind_of, readable_text
from claimaudit.types import AuditResult

SIGNS = {"contradicted": "◆", "overstated": "▲", "consistent": "●", "near-miss": "○"}
ALLOWED = {"div", "style", "p", "mark", "sup", "ul", "li", "b", "q", "bdi", "span", "strong", "details", "summary"}


class Reader(HTMLParser):
    """Collects tags, attributes and marked words, and the copy without its reference signs; open tags must be closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.copy = ""
        self.refs: list[tuple[str, str]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.open.append((tag, dict(attrs).get("class") or ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if ("div", "copy") in self.open:
            if self.open[-1][0] == "sup":
                self.refs.append((self.open[-1][1], data))
            else:
                self.copy += data


def test_the_copy_is_shown_as_read_with_every_claim_marked(results: Sequence[AuditResult]) -> None:
    for result in results:
        shown = Reader(result._repr_html_())
        assert shown.tags <= ALLOWED
        assert shown.attributes <= {"class", "title", "dir"}
        unprintable = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
        assert shown.copy == unprintable.sub("\ufffd", readable_text(result))
        wanted = sorted(kind_of(item) for item in (*result.findings, *result.near_misses))
        assert sorted(kind for kind, _ in shown.refs) == wanted
        assert all(words == SIGNS[kind] + re.sub(r"\D", "", words) for kind, words in shown.refs)


def test_what_is_flagged_says_why_and_what_would_hold(results: Sequence[AuditResult]) -> None:
    pen = results[4]
    page = pen._repr_html_()
    assert pen.flagged
    for finding in pen.flagged:
        assert finding.limitations[0].statement in page.replace("&#39;", "'")
        assert finding.suggestion in page.replace("&#39;", "'")
    assert "1 sentence in another language (German)" in page


def test_the_piece_is_small_and_needs_nothing_else(results: Sequence[AuditResult]) -> None:
    bare = results[2]._repr_html_()
    assert "no claim was heard" in bare
    assert len(bare) < 5_000
    assert not re.search(r"https?:|url\(|@import|<script", results[4]._repr_html_())


def test_verdicts_have_the_colours_of_the_report() -> None:
    templates = files("claimaudit.reports") / "templates"
    report, excerpt = ((templates / name).read_text("utf-8") for name in ("report.css", "excerpt.css"))
    for kind in SIGNS:
        light, dark, *_ = re.findall(rf"--{kind}: (#\w+);", report)  # and once more for print
        assert f"--on: light-dark({light}, {dark})" in excerpt


def test_ipython_shows_one_line_where_there_is_no_html(results: Sequence[AuditResult]) -> None:
    pretty = pytest.importorskip("IPython.lib.pretty").pretty
    assert pretty(results[2]) == "<AuditResult of 'other': flagged 0, findings 0, near misses 0, unchecked 0>"
