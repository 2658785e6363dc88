"""The page as text: every finding once, copy as read, nothing of a listing taken for markup."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimaudit import Auditor, Listing, load_pack
from claimaudit.decisions.baseline import Baseline, Known, decision_key
from claimaudit.reports.html import (
    KINDS,
    kind_of,
    readable_text,
    render,
    sheets_of,
    web_link,
    write,
)
from claimaudit.reports.listings import priority
from claimaudit.text.sentences import split_sentences
from claimaudit.types import AuditResult, Finding, Scope, Signature, Source, Unchecked
from tests.conftest import TESTS

VOID = {"meta", "img", "input", "br", "hr", "link"}


@dataclass
class Node:
    tag: str
    attributes: dict[str, str]
    children: list[Node | str] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.walk()

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    def all(self, tag: str = "", class_: str = "") -> list[Node]:
        return [node for node in self.walk() if (not tag or node.tag == tag) and (not class_ or class_ in node.classes)]


class Tree(HTMLParser):
    """A strict reader: each end tag closes the element that is open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.root = Node("", {})
        self.open = [self.root]
        self.feed(page)
        self.close()
        assert self.open == [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def tree(page: str) -> Node:
    return Tree(page).root


def data_of(root: Node) -> dict[str, Any]:
    (block,) = [node for node in root.all("script") if node.attributes.get("type") == "application/json"]
    data: dict[str, Any] = json.loads(block.text)
    return data


@pytest.fixture(scope="module")
def page(results: Sequence[AuditResult]) -> str:
    return render(results, not_read=["<b>broken.txt</b>: cannot be read."])


@pytest.fixture(scope="module")
def root(page: str) -> Node:
    return tree(page)


def shown(text: str) -> str:
    """Characters as the page writes them."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", text)


def named(results: Sequence[AuditResult], listing_id: str) -> AuditResult:
    return next(result for result in results if result.listing.id == listing_id)


# --- Content ----------------------------------------------------------------------------------------------------


def test_every_finding_and_near_miss_stands_once(root: Node, results: Sequence[AuditResult]) -> None:
    wanted = Counter(
        (result.listing.id, item.claim.type, kind_of(item), item.claim.span.start, item.claim.span.end)
        for result in results
        for item in (*result.findings, *result.near_misses)
    )
    data = data_of(root)
    found = Counter(
        (data["listings"][item["listing"]]["id"], item["claim_type"], item["kind"], item["start"], item["end"])
        for item in data["items"]
    )
    assert found == wanted
    indices = list(range(len(data["items"])))
    assert [int(note.attributes["data-i"]) for note in root.all("li", "note")] == indices
    assert sorted(int(ref.attributes["data-i"]) for ref in root.all("a", "ref")) == indices
    assert {int(mark.attributes["data-i"]) for mark in root.all("mark", "m")} == set(indices)


def test_offsets_slice_back(root: Node, results: Sequence[AuditResult]) -> None:
    data = data_of(root)
    for item in data["items"]:
        result = named(results, data["listings"][item["listing"]]["id"])
        given_text = result.listing.text[item["start"] : item["end"]]
        assert "".join(item["words"]).split() == item["sentence"].split()
        assert item["words"][1].split() == item["text"].split()
        if result.listing.id == "=page":
            given_text = re.sub(r"<[^>]*>", "", given_text).replace("&nbsp;", " ").replace("&amp;", "&")
        assert given_text.split() == item["text"].split()


def test_marks_cover_the_words_of_the_claim(root: Node) -> None:
    data = data_of(root)
    for index, item in enumerate(data["items"]):
        marks = [mark for mark in root.all("mark") if mark.attributes["data-i"] == str(index)]
        assert "".join(mark.text for mark in marks) == shown(item["words"][1])


def test_the_copy_is_as_read(root: Node, results: Sequence[AuditResult]) -> None:
    articles = {node.all("h3")[0].text: node for node in root.all("article")}
    assert set(articles) == {shown(result.listing.id) for result in results}
    for result in results:
        (copy,) = articles[shown(result.listing.id)].all("div", "copy")
        assert copy.text == shown(readable_text(result))
        if result.listing.id in ("pen", "calm", "other"):
            assert copy.text == result.listing.text


def test_overlapping_claims_lie_in_lanes(results: Sequence[AuditResult]) -> None:
    (sheet,) = sheets_of([named(results, "pen")])
    over = [(a, b) for a in sheet.marks for b in sheet.marks if a.number < b.number and a.start < b.end and b.start < a.end]
    over = [(a, b) for a, b in over if a.item.claim.sentence is b.item.claim.sentence]
    assert over
    assert all(a.lane != b.lane for a, b in over)


def test_html_source_is_shown_as_words_with_its_zones(root: Node) -> None:
    (article,) = [node for node in root.all("article") if node.all("h3")[0].text == "=page"]
    lines = {line.text.strip(): line for line in article.all("div", "line")}
    assert lines["Cures melasma in one night"].attributes["data-zone"] == "title"
    assert lines["melasma gone after one use"].attributes["data-zone"] == "alt"
    assert "item" in lines["• No side effects"].classes
    assert "It permanently\u00a0removes dark spots & scars, without any downtime." in lines


def test_what_was_not_checked_is_shown(root: Node, results: Sequence[AuditResult]) -> None:
    notes = [note.text for note in root.all("p", "unchecked")]
    for result in results:
        for note in result.unchecked:
            assert any(shown(note.message) in text for text in notes)
    unread = [node.text for node in root.all("span", "unread")]
    assert "Die Flecken sind nach einer Woche weg und kommen nicht wieder." in unread
    (callout,) = root.all("div", "callout")
    assert "<b>broken.txt</b>: cannot be read." in callout.text
    incomplete = sum(not result.is_complete for result in results)
    assert incomplete >= 1
    assert re.search(rf"\b{incomplete} listings? holds? text that was not checked", callout.text)


def test_text_over_the_limit_is_not_shown_as_read(auditor: Auditor) -> None:
    short = Auditor(auditor.pack, speed="patterns", max_characters=24)
    result = short.audit(Listing("long", "Spot pen, USB. No pain. And it never comes back."))
    root = tree(render([result]))
    assert root.all("div", "copy")[0].text == "Spot pen, USB. No pain. "
    assert "were not read" in root.all("p", "unchecked")[0].text
    assert "clean" not in root.all("article")[0].classes


def test_summary_counts(root: Node, results: Sequence[AuditResult]) -> None:
    figures = {div.all("dt")[0].text: int(div.all("dd")[0].text) for div in root.all("dl", "figures")[0].all("div")}
    kinds = Counter(kind_of(item) for result in results for item in (*result.findings, *result.near_misses))
    assert figures["listings"] == len(results)
    assert [figures[name] for name in ("contradicted", "overstated", "consistent")] == [kinds[kind] for kind in KINDS[:3]]
    assert figures["near misses" if kinds["near-miss"] != 1 else "near miss"] == kinds["near-miss"]
    types = Counter(finding.claim.type for result in results for finding in result.findings)
    for row in root.all("table", "types")[0].all("tr")[1:]:
        name = row.all("button")[0].attributes["data-type"]
        cells = [int(cell.text) for cell in row.all("td", "n")]
        assert sum(cells[:3]) == types[name]


def test_charts_are_proportional(root: Node) -> None:
    (overall,) = root.all("figure", "overall")
    bars = [rect for rect in overall.all("rect") if rect.classes[0] in KINDS]
    assert sum(float(rect.attributes["width"].rstrip("%")) for rect in bars) == pytest.approx(100, abs=0.1)


def test_grounds_rules_and_sources_are_in_the_data(root: Node, results: Sequence[AuditResult]) -> None:
    data = data_of(root)
    flagged = [item for item in data["items"] if item["verdict"] in ("contradicted", "overstated")]
    assert flagged
    for item in flagged:
        assert item["limitations"]
        assert item["suggestion"]
        assert [kind for kind, _, _ in item["why"]][-1] == "verdict"
        for place in item["limitations"]:
            assert data["grounds"][place]["sources"]
    finding = named(results, "pen").flagged[0]
    item = next(
        item
        for item in data["items"]
        if item["start"] == finding.claim.span.start
        and item["claim_type"] == finding.claim.type
        and item["kind"] != "near-miss"
    )
    assert [data["grounds"][place]["id"] for place in item["limitations"]] == [entry.id for entry in finding.limitations]
    assert [data["rules"][place]["id"] for place in item["rules"]] == [rule.id for rule in finding.rules]


WHOLE = """\
article.listing
 header
  p.eyebrow
   span "indoor"
   span "fern"
  h3
   bdi "fern"
  p.tally
   span.count.contradicted
    span.sign.contradicted
    "1 "
    span.word "contradicted"
 div.copy
  div.line.prose
   span.w "A fern for your desk."
   " "
   span.w "It "
   mark.m.contradicted.lane-0
    span.w "never wilts"
   a.ref.contradicted
   span.w "."
 ol.notes
  li.note.contradicted
   button.open
    span.number "1"
    span.sign.contradicted
    span.what
     span.verdict.contradicted "Contradicted"
     span.type "unkillable"
     q "never wilts"
     span.decided
   p.ground
    "Every plant can die. Any potted plant dies without light or water. "
    span.cite "[plants-die; high confidence]"
   p.ground
    strong "Would hold:"
    " Forgiving if you forget to water it once."
"""


def outline(node: Node, depth: int = 0) -> Iterator[str]:
    texts = [child for child in node.children if isinstance(child, str) and child.strip()]
    children = [child for child in node.children if isinstance(child, Node)]
    name = " " * depth + ".".join([node.tag, *node.classes])
    if texts and not children:
        yield f'{name} "{"".join(texts)}"'
        return
    yield name
    for child in node.children:
        if isinstance(child, Node):
            yield from outline(child, depth + 1)
        elif child.strip("\n") and (child.strip() or "line" in node.classes):
            yield f'{" " * (depth + 1)}"{child}"'


def test_a_whole_listing() -> None:
    auditor = Auditor(load_pack(TESTS / "packs" / "houseplants"), speed="patterns", setting="indoor")
    result = auditor.audit(Listing("fern", "A fern for your desk. It never wilts."))
    (article,) = tree(render([result])).all("article")
    assert "\n".join(outline(article)) + "\n" == WHOLE


# --- Order and keys ---------------------------------------------------------------------------------------------


def with_findings(result: AuditResult, *said: tuple[str, float, bool]) -> AuditResult:
    findings = []
    for verdict, confidence, review in said:
        like = next(finding for finding in result.findings if finding.verdict == verdict)
        findings.append(replace(like, claim=replace(like.claim, confidence=confidence), review=review))
    return replace(result, findings=tuple(findings), near_misses=(), unchecked=())


def test_priority(results: Sequence[AuditResult]) -> None:
    pen = named(results, "pen")

    def of(*said: tuple[str, float, bool]) -> float:
        return priority(with_findings(pen, *said))

    assert of() == 0
    assert of(("contradicted", 0.9, False)) > of(*[("overstated", 1.0, False)] * 9)
    assert of(("contradicted", 0.9, False)) > of(("contradicted", 0.8, False))
    assert of(("overstated", 0.5, False)) > of(*[("contradicted", 1.0, True)] * 9)
    assert of(("contradicted", 0.9, True)) > of()
    unread = replace(with_findings(pen), unchecked=(Unchecked("pen", "language", "not read"),))
    assert 0 < priority(unread) < of(("overstated", 0.5, False))


def test_listings_stand_by_priority_and_claims_in_the_order_of_the_copy(results: Sequence[AuditResult]) -> None:
    sheets = sheets_of(results)
    assert [priority(sheet.result) for sheet in sheets] == sorted(map(priority, results), reverse=True)
    assert [mark.index for sheet in sheets for mark in sheet.marks] == list(range(sum(len(sheet.marks) for sheet in sheets)))
    for sheet in sheets:
        ends = [(mark.item.claim.sentence.index, mark.end, mark.start) for mark in sheet.marks]
        assert ends == sorted(ends)
        assert [mark.number for mark in sheet.marks] == list(range(1, len(ends) + 1))


def test_a_decision_names_the_field_that_its_key_was_made_of(auditor: Auditor) -> None:
    listing = Listing.of_fields("a", {"title": "Painless spot pen", "description": "It has no pain. USB."})
    items = data_of(tree(render([auditor.audit(listing)])))["items"]
    assert {item["field"] for item in items} == {"title", "description"}
    for item in items:
        assert item["key"] == decision_key("a", item["field"], item["claim_type"], item["sentence"])


def test_decisions_are_keyed_by_content(auditor: Auditor) -> None:
    one = auditor.audit(Listing("a", "Spot pen, USB. It has NO pain."))
    moved = auditor.audit(Listing("a", "New! Spot pen, USB, 9 levels.\n\nIt  has no pain. In a box."))
    keys = [
        {item["claim_type"]: item["key"] for item in data_of(tree(render([result])))["items"]} for result in (one, moved)
    ]
    assert keys[0]["painless"] == keys[1]["painless"] == decision_key("a", "text", "painless", "it has no pain.")
    assert decision_key("b", "text", "painless", "it has no pain.") != keys[0]["painless"]
    assert decision_key("a", "text", "permanent", "it has no pain.") != keys[0]["painless"]
    assert re.fullmatch("k[0-9a-f]{20}", decision_key("\ud800", "text", "x", "\ud800"))


def test_the_same_results_give_the_same_page(results: Sequence[AuditResult], page: str) -> None:
    out = io.StringIO()
    write(iter(results), out, not_read=["<b>broken.txt</b>: cannot be read."])
    assert out.getvalue() == page
    assert page.startswith("<!DOCTYPE html>\n")
    assert page.endswith("</html>\n")


def test_what_a_baseline_holds_is_counted_and_not_shown(results: Sequence[AuditResult]) -> None:
    pen = named(results, "pen")
    sifted = Baseline(Known.of(finding) for finding in pen.flagged).sift(pen, date(2026, 1, 1))
    page = render([sifted])
    assert f"{len(pen.flagged)} findings are in the baseline and not shown here." in page
    assert "in the baseline" not in render([pen])
    assert len(data_of(tree(page))["items"]) == len(data_of(tree(render([pen])))["items"]) - len(pen.flagged)


def test_messages_that_come_with_the_results_are_shown() -> None:
    not_read: list[str] = []

    def stream() -> Iterator[AuditResult]:
        not_read.append("late.txt: cannot be read.")
        yield from ()

    page = render(stream(), not_read=not_read)
    assert "late.txt: cannot be read." in page
    assert "No claim goes further than the evidence" in page


# --- Hostile copy -----------------------------------------------------------------------------------------------


def test_no_listing_makes_an_element(root: Node, page: str) -> None:
    assert [node.attributes.get("type") for node in root.all("script")] == ["application/json", None]
    assert not root.all("img")
    assert not root.all("iframe")
    for node in root.walk():
        assert not any(name.startswith("on") or name == "style" for name in node.attributes), node
        for name in ("href", "src", "action"):
            if name in node.attributes:
                assert re.match(r"(https?://|#)", node.attributes[name]), node
    assert "{{ 7 * 7 }}" in page


def test_data_cannot_leave_their_block(page: str) -> None:
    (block,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert block.isascii()
    assert not set("<>&\u2028\u2029") & set(block)
    assert "\\u2028" in block
    assert "\\ud800" in block


def test_the_page_can_be_written_and_read_in_utf_8(page: str) -> None:
    page.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\r]", page)


def test_the_policy_runs_what_stands_in_the_page_and_fetches_nothing(root: Node) -> None:
    (policy,) = [
        node.attributes["content"]
        for node in root.all("meta")
        if node.attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for kind, node in (("script", root.all("script")[-1]), ("style", root.all("style")[0])):
        digest = base64.b64encode(hashlib.sha256(node.text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
        assert not re.search(r"https?://(?!www\.w3\.org)|url\((?!#)|@import", node.text)


@pytest.mark.parametrize(
    ("given_link", "link"),
    [
        ("https://example.org/a?b=1&c", "https://example.org/a?b=1&c"),
        ("http://example.org", "http://example.org"),
        ("javascript:alert(1)", None),
        ("JaVaScRiPt:alert(1)", None),
        ("data:text/html,x", None),
        ("//example.org", None),
        ("https:", None),
        ("https://exa\nmple.org", None),
        (" https://example.org", None),
        ("https://[", None),
        (None, None),
    ],
)
def test_only_web_addresses_become_links(given_link: str | None, link: str | None) -> None:
    assert web_link(Source("s", "rct", "A citation", "", "read", url=given_link)) == link


def test_a_source_without_a_web_address_is_cited_without_a_link(results: Sequence[AuditResult]) -> None:
    pen = named(results, "pen")
    finding = pen.flagged[0]
    source = Source("bad", "rct", "A bad address", "", "read", url="javascript:alert(1)")
    bad = replace(finding, limitations=(replace(finding.limitations[0], sources=(source,)),), permissions=(), rules=())
    page = render([replace(pen, findings=(bad,))])
    assert "A bad address" in page
    assert "javascript:alert" not in page


LINES = st.lists(
    st.one_of(
        st.text(max_size=30),
        st.sampled_from(
            [
                "No pain.",
                "<p>",
                "</p>",
                "<li>a b",
                "<br>",
                "&amp;",
                "\r\n",
                "\n\n",
                "\x0b",
                "\u2028",
                "|",
                "• x",
                "🌟",
                "<td>",
            ]
        ),
    ),
    max_size=12,
)


@given(LINES, st.sampled_from([None, "text", "html"]))
@settings(max_examples=150, deadline=None)
def test_blocks_tile_any_copy(parts: list[str], markup: str | None) -> None:
    listing = Listing("x", "".join(parts), markup=markup)
    sentences = split_sentences(listing)
    result = AuditResult(listing, Scope(True, "a", "a"), sentences, (), (), (), Signature("0", "p-1", "f" * 64, "none"))
    (sheet,) = sheets_of([result])
    assert "".join(segment.text for block in sheet.blocks for segment in block.segments) == readable_text(result)
    assert all(block.segments for block in sheet.blocks)


# --- Size, and who needs what -----------------------------------------------------------------------------------


def test_two_thousand_findings(many: Sequence[AuditResult]) -> None:
    page = render(many)
    root = tree(page)
    flagged = sum(len(result.flagged) for result in many)
    assert flagged >= 2000
    data = data_of(root)
    assert sum(item["verdict"] in ("contradicted", "overstated") for item in data["items"]) == flagged
    assert len({item["key"] for item in data["items"]}) == len(data["items"])
    grounds = [ground["id"] for ground in data["grounds"]]
    assert len(grounds) == len(set(grounds))
    assert len(page) < 6_000 * flagged


def test_near_misses_and_findings_of_one_kind_alone(results: Sequence[AuditResult]) -> None:
    calm = named(results, "calm")
    root = tree(render([replace(calm, findings=())]))
    assert all("near-miss" in note.classes for note in root.all("li", "note"))
    assert not root.all("section", "cited")
    consistent = tuple(finding for finding in calm.findings if isinstance(finding, Finding) and not finding.is_flagged)
    assert consistent
    page = render([replace(calm, findings=consistent, near_misses=())])
    assert "No claim goes further than the evidence" in page
    assert "Without a flag" in page


def test_images_are_noted_once(auditor: Auditor) -> None:
    result = auditor.audit(Listing("x", '<p>Spot pen, USB.</p><img src="a"><img src="b"><img src="c">'))
    (note,) = tree(render([result])).all("p", "unchecked")
    assert note.text.startswith("Not checked (3×): an image")
    assert "breaks" not in note.classes


def test_the_module_is_light() -> None:
    code = "import sys, claimaudit.reports.html; print({'jinja2', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "set()"
