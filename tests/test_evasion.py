"""Disguised copy from end to end: the same findings, the place in the copy, and a notice."""

from __future__ import annotations

import html

import pytest

from claimaudit import Auditor, Listing
from claimaudit.reports.html import render as render_html
from claimaudit.reports.text import render
from claimaudit.types import AuditResult

AUDITOR = Auditor(setting="home", speed="patterns")


def units(result: AuditResult) -> list[tuple[str, str]]:
    return [(finding.claim.type, finding.verdict.value) for finding in result.findings]


def test_the_sentences_in_disguise_say_so() -> None:
    result = AUDITOR.audit("Our pen is p@inless. It takes moles off for good.")
    assert [sent.is_disguised for sent in result.sentences] == [True, False]


@pytest.mark.parametrize(
    "copy",
    [
        "Our pen is p@inless and takes moles off for g00d.",
        "Our pen is p a i n l e s s and takes m.o.l.e.s off for good.",
        "Our pen is раinlеss and takes mоlеs off for gооd.",
        "Our pen is pain\u200bless and takes mo\u2060les off for go\u200bod.",
        "Our pen is p\u0336a\u0336in\u0336less and takes moles off for good.",
        "Our pen is pain-\nless and takes moles off for good.",
        "Our pen is #painless and takes moles off for good.",
        "<p>Our pen is pain<b></b>less and takes m&#111;les off for <!-- x -->good.",
        '<p>Our pen is pain<span style="display:none">ted in colour</span>less and takes moles off for good.</p>',
        "Our pen is \u202esselniap\u202c and takes moles off for good.",
    ],
)
def test_finds_what_the_plain_copy_says(copy: str) -> None:
    plain = AUDITOR.audit("Our pen is painless and takes moles off for good.")
    found = AUDITOR.audit(copy)
    assert units(found) == units(plain) != []
    assert [finding.claim.assertion for finding in found.findings] == [f.claim.assertion for f in plain.findings]
    for finding in found.findings:
        assert 0 <= finding.claim.span.start < finding.claim.span.end <= len(copy)


def test_a_claim_in_disguise_lies_where_it_was_written() -> None:
    copy = "Our pen is p@in\u200bless, 1nstant."
    finding = AUDITOR.audit(copy).findings[0]
    assert finding.claim.span.of(copy) == "p@in\u200bless"
    assert any(step.kind == "read-as" and step.value == "painless" for step in finding.why)


def test_a_disguised_listing_says_so_once() -> None:
    copy = "Our pen is p@inless. It never hur\u200bts. Gone for g00d."
    result = AUDITOR.audit(copy)
    assert result.evasion is not None
    assert result.evasion.families == ("figures", "invisible")
    assert [disguise.span.of(copy) for disguise in result.evasion.disguises] == ["p@inless", "hur\u200bts", "g00d"]
    data = result.to_dict()["evasion"]
    assert data["disguises"][0] == {
        "families": ["figures"],
        "field": "text",
        "start": 11,
        "end": 19,
        "text": "p@inless",
        "reading": "painless",
        "how": "figures or signs for letters",
    }
    assert result.is_complete, "a notice is no part that was not read"
    table = "\n".join(render([result]))
    assert table.count("EVASION") == 1
    assert "characters 30–36: hur[U+200B]ts reads “hurts” (characters that do not show)" in table
    page = render_html([result])
    assert "Evasion:" in page
    assert "hur[U+200B]ts" in page


@pytest.mark.parametrize(
    "copy",
    [
        "Our pen is painless.",
        "Our pen is pain\u00adless.",  # a soft hyphen is typography
        "Our pen is painlss, #PainFree and #painless.",  # slips and hashtags hide nothing
        "ＯＵＲ ＰＥＮ ＩＳ ＰＡＩＮＬＥＳＳ.",
        "SK1N Lab: our pen is painless.",  # a name beside the claim
        "<p>Our pen is pain<b>less</b>.</p><div hidden>Menu, cart, log in</div>",
        "Our pen is painless™.",
    ],
)
def test_what_hides_nothing_is_no_evasion(copy: str) -> None:
    result = AUDITOR.audit(Listing("x", copy))
    assert "painless" in [finding.claim.type for finding in result.findings]
    assert result.evasion is None


@pytest.mark.parametrize(
    ("tag", "how"),
    [
        ("div style='display:none'", '<div style="display:none">'),
        ("span hidden", "<span hidden>"),
        ("p style='color: #fff;  background: #fff'", '<p style="color: #fff; background: #fff">'),
        (f"p style='opacity:0; font: {'x' * 99}'", '<p style="opacity:0; font: ' + "x" * 63 + '…">'),
    ],
)
def test_hidden_text_says_what_is_hidden_where_and_how(tag: str, how: str) -> None:
    copy = f"<p>A pen.</p><{tag}>It is painless.</{tag.split()[0]}><p>Buy now.</p>"
    result = AUDITOR.audit(Listing.of_fields("a", {"title": "Mole pen", "body": copy}))
    assert result.evasion is not None
    start = copy.index("It is")
    (told,) = result.evasion.to_dict()["disguises"]
    assert (told["field"], told["text"], told["how"]) == ("body", "It is painless.", how)
    (finding,) = result.findings
    assert f"read-as: It is painless. (hidden: {how})" in map(str, finding.why)
    line = f"body, characters {start}–{start + 15}: “It is painless.” is not shown (hidden by {how})"
    assert " ".join(line.split()) in " ".join(" ".join(render([result])).split())
    assert html.escape(line, quote=False) in render_html([result]).replace("&#34;", '"')


@pytest.mark.parametrize(
    "style", ["display:none", "font-size: 0", "color:#fff; background:#fff", "opacity:0", "left:-9999px"]
)
def test_a_claim_in_text_that_is_not_shown_is_read_and_told(style: str) -> None:
    copy = f'<p>A pen.</p><div style="{style}">It is painless.</div><p>Buy now.</p>'
    result = AUDITOR.audit(copy)
    (finding,) = result.findings
    assert (finding.claim.sentence.zone, finding.claim.span.of(copy)) == ("hidden", "painless")
    assert result.evasion is not None
    assert result.evasion.families == ("hidden",)


def test_a_look_alike_sentence_is_not_taken_for_another_language() -> None:
    result = AUDITOR.audit("Оur реn іs раіnlеss аnd tаkеs mоlеs оff")
    assert result.is_complete
    assert "painless" in [finding.claim.type for finding in result.findings]


@pytest.mark.parametrize(
    "copy", ["#painless mole pen", "#\u200bPainless mole pen.", "Spots go. #\x00Painless pen\n\u200b\nSafe pa\u200bin"]
)
def test_signs_that_are_not_read_belong_to_a_sentence_all_the_same(copy: str) -> None:
    place = 0
    for sent in AUDITOR.audit(copy).sentences:
        assert not copy[place : sent.span.start].strip()
        assert sent.readable.text == sent.span.of(copy)
        place = sent.span.end
    assert place == len(copy)


def test_disguises_of_several_fields_name_theirs() -> None:
    fields = {"title": "A pen for moles, p@inless", "description": "It never hur\u200bts."}
    evasion = AUDITOR.audit(Listing.of_fields("a", fields)).evasion
    assert evasion is not None
    assert [(one.field, one.span.of(fields[one.field])) for one in evasion.disguises] == [
        ("title", "p@inless"),
        ("description", "hur\u200bts"),
    ]
