"""The model that ships: what it adds to the patterns, and what holds for both of its speeds."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from claimaudit import Auditor, Listing, Pack, SettingsError, load_pack
from claimaudit.claims.artifact import read_artifact
from claimaudit.claims.combine import REVIEW_BAND
from claimaudit.claims.encoder import UNREAD_ODDS, Encoder
from claimaudit.claims.model import Speed, _span, load_model
from claimaudit.claims.passages import Passage, PassageLine
from claimaudit.evidence.verdict import replay
from claimaudit.resources import model_path
from claimaudit.training import METRICS, corpus_hash
from claimaudit.types import MappedText
from tests.properties.test_properties import COPY

SPEEDS = ("fast", "accurate")
PEN = """Solen pocket light pen for brown spots
Charge it for an hour, then hold the tip on the spot for five seconds.
My freckles were history by the time the kettle boiled.
Whoever has tried it has clear cheeks, and nobody had to come back for another go.
Results differ from person to person.
The cable is two metres long."""


@cache
def auditor(speed: str) -> Auditor:
    return Auditor(speed=speed)


def test_the_accurate_model_is_the_default() -> None:
    assert auditor("accurate").signature.model.startswith("skin-1/accurate+")
    assert Auditor().signature.model == auditor("accurate").signature.model


def test_it_flags_wording_that_no_pattern_holds() -> None:
    units = {
        speed: {(finding.claim.sentence.index, finding.claim.type) for finding in auditor(speed).audit(PEN).flagged}
        for speed in ("patterns", "accurate")
    }
    assert (2, "instant_removal") in units["accurate"] - units["patterns"]
    assert {index for index, _ in units["accurate"] - units["patterns"]} == {2, 3}
    flagged = auditor("accurate").audit(PEN).flagged
    for finding in flagged:
        assert finding.claim.span.of(PEN) == finding.claim.text
        assert finding.claim.text in finding.claim.sentence.text
        assert any(step.kind == "model" for step in finding.why)
        assert finding.limitations
        assert finding.sources
        assert finding.suggestion


@pytest.mark.parametrize("speed", SPEEDS)
def test_of_a_menu_it_hears_what_is_plainly_promised_alone(speed: str) -> None:
    def flagged(name: str) -> list[str]:
        menu = f"<nav><ul><li>Home<li><a>{name}</a></ul></nav>"
        found = auditor(speed).audit(f"{menu}<h1>Skin clinic</h1><p>Laser care of the face.<p>Book a visit.").flagged
        return [each.claim.type for each in found if each.claim.sentence.zone == "nav"]

    assert not [*flagged("open pores on the cheek"), *flagged("nodular acne of the chin"), *flagged("acne scars")]
    assert flagged("laser removal without pain") == ["painless"]


def test_a_short_promise_in_a_caption_is_flagged() -> None:
    page = '<h1>Solen light pen for brown spots</h1><p>Charge it by USB.</p><img src="a.jpg" alt="the spots just left">'
    found = [each for each in auditor("accurate").audit(page).flagged if each.claim.sentence.zone == "alt"]
    assert found
    assert not any(step.kind == "pattern" for each in found for step in each.why)


@pytest.mark.parametrize("speed", SPEEDS)
def test_what_is_honest_is_not_flagged(speed: str) -> None:
    honest = "This device does not remove pigment instantly. It requires several sessions. Results vary."
    assert auditor(speed).audit(honest).flagged == ()


@pytest.mark.parametrize("speed", SPEEDS)
def test_the_same_input_gives_the_same_bytes_in_any_order(speed: str) -> None:
    listings = [Listing("a", PEN), Listing("b", "Laser clinic. It does not hurt at all!"), Listing("c", "")]
    forward = {result.listing.id: result.to_json() for result in auditor(speed).audit_many(listings)}
    backward = {result.listing.id: result.to_json() for result in Auditor(speed=speed).audit_many(reversed(listings))}
    assert forward == backward


@pytest.mark.parametrize(
    ("text", "strong", "span"),
    [
        ("A: No mark, ever.", ": No mark,", "No mark"),
        ("Pays for it: €14 once!", "€14", "€14"),
        ("Fades spots by 90% in all.", "90%", "90%"),
        ("The same job for £", "same job for £", "same job for"),
        ("Unforgettable", "forget", "Unforgettable"),
        ("✨✨", "✨", "✨✨"),
    ],
)
def test_a_span_of_the_model_holds_whole_words_and_nothing_beside_them(text: str, strong: str, span: str) -> None:
    first = text.index(strong)
    weights = np.full(len(text), -20.0)
    weights[first : first + len(strong)] = -1.0
    start, end = _span(MappedText(text), weights, [(place, place + 1) for place in range(len(text))])
    assert text[start:end] == span


def test_a_mark_that_the_page_draws_is_no_span() -> None:
    item = MappedText("• .", 0, starts=[4, 4, 4], ends=[4, 4, 5])
    assert _span(item, np.array([-1.0, -20.0, -20.0]), [(0, 1), (1, 2), (2, 3)]) == (0, 3)
    number = MappedText("1. .", 0, starts=[4, 4, 4, 4], ends=[4, 4, 4, 5])
    assert _span(number, np.array([-1.0, -20.0, -20.0, -20.0]), [(0, 1), (1, 2), (2, 3), (3, 4)]) == (0, 4)


@pytest.mark.parametrize("speed", SPEEDS)
@given(text=st.lists(COPY, max_size=3).map("\n".join))
@example(text="pain\n \u200b").via("a line without any word, which a model may still give a probability")
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_findings_lie_in_one_sentence_and_replay(speed: str, text: str) -> None:
    result = Auditor(speed=speed, setting="home").audit(Listing("x", text))
    units = set()
    for item in (*result.findings, *result.near_misses):
        claim, sent = item.claim, item.claim.sentence
        assert sent.span.start <= claim.span.start < claim.span.end <= sent.span.end <= len(text)
        assert (sent.index, claim.type) not in units, "one finding or near miss for each sentence and type"
        units.add((sent.index, claim.type))
        assert 0 <= claim.confidence <= 1
        if item.review:
            assert REVIEW_BAND[0] - 1e-4 <= claim.confidence <= REVIEW_BAND[1] + 1e-4
    for finding in result.findings:
        assert replay(finding.why, load_pack()) == finding.verdict
        assert not finding.is_flagged or (finding.limitations and finding.sources and finding.suggestion)


# --- The encoder ------------------------------------------------------------------------------------------------

PLAIN = [f"The box number {number} of the carton is white and holds one cable of two metres." for number in range(40)]


@pytest.fixture(scope="module", params=SPEEDS)
def encoder(request: pytest.FixtureRequest) -> Encoder:
    folder = model_path(load_pack())
    assert folder is not None
    found = read_artifact(folder).encoder(request.param)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def passage() -> Passage:
    return Passage("home pico-laser", tuple(map(PassageLine, ["Pico pen", "\u200b", *PLAIN, "It does not hurt at all."])))


def test_the_encoder_answers_for_the_windows_that_own_a_wanted_line(encoder: Encoder, passage: Passage) -> None:
    last = len(passage.lines) - 1
    found = encoder.read(passage, {last})
    assert last in found
    assert min(found) > 0, "other windows are not read"
    assert len(found) > 1, "the lines of its window come along"
    assert set(found) == encoder.lines(passage, {last})
    everything = encoder.read(passage, range(last + 1))
    assert set(everything) == {0, *range(2, last + 1)}, "all but the line without words"
    for line, answer in found.items():
        assert answer.words.shape == (len(answer.offsets), len(answer.flagged))
        np.testing.assert_array_equal(answer.flagged, everything[line].flagged)
    assert encoder.read(passage, ()) == {}
    assert encoder.lines(passage, ()) == set()


def test_what_the_encoder_does_not_read_has_the_odds_of_the_unread(encoder: Encoder, passage: Passage) -> None:
    odds = encoder.flagged(passage, {len(passage.lines) - 1})
    read = encoder.lines(passage, {len(passage.lines) - 1})
    assert (odds[[line for line in range(len(odds)) if line not in read]] == UNREAD_ODDS).all()
    assert odds[-1].argmax() == load_pack().claim_types.index("painless")


def test_a_listing_of_several_windows_is_read_to_its_end() -> None:
    copy = "\n".join([PEN.split("\n")[0], *PLAIN, "It does not hurt at all.", *PLAIN[:20]])
    found = {(f.claim.sentence.index, f.claim.type) for f in auditor("accurate").audit(copy).flagged}
    assert found == {(41, "painless")}


def test_the_folder_holds_what_its_figures_were_measured_on(pack: Pack) -> None:
    """A change of the corpus or of the model wants new figures (`make model`)."""
    folder = model_path(pack)
    assert folder is not None
    metrics = json.loads((folder / METRICS).read_text("utf-8"))
    assert metrics["model_hash"] == read_artifact(folder).hash
    assert metrics["corpus_hash"] == corpus_hash(pack)
    assert set(metrics["scores"]["test"]) == {"patterns", *SPEEDS}


def test_a_loaded_model_has_its_speed() -> None:
    with pytest.raises(SettingsError, match="has its speed"):
        Auditor(model=load_model(load_pack(), Speed.FAST), speed="fast")


def test_the_card_says_what_was_measured(pack: Pack) -> None:
    folder = model_path(pack)
    assert folder is not None
    card = (folder / "card.md").read_text("utf-8")
    scores = json.loads((folder / METRICS).read_text("utf-8"))["scores"]["test"]
    for speed in ("patterns", *SPEEDS):
        overall = scores[speed]["overall"]
        row = " | ".join(f"{overall[name]['value']:.2f}" for name in ("precision", "recall", "f1"))
        assert f"| {speed} | {row} |" in card
