from __future__ import annotations

import json
import pickle

import pytest

from claimaudit import Auditor, AuditSettings, InputError, Listing, SettingsError, audit
from claimaudit.types import RECORD_FIELDS

PEN = "Pico pen for home use, USB.\nRemoves freckles instantly and permanently. No pain!\nIt may sting a little."


@pytest.mark.parametrize(
    ("copy", "words"),
    [
        ("Safe: cannot burn, cannot scar.", "cannot burn"),
        ("Cannot scar: a safe pen.", "Cannot scar"),
        ("Safe and effective, and it will never scar!", "will never scar"),
        ("A safe pen, 100% safe.", "100% safe"),
    ],
)
def test_the_strongest_wording_of_a_sentence_stands(home: Auditor, copy: str, words: str) -> None:
    (finding,) = home.audit(f"Spot pen, USB, for home use.\n{copy}").flagged
    assert (finding.claim.type, finding.claim.text) == ("no_side_effects", words)
    assert (finding.claim.strength, finding.verdict) == ("absolute", "contradicted")


def test_the_promised_sentence_is_not_flagged() -> None:
    result = audit("This device does not remove pigment instantly. It requires several sessions. Results vary.")
    assert result.flagged == ()


def test_every_flag_is_explained(auditor: Auditor) -> None:
    result = auditor.audit(Listing("pen", PEN))
    assert {"instant_removal", "permanent", "painless"} <= {finding.claim.type for finding in result.flagged}
    for finding in result.flagged:
        claim = finding.claim
        assert claim.span.of(PEN) == claim.text
        assert finding.limitations
        assert finding.sources
        assert finding.suggestion
        assert finding.message
        assert finding.why[-1].value == finding.verdict


def test_records_have_the_documented_fields(auditor: Auditor) -> None:
    result = auditor.audit(Listing("pen", PEN, field="title"))
    records = result.records()
    assert records
    for record in records:
        assert tuple(record) == RECORD_FIELDS
        assert record["listing_id"] == "pen"
        assert record["field"] == "title"
    assert len(result.records("flagged")) == len(result.flagged) <= len(records)


FIELDS = {
    "title": "Pico pen, USB",
    "bullets": "No pain!\nDoes it hurt?",
    "body": "<p>No. Freckles are <b>gone for good</b>.</p>",
}


def test_fields_of_a_listing_are_read_together(auditor: Auditor) -> None:
    whole = Listing.of_fields("pen", FIELDS)
    assert (whole.field, [part.field for part in whole.parts]) == ("title,bullets,body", list(FIELDS))
    result = auditor.audit(whole)
    found = {(record["field"], record["claim_type"]): record for record in result.records()}
    assert {("bullets", "painless"), ("body", "permanent")} <= set(found)
    for (field, _), record in found.items():
        assert record["listing_id"] == "pen"
        assert FIELDS[field][record["start"] : record["end"]] == record["text"]
    assert [sent.index for sent in result.sentences] == list(range(len(result.sentences)))
    assert not auditor.audit(Listing("alone", FIELDS["bullets"])).findings, "by itself it does not tell what is sold"


def test_a_field_does_not_answer_the_question_of_another(auditor: Auditor) -> None:
    result = auditor.audit(Listing.of_fields("pen", FIELDS))
    first_of_body = next(sent for sent in result.sentences if sent.listing.field == "body")
    assert first_of_body.question is None
    inside = auditor.audit(Listing.of_fields("pen", {"title": "Pico pen, USB", "faq": "Does it hurt? No."}))
    answer = inside.sentences[-1]
    assert answer.question is not None
    assert inside.sentences[answer.question].text == "Does it hurt?"
    assert {finding.claim.type for finding in inside.findings} == {"painless"}


def test_one_field_is_the_plain_listing(auditor: Auditor) -> None:
    plain = auditor.audit(Listing("pen", PEN, field="copy"))
    assert auditor.audit(Listing.of_fields("pen", {"copy": PEN})).records() == plain.records()


def test_what_was_not_read_names_its_field(auditor: Auditor) -> None:
    result = auditor.audit(Listing.of_fields("pen", {"title": "", "text": PEN + " br\ufffdken"}))
    assert [(note.field, note.reason) for note in result.unchecked] == [("text", "undecoded")]
    empty = auditor.audit(Listing.of_fields("pen", {"title": "", "text": " "}))
    assert [(note.field, note.reason) for note in empty.unchecked] == [("title,text", "no-words")]


def test_repeats_of_a_claim_share_their_group(auditor: Auditor) -> None:
    one = auditor.audit(Listing.of_fields("one", {"title": "Pico pen, USB", "bullets": "NO  pain!", "body": "No pain!"}))
    two = auditor.audit(Listing("two", "Pico pen, USB. No pain! It does not hurt."))
    groups = [record["group"] for record in (*one.records(), *two.records()) if record["claim_type"] == "painless"]
    assert len(groups) == 4
    assert len(set(groups)) == 2


def test_json_round_trips(auditor: Auditor) -> None:
    result = auditor.audit(PEN)
    assert json.loads(result.to_json()) == result.to_dict()
    assert json.loads(result.to_json(indent=2))["signature"].startswith("claimaudit:")


def test_a_frame_has_its_columns_even_without_findings(auditor: Auditor) -> None:
    assert list(auditor.audit("").to_frame().columns) == list(RECORD_FIELDS)
    frame = auditor.audit(PEN).to_frame("flagged")
    assert len(frame) == len(auditor.audit(PEN).flagged)
    assert set(frame["verdict"]) <= {"contradicted", "overstated"}


