from __future__ import annotations

import pytest

from claimaudit.text.normalize import fold
from claimaudit.types import MappedText, Span


@pytest.mark.parametrize(
    ("given", "folded"),
    [
        ("PAINLESS", "painless"),
        ("Ｐａｉｎｌｅｓｓ", "painless"),
        ("𝐩𝐚𝐢𝐧𝐥𝐞𝐬𝐬", "painless"),
        ("pain\u00adless", "painless"),
        ("pa\u200bin\u2060less", "painless"),
        ("раinlеss", "painless"),  # Cyrillic р, а, е
        ("pаinlеss", "painless"),
        ("ﬁne lines", "fine lines"),
        ("café-au-lait", "cafe-au-lait"),
        ("don’t “hurt” – ever…", 'don\'t "hurt" - ever...'),
        ("  two\t\n spaces ", "two spaces"),
        ("PicoSure™ works¹", "picosure works"),
        ("½ hour", "1/2 hour"),
        ("cleared ≠ guaranteed", "cleared not guaranteed"),
        ("İstanbul", "istanbul"),
        ("", ""),
        ("\u200b", ""),
        ("Удаляет пятна", "удаляет пятна"),  # a word of another script stays what it is
    ],
)
def test_folds_to_plain_letters(given: str, folded: str) -> None:
    assert fold(MappedText(given)).text == folded


def test_offsets_point_to_the_characters_given() -> None:
    given = "It’s 100\u00a0% pa\u200bin\u00adless!"
    folded = fold(MappedText(given, origin=10))
    at = folded.text.index("painless")
    span = folded.source(at, at + len("painless"))
    assert given[span.start - 10 : span.end - 10] == "pa\u200bin\u00adless"


def test_a_ligature_maps_each_letter_to_the_whole() -> None:
    folded = fold(MappedText("ﬁne"))
    assert folded.text == "fine"
    assert folded.source(0, 1) == folded.source(1, 2) == Span(0, 1)
    assert folded.source(2, 4) == Span(1, 3)


def test_a_backtick_is_an_apostrophe_in_plain_ascii_too() -> None:
    assert fold(MappedText("It doesn`t hurt.")).text == "it doesn't hurt."
