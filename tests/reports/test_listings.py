"""The row of a listing and its priority, and listings of several fields on the reviewer's page."""

from __future__ import annotations

import pytest

from claimaudit import Auditor, Listing, Strength
from claimaudit.reports.html import readable_text, render
from claimaudit.reports.listings import LISTING_FIELDS, listing_row, priority


@pytest.fixture(scope="module")
def priorities(auditor: Auditor) -> dict[str, float]:
    copies = {
        "two": "Pico pen for home use. No pain! Removes freckles instantly.",
        "one": "Pico pen for home use. No pain!",
        "overstated": "Freckle cream, 50 ml. Safe with no side effects.",
        "unread": "",
        "clean": "Freckle cream, 50 ml. Spots fade slowly over months. Results vary.",
    }
    return {name: priority(auditor.audit(Listing(name, copy))) for name, copy in copies.items()}


def test_the_priority_sorts_a_queue(priorities: dict[str, float]) -> None:
    assert sorted(priorities, key=priorities.__getitem__, reverse=True) == list(priorities)
    assert priorities["clean"] == 0


def test_the_priority_is_as_documented(auditor: Auditor) -> None:
    result = auditor.audit(Listing("a", "Pico pen for home use. No pain! Removes freckles instantly."))
    rungs = {Strength.ABSOLUTE: 1.0, Strength.STRONG: 0.8, Strength.MODEST: 0.6}
    flags = [(f.verdict.severity, rungs[f.claim.strength], f.claim.confidence) for f in result.flagged]
    assert priority(result) == pytest.approx(200 + sum(a * b * c for a, b, c in flags))


def test_the_row_of_a_listing(auditor: Auditor) -> None:
    result = auditor.audit(Listing("a", "Pico pen for home use. No pain! Das ist gut und die Haut wird schön."))
    row = listing_row(result)
    assert tuple(row) == LISTING_FIELDS
    assert (row["worst"], row["worst_type"], row["contradicted"]) == ("contradicted", "painless", 1)
    assert (row["complete"], row["unchecked"]) == (False, ["language"])
    nothing = listing_row(auditor.audit(Listing("b", "Garden hose, 20 m.")))
    assert (nothing["worst"], nothing["worst_type"], nothing["in_scope"]) == (None, None, False)


def test_the_page_shows_all_fields(auditor: Auditor) -> None:
    fields = {"title": "Pico pen, USB", "bullets": "No pain!", "body": "<p>Das ist gut und die Haut wird schön.</p>"}
    result = auditor.audit(Listing.of_fields("pen", fields))
    assert readable_text(result).split() == "Pico pen, USB No pain! Das ist gut und die Haut wird schön.".split()
    page = render([result])
    assert "No pain" in page
    assert page.count("Haut wird") >= 1