def test_many_is_one_by_one(auditor: Auditor) -> None:
    listings = [Listing("a", PEN), Listing("b", "Cream, 50 ml. Fades spots slowly."), Listing("c", "")]
    together = [result.to_dict() for result in auditor.audit_many(listings)]
    assert together == [auditor.audit(listing).to_dict() for listing in listings]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no-words"),
        ("   \n ", "no-words"),
        ("😀" * 10_000, "no-words"),
        ("Freckle pen \ufffd\ufffd painless", "undecoded"),
        ("Freckle pen \udc80 painless", "undecoded"),
        ("قلم إزالة النمش بدون ألم وبشكل دائم", "language"),
    ],
    ids=["empty", "blank", "emoji", "broken-byte", "lone-surrogate", "right-to-left"],
)
def test_what_could_not_be_read_is_said(auditor: Auditor, text: str, reason: str) -> None:
    result = auditor.audit(text)
    assert reason in {note.reason for note in result.unchecked}
    assert not result.is_complete
    json.loads(result.to_json())


def test_one_word_is_read(auditor: Auditor) -> None:
    assert auditor.audit("Cream").is_complete


def test_long_text_is_cut_and_said(pack: object) -> None:
    text = "It fades freckles slowly. " * 200
    result = Auditor(max_characters=1000).audit(text)
    (note,) = result.unchecked
    assert (note.reason, note.span.start, note.span.end) == ("too-long", 1000, len(text))  # type: ignore[union-attr]
    assert not result.is_complete
    assert result.sentences[-1].span.end <= 1000


def test_an_image_is_noted_and_does_not_break_the_audit(auditor: Auditor) -> None:
    result = auditor.audit("<p>Freckle cream.</p><img src='x.png'>")
    assert [note.reason for note in result.unchecked] == ["image"]
    assert result.is_complete


def test_settings_fail_at_the_door() -> None:
    with pytest.raises(SettingsError, match="there is no setting 'seting'"):
        Auditor(seting="home")
    with pytest.raises(SettingsError, match="'spa' is none of home, clinic"):
        Auditor(setting="spa")
    with pytest.raises(SettingsError, match="jurisdictions: 'mars'"):
        Auditor(jurisdictions=("mars",))
    with pytest.raises(SettingsError, match="at least 1"):
        Auditor(max_characters=0)
    with pytest.raises(SettingsError, match="not both"):
        Auditor(settings=AuditSettings(), setting="home")


def test_listings_are_checked(auditor: Auditor) -> None:
    with pytest.raises(InputError, match="listing 'x': setting 'spa'"):
        auditor.audit(Listing("x", "text", setting="spa"))
    with pytest.raises(InputError, match="must be a string, got int"):
        auditor.audit(Listing("x", 5))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="listing 'x': field 'bullets' is NoneType, no text"):
        Listing.of_fields("x", {"title": "Pen", "bullets": None})  # type: ignore[dict-item]
    with pytest.raises(InputError, match="wants several listings, got one text"):
        next(auditor.audit_many("No pain!"))


def test_jurisdictions_choose_the_rules(pack: object) -> None:
    text = "Spot pen, USB, painless."
    all_of_them = Auditor().audit(text).flagged[0].rules
    of_one = Auditor(jurisdictions=("uk",)).audit(text).flagged[0].rules
    assert {rule.jurisdiction for rule in of_one} == {"uk"}
    assert len(of_one) < len(all_of_them)


@pytest.mark.parametrize("speed", ["patterns", "fast", "accurate"])
def test_an_auditor_travels_to_another_process(speed: str) -> None:
    auditor = Auditor(speed=speed, setting="home")
    copy = pickle.loads(pickle.dumps(auditor))
    assert copy.audit("Mole pen. No pain.").to_dict() == auditor.audit("Mole pen. No pain.").to_dict()


def test_words_that_are_none_of_those_known_are_refused(home: Auditor) -> None:
    with pytest.raises(SettingsError, match="speed must be one of"):
        AuditSettings(speed="quick")
    with pytest.raises(SettingsError, match="max_characters must be at least 1"):
        AuditSettings(max_characters=-5)
    with pytest.raises(InputError, match="markup 'txt' is none of html, text"):
        home.audit(Listing("a", "No pain!", markup="txt"))
    with pytest.raises(SettingsError, match="show must be one of all, flagged, near-misses"):
        home.audit("Freckle pen. No pain!").records("flaged")


def test_disguises_before_and_in_hidden_text_are_both_explained(home: Auditor) -> None:
    """Hidden text is read after its block, so disguises do not come in the order of the source."""
    copy = "<div>Freckle pen, USB.</div><p><span hidden>A p@inless pen</span>Our pen is pa1nless.</p>"
    told = {finding.claim.sentence.text: {step.kind for step in finding.why} for finding in home.audit(copy).flagged}
    assert len(told) == 2
    assert all("read-as" in kinds for kinds in told.values())


def test_cues_of_scope_name_their_field() -> None:
    fields = {"title": "Pen, USB", "bullets": "For home use. Removes freckles."}
    cues = audit(Listing.of_fields("a", fields), speed="patterns").to_dict()["scope"]["cues"]
    assert {cue["field"] for cue in cues} == {"title", "bullets"}
    assert all(fields[cue["field"]][cue["start"] : cue["end"]].lower() == cue["text"] for cue in cues)
