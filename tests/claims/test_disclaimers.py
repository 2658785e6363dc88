"""Disclaimers are tied to what they qualify, shown with it, and lower nothing."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import openpyxl
import pytest

from claimaudit import Auditor, Listing, Pack, PackError, load_pack
from claimaudit.claims.disclaimers import MAX_DISCLAIMERS
from claimaudit.evidence.verdict import replay
from claimaudit.reports import xlsx
from claimaudit.reports.html import render
from claimaudit.reports.text import render as render_table
from claimaudit.types import AuditResult, Tie
from tests.conftest import TESTS
from tests.test_packs import broken, edit

__all__ = ["broken"]  # a fixture

MARK, BLOCK, FOOTNOTE = Tie.MARK, Tie.BLOCK, Tie.FOOTNOTE
Tied = dict[str, list[tuple[str, Tie]]]


def audited(home: Auditor, text: str, *, markup: str = "text") -> AuditResult:
    return home.audit(Listing("pen", text, markup=markup))


def tied(result: AuditResult) -> Tied:
    """Disclaimers of the flagged findings by claim type; those without any are left out."""
    found: Tied = {}
    for finding in result.flagged:
        if finding.claim.disclaimers:
            found[finding.claim.type] = [(one.text, one.tie) for one in finding.claim.disclaimers]
    return found


@pytest.mark.parametrize(
    ("copy", "expected"),
    [
        # by its mark
        ("Pico pen. It is permanent*.\n\nShips fast.\n\n*Results may vary.\n\nBye.",
         {"permanent": [("*Results may vary.", MARK)]}),
        ("Pico pen. Permanent* and painless.\n\n*With sunscreen.\n\nBye.", {"permanent": [("*With sunscreen.", MARK)]}),
        ("Pico pen. Permanent* and painless**.\n*With care. **With a numbing gel.",
         {"permanent": [("*With care.", MARK)], "painless": [("**With a numbing gel.", MARK)]}),
        ("Pico pen. It is painless†!\n\n† With numbing cream.", {"painless": [("† With numbing cream.", MARK)]}),
        ("Pico pen. It is painless.* *Results may vary.", {"painless": [("*Results may vary.", MARK)]}),
        ("Pico pen. It is painless* *Individual results may vary", {"painless": [("*Individual results may vary", MARK)]}),
        ("Pico pen. It is painless¹.\n\n¹ With gel.\n\nBye.", {"painless": [("¹ With gel.", MARK)]}),
        ("Pico pen. It is painless [1].\n\n[1] Results differ.\n\nBye.", {"painless": [("[1] Results differ.", MARK)]}),
        ("Pico pen. It is painless¹.\n\n1. Results differ.\n\nBye.", {"painless": [("1. Results differ.", MARK)]}),
        ("Pico pen. It is painless＊.\n\n* Results differ.\n\nBye.", {"painless": [("* Results differ.", MARK)]}),
        ("Pico pen. You get*:\n- painless work\n\n*Results may vary.\n\nBye.", {"painless": [("*Results may vary.", MARK)]}),
        # what hangs elsewhere, or is no footnote
        ("Pico pen. Painless. Free cable*.\n\n*Results may vary.\n\nBye.", {}),
        ("Pico pen. *Painless*.\n\n* Free cable.\n\nBye.", {}),
        ("Pico pen. It is painless [1].\n\n[1] Berg 2019.\n\nBye.", {}),
        ("Pico pen. It is painless¹.\n\n1. Wash the skin.\n\nBye.", {}),
        ("Pico pen. It is painless*.\n\n* A cable.\n* A stand.\n\nBye.", {}),
        ("*Results may vary.\n\nPico pen. It is painless*.\n\nBye.", {}),
        # in the same block
        ("Pico pen. It is permanent. Results may vary.\n\nBye.", {"permanent": [("Results may vary.", BLOCK)]}),
        ("Results may vary. Pico pen. It is permanent.\n\nBye.", {"permanent": [("Results may vary.", BLOCK)]}),
        ("Pico pen. It is permanent.\n\nResults may vary.\n\nBye.", {}),
        ("Pico pen. It is permanent.\nPrices may vary.", {}),
        # at the end of the copy
        ("Pico pen. It is permanent.\n\nBye.\n\nIndividual results may vary.",
         {"permanent": [("Individual results may vary.", FOOTNOTE)]}),
        ("Pico pen. It is permanent*.\n\n*With care.\n\nSuccess is not guaranteed.",
         {"permanent": [("*With care.", MARK), ("Success is not guaranteed.", FOOTNOTE)]}),
        # only what such words can qualify
        ("Pico pen. It is permanent and painless.\n\nSide effects may occur.",
         {"painless": [("Side effects may occur.", FOOTNOTE)]}),
    ],
)  # fmt: skip
def test_what_qualifies_a_claim(home: Auditor, copy: str, expected: Tied) -> None:
    result = audited(home, copy)
    assert {finding.claim.type for finding in result.flagged} & {"permanent", "painless"}
    assert tied(result) == expected
    for finding in result.findings:
        for disclaimer in finding.claim.disclaimers:
            assert " ".join(disclaimer.span.of(copy).split()) == disclaimer.text


def test_figures_of_html_are_marks_and_no_part_of_the_word(home: Auditor) -> None:
    page = "<h1>Pico pen</h1><p>It is painless<sup>1</sup>.</p><p>Bye.</p><p><sup>1</sup>Results vary.</p><p>Call us.</p>"
    result = audited(home, page, markup="html")
    assert tied(result) == {"painless": [("¹Results vary.", MARK)]}
    (finding,) = result.flagged
    assert finding.claim.span.of(page) == "painless"
    (disclaimer,) = finding.claim.disclaimers
    assert disclaimer.span.of(page) == "1</sup>Results vary."


@pytest.mark.parametrize(
    "disclaimer", ["*Results may vary.", "*Success is not guaranteed.", "*Based on a survey of 30 women."]
)
def test_they_lower_nothing(home: Auditor, pack: Pack, disclaimer: str) -> None:
    bare = audited(home, "Pico pen. It is permanent*, and it never hurts*.\n\nBye.")
    result = audited(home, f"Pico pen. It is permanent*, and it never hurts*.\n\n{disclaimer}")
    assert [(f.claim.type, f.verdict) for f in result.flagged] == [(f.claim.type, f.verdict) for f in bare.flagged]
    assert len(result.flagged) == 2
    for finding in result.flagged:
        assert f"disclaimer: {disclaimer} (by its mark; lowers nothing)" in map(str, finding.why)
        assert replay(finding.why, pack) is finding.verdict


def test_a_claim_keeps_only_so_many(home: Auditor) -> None:
    result = audited(home, "Pico pen. It is permanent. " + "Results may vary. " * 50)
    (finding,) = [finding for finding in result.flagged if finding.claim.type == "permanent"]
    assert len(finding.claim.disclaimers) == MAX_DISCLAIMERS


def test_reports_show_them(home: Auditor) -> None:
    result = audited(home, "Pico pen. It is permanent*.\n\nBye.\n\n*Results may <b>vary</b>.")
    (finding,) = result.flagged
    text = "*Results may <b>vary</b>."
    (record,) = result.records("flagged")
    assert record["disclaimers"] == [text]
    assert f"disclaimer: {text} (by its mark; lowers nothing)" in "\n".join(render_table([result]))
    page = render([result])
    assert 'Qualified by its mark:</strong> <q dir="auto">*Results may &lt;b&gt;vary&lt;/b&gt;.</q>' in page
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert [item["disclaimers"] for item in data["items"] if item["kind"] == finding.verdict] == [[[text, "by its mark"]]]
    out = io.BytesIO()
    xlsx.write([result], out, show="flagged")
    header, row = openpyxl.load_workbook(out)["Findings"].iter_rows(values_only=True)
    assert row[header.index("Disclaimers")] == text
    assert result.to_frame("flagged")["disclaimers"].tolist() == [[text]]


def test_every_entry_has_both_sides_and_packs_need_none(pack: Pack) -> None:
    assert all(entry.on and entry.off for entry in pack.cues.disclaimers)
    plants = Auditor(load_pack(TESTS / "packs" / "houseplants"), speed="patterns", setting="indoor")
    result = plants.audit("A fern for your desk. It never wilts*.\n*Results may vary.")
    (finding,) = result.flagged
    assert [one.tie for one in finding.claim.disclaimers] == [MARK]
    bare = plants.audit("A fern for your desk. It never wilts.\nResults may vary.")
    assert bare.flagged == (replace(bare.flagged[0], claim=replace(bare.flagged[0].claim, disclaimers=())),)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{id: a, any: [vary], on: [x]}", r"cues.yaml:\d+: 'off' is missing"),
        ("{id: a, any: [vary], on: [x], off: [y], types: [immortal]}", "claim type 'immortal' is not in pack.yaml"),
        ("{id: a, any: ['(vary'], on: [x], off: [y]}", "is no regular expression"),
        (
            "{id: a, any: [vary], on: [x], off: [y]}\n  - {id: a, any: [differ], on: [x], off: [y]}",
            "the id 'a' stands twice",
        ),
    ],
)
def test_wrong_entries_are_named(broken: object, entry: str, message: str) -> None:
    edit(broken, "cues.yaml", "cues:\n", f"disclaimers:\n  - {entry}\ncues:\n")  # type: ignore[arg-type]
    with pytest.raises(PackError, match=message):
        Auditor(broken)  # type: ignore[arg-type]


def test_blocks_of_different_fields_are_different(home: Auditor) -> None:
    result = home.audit(
        Listing.of_fields("a", {"title": "Painless freckle pen, USB", "faq": "Individual results vary.\n\nNice."})
    )
    assert [sent.paragraph for sent in result.sentences] == [0, 1, 2]
    assert not any(finding.claim.disclaimers for finding in result.flagged)
