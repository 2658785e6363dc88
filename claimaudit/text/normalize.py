"""Folding: the same words in one plain spelling for matching, with an exact map back to the characters given.

Folded text is lower case, in plain letters and ASCII punctuation, with single spaces and no invisible characters. It
is for comparing alone: it is never shown, and every offset found in it is mapped back.
"""

from __future__ import annotations

import unicodedata
from array import array
from functools import lru_cache

from claimaudit.types import MappedText

# Characters that NFKC leaves alone though a reader takes them for the ASCII ones.
PUNCTUATION = {
    **dict.fromkeys("‘’‚‛′´`ʼ＇", "'"),
    **dict.fromkeys("“”„‟″«»〝〞＂", '"'),
    **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
    **dict.fromkeys("…", "..."),
    **dict.fromkeys("×✕✖", "x"),
    **dict.fromkeys("⁄∕", "/"),
    "≠": " not ",  # its decomposition is an equals sign
    **dict.fromkeys("。．", "."),
    **dict.fromkeys("،、", ","),
    **dict.fromkeys("？؟", "?"),
    **dict.fromkeys("！", "!"),
    **dict.fromkeys("™®©℠¹²³⁰⁴⁵⁶⁷⁸⁹", ""),  # marks and footnote figures hang on a word and are no part of it
}

# Letters of other scripts that look like Latin ones in common typefaces: the subset of Unicode's confusables.txt
# (UTS 39) for lower-case Latin letters, Cyrillic, Greek and Armenian. They are folded only inside a word that also
# holds Latin letters, so that copy in Russian or Greek stays what it is.
LOOKALIKES = {
    pair[0]: pair[1]
    for pair in (
        "аa еe оo рp сc уy хx іi јj ѕs ԁd һh ԛq ԝw ӏl вb кk мm нh тt гr пn ᴀa "  # Cyrillic
        "οo αa νv ιi ρp τt υu χx κk εe "  # Greek
        "սu օo ոn ԍg ьb Ɩl ıi"  # Armenian and others
    ).split()
}

# Letters that carry no canonical decomposition to a base letter.
_BASE_LETTERS = {"ø": "o", "đ": "d", "ł": "l", "ħ": "h", "ŧ": "t", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}

INVISIBLE_CATEGORIES = frozenset({"Cf", "Mn", "Me", "Cc"})


@lru_cache(maxsize=4096)
def fold_character(character: str) -> str:
    """The folded form of one character: zero, one or several characters.

    >>> fold_character("Ｐ"), fold_character("ﬁ"), fold_character("é"), fold_character("\\u200b")
    ('p', 'fi', 'e', '')
    """
    if character in PUNCTUATION:
        return PUNCTUATION[character]
    if character.isspace():
        return " "
    folded: list[str] = []
    for part in unicodedata.normalize("NFKD", character).lower():
        if part in PUNCTUATION:
            folded.append(PUNCTUATION[part])
        elif part.isspace():
            folded.append(" ")
        elif unicodedata.category(part) not in INVISIBLE_CATEGORIES:
            folded.append(_BASE_LETTERS.get(part, part))
    return "".join(folded)


def fold(text: MappedText) -> MappedText:
    """The folded form of a text, mapped to the same source.

    White space runs become one space; leading and trailing white space goes. Idempotent.

    >>> fold(MappedText("  100 %\\u00a0P\\u00adainleß!")).text
    '100 % painless!'
    >>> fold(MappedText("a\\u200bＢ")).source(1, 2)
    Span(start=2, end=3)
    """
    raw = text.text
    is_plain = raw.isascii() and "`" not in raw  # of ASCII, only the backtick folds to another character
    if is_plain and "\n" not in raw and "  " not in raw and raw == raw.strip() and raw.isprintable():
        return MappedText(raw.lower(), text.origin, text.starts, text.ends)
    plain = raw.translate(_ONE_FOR_ONE)
    if _UNEVEN not in plain and "  " not in plain and plain == plain.strip():
        return MappedText(plain, text.origin, text.starts, text.ends)
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(raw):
        for part in fold_character(character):
            if part == " " and (not characters or characters[-1] == " "):
                continue
            characters.append(part)
            places.append(place)
    while characters and characters[-1] == " ":
        characters.pop()
        places.pop()
    _fold_lookalikes(characters)
    if text.starts is None or text.ends is None:
        starts = array("q", (text.origin + place for place in places))
        ends = array("q", (text.origin + place + 1 for place in places))
    else:
        starts = array("q", (text.starts[place] for place in places))
        ends = array("q", (text.ends[place] for place in places))
    return MappedText("".join(characters), text.origin, starts, ends)


class _OneForOne(dict[int, str]):
    """Folded forms by code point, for `str.translate`; `_UNEVEN` for what is no single character or depends on its word."""

    def __missing__(self, code: int) -> str:
        if len(self) >= 65_536:
            self.clear()
        folded = fold_character(chr(code))
        self[code] = folded if len(folded) == 1 and folded not in LOOKALIKES else _UNEVEN
        return self[code]


_UNEVEN = "\x00"
_ONE_FOR_ONE = _OneForOne()


def _fold_lookalikes(characters: list[str]) -> None:
    """Replace look-alike letters, in place, in each word that mixes them with Latin letters."""
    start = 0
    for place in range(len(characters) + 1):
        if place < len(characters) and characters[place].isalpha():
            continue
        word = characters[start:place]
        if any(letter in LOOKALIKES for letter in word) and any("a" <= letter <= "z" for letter in word):
            characters[start:place] = [LOOKALIKES.get(letter, letter) for letter in word]
        start = place + 1
