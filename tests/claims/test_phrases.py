from __future__ import annotations

import re

import pytest

from claimaudit import Pack, PackError
from claimaudit.claims.phrases import Phrasebook, gaps, phrasebook
from claimaudit.claims.prefilter import phrases_of
from claimaudit.packs import examples
from tests.conftest import sentences_of

WORDS = {"pain": ["pain", "sting(s|ing)?"], "no": ["no", "zero"], "none": ["<no> <pain>"]}


def found(phrase: str, text: str) -> str | None:
    match = Phrasebook(WORDS).phrase(phrase, origin="x.yaml:1").pattern.search(text)
    return match.group() if match else None


@pytest.mark.parametrize(
    ("phrase", "text", "match"),
    [
        ("pain", "no pain here", "pain"),
        ("pain", "painless", None),
        ("cure", "secure", None),
        ("pain free", "pain-free", "pain-free"),
        ("pain ?free", "painfree", "painfree"),
        ("<no> <pain>", "zero stinging", "zero stinging"),
        ("<none>", "there is no pain", "no pain"),
        ("removes ~2 spots", "removes spots", "removes spots"),
        ("removes ~2 spots", "removes all brown spots", "removes all brown spots"),
        ("removes ~2 spots", "removes all the brown spots", None),
        ("removes ~3 spots", "removes dust; and spots", None),
        ("no$", "oh no", "no"),
        (r"\?", "why? yes", "?"),
        ("[a-c] x", "b x", "b x"),
    ],
)
def test_phrases(phrase: str, text: str, match: str | None) -> None:
    assert found(phrase, text) == match


def test_gaps_are_the_words_that_the_phrase_does_not_name() -> None:
    match = Phrasebook({}).phrase("spots ~3 gone", origin="x").pattern.search("the spots will not be gone")
    assert match is not None
    assert [match.string[start:end] for start, end in gaps(match)] == [" will not be"]


@pytest.mark.parametrize(
    ("phrase", "message"),
    [
        ("<what>", "not in vocabulary"),
        ("(", "no regular"),
        ("(?<=a+)b", "no regular"),
        ("x*", "empty text"),
        ("<maybe>", "empty text"),
        ("[<no>]", "within"),
        ("<circle>", "defined by itself"),
        ("\ue000", "private character"),
    ],
)
def test_errors_name_the_origin(phrase: str, message: str) -> None:
    book = Phrasebook({**WORDS, "maybe": ["(x)?"], "circle": ["<circle> x"]})
    with pytest.raises(PackError, match=f"x.yaml:7: .*{message}"):
        book.phrases([phrase], origin="x.yaml:7")


def test_no_phrases_match_nothing() -> None:
    assert not Phrasebook({}).phrases([], origin="x").are_in("no pain")


@pytest.mark.parametrize("text", ["no pain, zero stinging", "painless", "stings", "the no-pain pen", "", "zero. sting"])
def test_alternatives_match_as_one_expression(text: str) -> None:
    phrases = Phrasebook(WORDS).phrases(["<none>", "pain", "<no>", "sting\\w*", "less"], origin="x")
    whole = re.compile("|".join(phrase.pattern.pattern for phrase in phrases))
    assert list(phrases.spans_in(text)) == [match.span() for match in whole.finditer(text)]
    assert phrases.are_in(text) == bool(whole.search(text))


def test_a_match_that_may_be_empty_comes_to_an_end() -> None:
    phrases = Phrasebook(WORDS).phrases([r"\b(not )?", "pain"], origin="x")
    assert list(phrases.spans_in("no pain")) == [(2, 2), (3, 7), (7, 7)]


TRICKY = [
    *("(pain|pang)s?", "no-?pain", r"\d+ ?(mg|%)", r"x\d{2}y", "a (b|c )?d", "((very|so) )*good", r"\w+n't", r"\bsafe\b"),
    *("(?i:pen)", "(a|<no>) ?day", "(<no>|<pain>)", "<no> ~2 <pain>", "[ab] c", "^a( b)?$", "(one|1)(-| )day"),
]
TEXTS = [
    *("pains", "no-pain", "nopain", "5mg", "55 mg", "7 %", "x12y", "x1y", "a d", "a bd", "a c d", "so very good", "good"),
    *("isn't", "safe.", "unsafe", "Pen", "a-day", "zeroday", "sting", "no such sting", "no, pain", "b c", "a b", "a"),
    *("1-day", "٣mg"),
]


@pytest.mark.parametrize("phrase", TRICKY)
def test_what_matches_meets_the_needs(phrase: str) -> None:
    book = Phrasebook(WORDS)
    made = book.phrase(phrase, origin="x")
    matched = [text for text in TEXTS if made.pattern.search(text)]
    assert matched, "the texts should hold a match of each phrase"
    for text in matched:
        assert made.number in phrases_of(book.index.candidates(text)), text


def test_needs_of_the_pack_change_no_result(pack: Pack) -> None:
    """Every phrase of the pack that matches an example of the pack has its needs met there."""
    book = phrasebook(pack)
    texts = {sent.folded.text for example in examples(pack) for sent in sentences_of(example.text)}
    phrases = [
        book.phrase(phrase, origin="x") for file in pack.claims.values() for entry in file.patterns for phrase in entry.any
    ]
    matches = 0
    for text in sorted(texts):
        candidates = set(phrases_of(book.index.candidates(text)))
        for phrase in phrases:
            if phrase.number not in candidates:
                assert not phrase.pattern.search(text), (phrase.pattern.pattern, text)
            else:
                matches += 1
    assert matches > len(texts)  # else the prefilter lets nothing through and nothing was compared


def test_without_the_parser_every_phrase_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claimaudit.claims.prefilter.sre_parser", None)
    book = Phrasebook(WORDS)
    phrases = book.phrases(["<none>", "pen"], origin="x")
    assert list(phrases_of(book.index.candidates("a pen"))) == [0, 1]
    assert list(phrases.spans_in("a pen: zero pain")) == [(2, 5), (7, 16)]
