from __future__ import annotations

import pytest

from claimaudit.text.markup import is_html, read_page
from claimaudit.text.normalize import fold
from claimaudit.types import Listing
from tests.conftest import sentences_of


@pytest.mark.parametrize("text", ["I <3 it", "a < b and c > d", "x <- y", "", "5 > 3", "<me@example.org>"])
def test_plain_text_is_no_html(text: str) -> None:
    assert not is_html(text)
    assert read_page(text).readable.text == text


def readable(html: str) -> str:
    return read_page(html).readable.text


def test_blocks_break_lines_and_inline_tags_do_not() -> None:
    assert readable("<p>No <b>pain</b>.</p><p>No scars.</p>") == "No pain.\n\nNo scars.\n\n"
    assert readable("pain<i>less</i><br>fast") == "painless\nfast"


def test_every_character_maps_to_its_source() -> None:
    html = "<h2>Why &amp; how</h2>\n<ul><li>No&nbsp;pain</li><li>Fades <em>sl&#111;wly</em></li></ul><td>a</td><td>b</td>"
    page = read_page(html)
    for place, character in enumerate(page.readable.text):
        source = page.readable.source(place, place + 1).of(html)
        assert source in ("", character) or source.startswith("&") or (source.isspace() and character == " ")


def test_scripts_styles_and_comments_are_not_read() -> None:
    html = "<style>p{painless}</style><script>var x='painless'</script><!-- painless --><p>Fades.</p>"
    assert readable(html).split() == ["Fades."]


def test_a_list_item_knows_its_lead_in() -> None:
    sents = sentences_of("<p>Not suitable if you expect:</p><ul><li>fast removal</li><li>no pain</li></ul>", markup=None)
    assert [sent.kind for sent in sents] == ["prose", "item", "item"]
    assert [sent.lead_in for sent in sents] == [None, 0, 0]


def test_alternative_texts_and_descriptions_are_zones() -> None:
    html = '<head><meta name="description" content="Painless spot removal"></head><img src="x.png" alt="before and after">'
    sents = sentences_of(html, markup=None)
    assert {sent.zone: sent.text for sent in sents} == {"meta": "Painless spot removal", "alt": "before and after"}
    for sent in sents:
        assert sent.span.of(html) == sent.text
    assert len(read_page(html).images) == 1


def test_an_entity_inside_a_claim_keeps_the_offsets() -> None:
    html = "<p>It does&nbsp;not h&#117;rt.</p>"
    (sent,) = sentences_of(html, markup=None)
    at = sent.folded.text.index("hurt")
    assert sent.folded.source(at, at + 4).of(html) == "h&#117;rt"


@pytest.mark.parametrize(
    "html", ["<p>open", "<p", "</p></p>", "<p>&#xFFFFFFFF;</p>", "<![CDATA[x]]><p>y</p>", "<p>&bogus;</p>", "<" * 500]
)
def test_broken_markup_does_not_raise(html: str) -> None:
    listing = Listing("x", html, markup="html")
    assert sentences_of(listing.text, markup="html") is not None


def test_a_raised_figure_is_a_mark_and_no_part_of_the_word() -> None:
    source = "<p>Gentle<sup>1</sup> on 10<sup>2</sup> m<sup>2</sup>, size 2. 1<sup>st</sup></p>"
    page = read_page(source)
    assert page.readable.text.strip() == "Gentle¹ on 10² m², size 2. 1st"
    place = page.readable.text.index("¹")
    assert page.readable.source(place, place + 1).of(source) == "1"
    assert sentences_of(source, markup="html")[0].folded.text.startswith("gentle on 10 m,")


