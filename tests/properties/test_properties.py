"""What holds for any text: offsets, tiling, accounting, replay, independence."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claimaudit import Auditor, Listing, load_pack
from claimaudit.evidence.verdict import replay
from claimaudit.text.markup import read_page
from claimaudit.text.normalize import fold
from claimaudit.text.sentences import split_sentences
from claimaudit.types import MappedText

WORDS = st.sampled_from(
    """painless permanent instantly removes freckles melasma no pain scars never come back in one session results vary not
    may guaranteed ? ! . , : ; | - • ✅ 😀 “ ” ( ) \n \n\n Q: A: 100%
    FDA approved <b> </b> <p> &amp; safe is it the pen clinic ｐａｉｎ
    \u200b \u00ad раinless Dr. 0.5 e.g. myth: if you expect 10 \ud83d \x00 ́ fast""".split(" ")
)
COPY = st.lists(WORDS, max_size=60).map(" ".join) | st.text(max_size=200)
SLOW = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])

PACK = load_pack()
AUDITOR = Auditor(PACK, speed="patterns")
HOME = Auditor(PACK, setting="home", speed="patterns")


@given(COPY)
@SLOW
def test_sentences_tile_the_listing(text: str) -> None:
    sents = split_sentences(Listing("x", text, markup="text"))
    place = 0
    for sent in sents:
        assert place <= sent.span.start < sent.span.end <= len(text)
        assert not text[place : sent.span.start].strip()
        assert sent.readable.text == sent.span.of(text)
        place = sent.span.end
    assert not text[place:].strip()


@given(COPY)
@SLOW
def test_folding_is_idempotent_and_keeps_its_map(text: str) -> None:
    folded = fold(MappedText(text))
    assert fold(MappedText(folded.text)).text == folded.text
    assert folded.text == folded.text.strip()
    last = 0
    for place in range(len(folded.text)):
        span = folded.source(place, place + 1)
        assert last <= span.start < span.end <= len(text)
        last = span.start


@given(COPY)
@SLOW
def test_readable_html_maps_back(text: str) -> None:
    html = f"<div>{text}</div>"
    page = read_page(html, markup="html")
    for place in range(len(page.readable.text)):
        span = page.readable.source(place, place + 1)
        assert 0 <= span.start <= span.end <= len(html)


@given(COPY, st.sampled_from([None, "html"]))
@SLOW
def test_findings_lie_in_one_sentence_and_replay(text: str, markup: str | None) -> None:
    result = HOME.audit(Listing("x", text, markup=markup))
    units = set()
    for item in (*result.findings, *result.near_misses):
        claim, sent = item.claim, item.claim.sentence
        assert sent.span.start <= claim.span.start < claim.span.end <= sent.span.end <= len(text)
        assert (sent.index, claim.type) not in units, "one finding or near miss for each sentence and type"
        units.add((sent.index, claim.type))
    for finding in result.findings:
        assert replay(finding.why, PACK) == finding.verdict
        assert not finding.is_flagged or (finding.limitations and finding.sources and finding.suggestion)


@given(st.lists(COPY, max_size=4))
@SLOW
def test_a_batch_equals_singles_in_any_order(texts: list[str]) -> None:
    listings = [Listing(str(number), text) for number, text in enumerate(texts)]
    forward = {result.listing.id: result.to_json() for result in AUDITOR.audit_many(listings)}
    backward = {result.listing.id: result.to_json() for result in AUDITOR.audit_many(reversed(listings))}
    assert forward == backward == {listing.id: AUDITOR.audit(listing).to_json() for listing in listings}


@given(COPY)
@SLOW
def test_json_round_trips(text: str) -> None:
    result = HOME.audit(text)
    again = json.loads(result.to_json())
    assert json.loads(json.dumps(again)) == again
    assert [record["claim_type"] for record in again["findings"]] == [finding.claim.type for finding in result.findings]


@given(COPY)
@SLOW
def test_an_unrelated_sentence_changes_nobody_elses_finding(text: str) -> None:
    """With the setting given; the addition stands in a paragraph of its own after the listing."""
    alone = HOME.audit(Listing("x", text, markup="text"))
    longer = HOME.audit(Listing("x", text + "\n\nWe are closed on Mondays in August.\n", markup="text"))
    count = len(alone.sentences)
    if (
        longer.sentences[:count]
        and longer.sentences[count - 1 : count]
        and longer.sentences[count - 1].span == alone.sentences[-1].span
    ):
        units = {
            (f.claim.sentence.index, f.claim.type, f.verdict) for f in alone.findings if f.claim.sentence.index < count - 1
        }
        again = {
            (f.claim.sentence.index, f.claim.type, f.verdict) for f in longer.findings if f.claim.sentence.index < count - 1
        }
        assert units == again
