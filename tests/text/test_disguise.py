"""Words in disguise: what is read, what is left alone, and where it stands."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimaudit.text.disguise import undisguise
from claimaudit.text.lexicon import Lexicon
from claimaudit.text.markup import read_page
from claimaudit.text.normalize import fold
from claimaudit.types import MappedText

WORDS = """painless permanent permanently instant removal removes spots scars safe skin session sessions freckles no not
for good gone pain immediate overnight results downtime laser"""
KNOWN = "free less redness pot cell the and pen price code mail pay per card roller"
LEXICON = Lexicon(WORDS.split(), KNOWN.split())


def read(copy: str) -> str:
    found = undisguise(MappedText(copy), LEXICON)
    return copy if found is None else found.text.text


@pytest.mark.parametrize(
    ("copy", "reading", "family"),
    [
        ("p@inless", "painless", "figures"),
        ("1nst@nt remov4l", "instant removal", "figures"),
        ("$AFE", "SAFE", "figures"),
        ("!nstant", "instant", "figures"),
        ("n0 pain", "no pain", "figures"),
        ("p a i n l e s s", "painless", "spaced"),
        ("P.A.I.N.L.E.S.S removal", "PAINLESS removal", "spaced"),
        ("n-o-s-c-a-r-s", "no scars", "spaced"),
        ("paaainless", "painless", "misspelt"),
        ("permanant", "permanent", "misspelt"),
        ("permannet", "permanent", "misspelt"),
        ("Permanet", "Permanent", "misspelt"),
        ("perma-\nnent", "permanent", "hyphenated"),
        ("perma\nnent", "permanent", "hyphenated"),
        ("perma nent", "permanent", "split"),
        ("per.ma.nent", "permanent", "split"),
        ("pain_less", "painless", "split"),
        ("im-me-di-ate", "immediate", "split"),
        ("pain💥less", "painless", "emoji"),
        ("pa*nless", "painless", "covered"),
        ("painl😀ss", "painless", "covered"),
        ("PainlessPermanentRemoval", "Painless Permanent Removal", "joined"),
        ("so #nodowntime now", "so no downtime now", "joined"),
        ("#PainlessRemoval", "Painless Removal", "joined"),
        ("раinlеss", "painless", "look-alike"),
        ("PAIΝLESS", "PAINLESS", "look-alike"),
        ("pa\u200binless", "painless", "invisible"),
        ("pain\x00less", "painless", "invisible"),
        ("p\u0336a\u0336inless", "painless", "marks"),
        ("ⓟⓐⓘⓝⓛⓔⓢⓢ", "painless", "styled"),
        ("🅟🅐🅘🅝🅛🅔🅢🅢", "PAINLESS", "styled"),
        ("𝐩𝐚𝐢𝐧𝐥𝐞𝐬𝐬", "painless", "styled"),
        ("paiｎless", "painless", "styled"),
        ("\u202esselniap", "painless", "reversed"),
        ("p@in\u200bless", "painless", "invisible"),
    ],
)
def test_reads_what_a_reader_sees(copy: str, reading: str, family: str) -> None:
    found = undisguise(MappedText(copy), LEXICON)
    assert found is not None
    assert found.text.text == reading
    assert family in {name for disguise in found.disguises for name in disguise.families}


@pytest.mark.parametrize(
    "copy",
    [
        "Painless removal of freckles, safe and instant.",
        "Pay $50 for 4K, C3PO, 5sessions, 50ml, 1064nm and a 2in1 pen",
        "p@y me",
        "mail: p@inless.com and https://p@inless.example/p4inless.html",
        "No pain.Less redness",
        "pain/less",
        "pain-free and per-card",
        "A B C D E F",
        "1 2 3 4 5 6",
        "PicoSure ClearSkin MacBook",
        "permanents instants",  # endings are grammar
        "the permament's",  # no word of its own
        "we met Permanet there",  # a name
        "s*x b***t f**k",
        "soft\u00adhyphen pain\u00adless",
        "ＵＳＢ ＰＡＩＮＬＥＳＳ",  # a style, and folding reads it
        "Удаляет пятна навсегда, без боли",
        "🇺🇸 🇬🇧 ✅ ok",
        "",
    ],
)
def test_leaves_the_rest_alone(copy: str) -> None:
    assert undisguise(MappedText(copy), LEXICON) is None


def test_a_number_before_a_known_word_is_a_number() -> None:
    assert undisguise(MappedText("5pots"), Lexicon(["spots"], ["pots"])) is None
    assert undisguise(MappedText("5pots"), Lexicon(["spots"])) is not None


def test_a_number_after_a_spaced_word_is_a_number() -> None:
    lexicon = Lexicon(["levels", "session", "sessions", "painless"], ["level"])
    assert undisguise(MappedText("Use l e v e l 5"), lexicon) is None
    found = undisguise(MappedText("S e s s i o n 5 is p a i n l e 5 5"), lexicon)
    assert found is not None
    assert found.text.text == "Session 5 is painless"


def test_a_slip_of_two_words_is_a_slip_of_neither() -> None:
    assert undisguise(MappedText("who relaeses it"), Lexicon(["relapses"], ["releases"])) is None
    assert undisguise(MappedText("who relaeses it"), Lexicon(["relapses"])) is not None
    assert undisguise(MappedText("a correation"), Lexicon(["correction"], ["correlation"])) is None
    assert undisguise(MappedText("it is harless"), Lexicon(["hairless", "harmless"])) is None
    assert undisguise(MappedText("it is harless"), Lexicon(["harmless"])) is not None


def test_signs_strewn_over_an_ordinary_word_cover_nothing() -> None:
    assert undisguise(MappedText("sh💥in💥s are"), Lexicon(["shrinks"], ["shins"])) is None
    assert undisguise(MappedText("sh💥in💥s are"), Lexicon(["shrinks"])) is not None


def test_letters_changed_about_are_likelier_than_a_wrong_one() -> None:
    found = undisguise(MappedText("it is hamrless"), Lexicon(["hairless", "harmless"]))
    assert found is not None
    assert found.text.text == "it is harmless"


@pytest.mark.parametrize("sign", "™®©\u00ad")
def test_the_end_of_a_word_with_a_sign_inside_is_no_word_of_its_own(sign: str) -> None:
    assert undisguise(MappedText(f"pub{sign}lication"), Lexicon(["location"])) is None
    assert undisguise(MappedText("pub lication"), Lexicon(["location"])) is not None


def test_each_letter_stands_where_it_was_read_from() -> None:
    copy = "So p@in\u200bless, p.e.r.m.a.n.e.n.t and #NoDowntime"
    found = undisguise(MappedText(copy, origin=100), LEXICON)
    assert found is not None
    text = found.text.through(MappedText(copy, origin=100))
    for word, written in (("painless", "p@in\u200bless"), ("permanent", "p.e.r.m.a.n.e.n.t"), ("Downtime", "Downtime")):
        at = text.text.index(word)
        span = text.source(at, at + len(word))
        assert copy[span.start - 100 : span.end - 100] == written
    at = text.text.index("painless")
    assert [text.source(at + place, at + place + 1).start - 100 for place in range(8)] == [3, 4, 5, 6, 8, 9, 10, 11]


def test_the_disguises_are_given_as_written_and_as_read() -> None:
    copy = "<p>It is p@inless</p>"
    page = read_page(copy)
    found = undisguise(page.readable, LEXICON)
    assert found is not None
    (disguise,) = found.disguises
    assert (disguise.span.of(copy), disguise.text, disguise.reading) == ("p@inless", "p@inless", "painless")


PIECES = st.sampled_from(
    """painless p@inless p a i n l e s s p.e.r.m perma nent perma-\nnent \n 🔥 pain🔥less pa*nless #noscars раinless ⓟain
    \u200b \u202e \u202c sselniap permanant 4K a@b.com C3PO $5 ! . , - _ * İ ﬁ ½ é e\u0301 \x00 PainSafe""".split(" ")
)
COPY = st.lists(PIECES, max_size=30).map(" ".join) | st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=80)
QUICK = settings(deadline=None, max_examples=300)


@given(COPY)
@QUICK
def test_every_place_lies_in_the_copy_and_in_order(copy: str) -> None:
    found = undisguise(MappedText(copy), LEXICON)
    if found is None:
        return
    last = 0
    for disguise in found.disguises:
        assert last <= disguise.span.start < disguise.span.end <= len(copy)
        assert disguise.span.of(copy) == disguise.text
        last = disguise.span.end
    for place in range(len(found.text.text)):
        span = found.text.source(place, place + 1)
        assert 0 <= span.start <= span.end <= len(copy)
    # What is no disguise stays where and what it was.
    covered = {place for disguise in found.disguises for place in range(disguise.span.start, disguise.span.end)}
    kept = [place for place in range(len(copy)) if place not in covered]
    plain = {
        found.text.source(place, place + 1).start: character
        for place, character in enumerate(found.text.text)
        if found.text.source(place, place + 1).end == found.text.source(place, place + 1).start + 1
    }
    assert all(plain[place] == copy[place] for place in kept)


@given(st.lists(st.sampled_from([*WORDS.split(), *KNOWN.split()]), max_size=20).map(" ".join))
@QUICK
def test_plain_words_are_returned_unchanged(copy: str) -> None:
    assert undisguise(MappedText(copy), LEXICON) is None
    assert undisguise(MappedText(copy.title() + "."), LEXICON) is None


@given(COPY)
@QUICK
def test_nothing_is_left_to_see_in_what_was_read(copy: str) -> None:
    folded = fold(MappedText(read(copy)))
    assert fold(folded).text == folded.text


@pytest.mark.parametrize("piece", ["p@", "p a ", "1", "a.", "pa*", "perma ", "#a", "aA", "a\u0336", "\u202ea", "-\n", "🔥a"])
def test_repeats_take_time_in_proportion(piece: str) -> None:
    """No timing here: what is quadratic in a repeat does not end."""
    found = undisguise(MappedText(piece * 20_000), LEXICON)
    assert found is None or len(found.text.text) <= 2 * len(piece) * 20_000