def test_hidden_text_is_kept_apart_from_the_words_around_it() -> None:
    source = '<p>pain<span style="display:none">ted by <i>hand</i></span>less pen</p><p>next</p>'
    page = read_page(source)
    assert page.readable.text.split("\n\n") == ["painless pen", "ted by hand", "next"] + [""] * page.readable.text.endswith(
        "\n\n"
    )
    (zone,) = page.zones
    assert (zone.name, page.readable.text[zone.start : zone.end]) == ("hidden", "ted by hand")
    assert page.readable.source(zone.start, zone.end).of(source) == "ted by <i>hand</i"[:-3]


def test_an_unclosed_hidden_element_does_not_hide_the_page() -> None:
    page = read_page('<div><p style="display:none">secret words<p>shown words</div><p>more words')
    assert [page.readable.text[zone.start : zone.end].strip() for zone in page.zones] == ["secret words"]


def test_linked_data_is_read_with_its_escapes() -> None:
    source = (
        '<script type="application/ld+json">{"name": "A pen", "description": "It is \\u0070ainless.\\nTruly"}</script><p>x'
    )
    page = read_page(source)
    assert [(zone.name, page.readable.text[zone.start : zone.end]) for zone in page.zones] == [
        ("json-ld", "A pen"),
        ("json-ld", "It is painless.\nTruly"),
    ]
    at = page.readable.text.index("painless")
    assert page.readable.source(at, at + 8).of(source) == "\\u0070ainless"


def test_the_halves_of_a_character_in_linked_data_are_one() -> None:
    source = '<script type="application/ld+json">{"name": "pain\\ud835\\uddf9ess pen"}</script>'
    page = read_page(source)
    assert page.readable.text.strip() == "pain\U0001d5f9ess pen"
    at = page.readable.text.index("\U0001d5f9")
    assert page.readable.source(at, at + 1).of(source) == "\\ud835\\uddf9"


def test_a_tooltip_does_not_part_the_words_around_it() -> None:
    source = '<p>It removes <b title="as seen below">spots</b> permanently <img alt="before and after">in a week.</p><p>x'
    sents = sentences_of(source, markup=None)
    assert [(sent.zone, sent.text) for sent in sents] == [
        ("body", "It removes spots permanently in a week."),
        ("alt", "as seen below"),
        ("alt", "before and after"),
        ("body", "x"),
    ]
    assert [sent.span.of(source) for sent in sents[1:3]] == ["as seen below", "before and after"]


def test_menus_and_breadcrumbs_are_zones() -> None:
    source = (
        "<nav>Menu<nav>inner</nav>more</nav><h1>Title</h1><div class='c-Breadcrumbs'><div>Home</div>Moles</div>"
        "<nav>never closed<p>Body"
    )
    page = read_page(source)
    told = [" ".join(page.readable.text[zone.start : zone.end].split()) for zone in page.zones]
    assert told == ["Menu inner more", "Home Moles"]
    assert {zone.name for zone in page.zones} == {"nav"}


def test_what_belongs_to_a_hidden_element_is_hidden_with_it() -> None:
    page = read_page('<p>a<span hidden title="no pain">b</span>c</p>')
    assert {zone.name: page.readable.text[zone.start : zone.end].split() for zone in page.zones} == {
        "hidden": ["no", "pain", "b"]
    }


def test_entities_of_a_text_without_tags_are_resolved() -> None:
    source = "It doesn&#39;t hurt\nA&B, AT&T; R&D &amp more &eacute;clat"
    page = read_page(source)
    assert page.readable.text == "It doesn't hurt\nA&B, AT&T; R&D &amp more éclat"
    at = page.readable.text.index("'")
    assert page.readable.source(at, at + 1).of(source) == "&#39;"
    assert read_page(source, markup="text").readable.text == source


def test_comments_are_nobodys_copy() -> None:
    assert "secret" not in read_page("<p>pain<!-- secret -->less</p>").readable.text


def test_an_unclosed_raised_figure_ends_with_its_block() -> None:
    page = read_page("<p>Painless<sup>1<sup>.</p><p>100% safe, gone in 3 days</p>", markup="html")
    assert "100% safe, gone in 3 days" in fold(page.readable).text
