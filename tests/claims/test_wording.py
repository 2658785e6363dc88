from __future__ import annotations

from pathlib import Path

from claimaudit import load_pack
from claimaudit.claims.wording import lexicon_of, words_of


def test_the_words_of_a_phrase_are_whole_words() -> None:
    assert words_of("remov(e|es|al) ~3 <spot>") == {"remove", "removes", "removal"}
    assert words_of(r"(?<!not )pain ?free\b") == {"pain", "free"}
    assert words_of(r"\w+ly (dark|brown)[ -]?marks?") == {"dark", "brown", "mark", "marks"}


def test_a_pack_hides_words_of_its_claims_and_knows_those_of_its_prose() -> None:
    lexicon = lexicon_of(load_pack())
    assert {"painless", "permanently", "freckles", "vanish"} <= lexicon.words
    assert "remov" not in lexicon.known, "a piece of an expression is no word"
    assert "sleeping" in lexicon.known
    assert lexicon.mistyped("sleeping") is None


def test_another_pack_has_other_words() -> None:
    lexicon = lexicon_of(load_pack(Path(__file__).parent.parent / "packs" / "houseplants"))
    assert "melasma" not in lexicon.known
