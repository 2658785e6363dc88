"""The words that a disguise can hide, and how a misspelt token is read as one of them.

A lexicon holds the *words* worth hiding (those of a pack's claims and cues) and all the words that are *known*, so that an
ordinary word is never taken for a disguise of another one. Every lookup is by key, none by trying all words, so time stays
linear in the length of a text.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from claimaudit.text.abbreviations import OPENERS
from claimaudit.text.function_words import ENGLISH

MIN_SPELT = 4
"""Letters of a word that leetspeak or a doubled letter may hide on its own; a shorter one needs a claim word beside it."""
MIN_JOINED = 5
"""Letters of a word that may be put together from pieces."""
MIN_MISTYPED = 8
"""Letters of a word that is recognised with one of them missing, added, changed or swapped with its neighbour."""
MAX_RUN = 120
"""Letters of a run without spaces that is parted into words."""

_LEET = {
    "0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "bg", "7": "t", "8": "b", "9": "gq",
    "@": "a", "$": "s", "!": "i", "|": "il", "+": "t", "€": "e", "£": "el", "¢": "c", "¥": "y", "¡": "i", "§": "s",
}  # fmt: skip
LEET = "".join(_LEET)
"""Figures and signs that stand for letters."""

# Letters that one sign may stand for share a class, so that a token and the word it hides have one key.
_CLASSES = str.maketrans(
    {
        **dict.fromkeys("l1!|£¡", "i"),
        **dict.fromkeys("3€", "e"),
        **dict.fromkeys("gq689", "b"),
        **dict.fromkeys("4@", "a"),
        **dict.fromkeys("5$§", "s"),
        **dict.fromkeys("7+", "t"),
        "0": "o", "2": "z", "¢": "c", "¥": "y",
    }
)  # fmt: skip
_REPEATS = re.compile(r"(.)\1+")
_DOUBLED = re.compile(r"([a-z])\1")


class Spelling(NamedTuple):
    """A word read in a token, with the place in the token that each of its letters was read from."""

    word: str
    places: tuple[int, ...]

    def letters_of(self, token: str) -> int:
        """How many pairs of a character of the token and a letter of the word there are: few, if each sign means one."""
        return len({(token[place], letter) for place, letter in zip(self.places, self.word, strict=True)})


class Lexicon:
    """Words that may be hidden, and words that are known.

    Parameters
    ----------
    words
        Words worth hiding, in lower-case ASCII letters; others are left out.
    known
        Further ordinary words: no token that is one of them is read as anything else.
    """

    def __init__(self, words: Iterable[str], known: Iterable[str] = ()) -> None:
        self.words = frozenset(word for word in words if len(word) > 1 and word.isascii() and word.isalpha())
        self.known = frozenset(known) | self.words | ENGLISH | OPENERS
        keys: dict[str, list[str]] = defaultdict(list)
        shapes: dict[tuple[int, str], list[str]] = defaultdict(list)
        shorter: dict[str, list[str]] = defaultdict(list)
        pieces: set[str] = set()
        for word in sorted(self.known):
            if len(word) >= MIN_SPELT and word.isascii():
                shapes[len(word), word[0]].append(word)
        for word in sorted(self.words):
            keys[_key(word)].append(word)
            if len(word) >= MIN_MISTYPED:
                for variant in {word, *_without_one(word)}:
                    shorter[variant].append(word)
            if len(word) > MIN_JOINED:
                pieces.update(word[:cut] for cut in range(2, len(word) - 1))
                pieces.update(word[cut:] for cut in range(2, len(word) - 1))
        self._keys, self._shapes, self._shorter = dict(keys), dict(shapes), dict(shorter)
        self.pieces = frozenset(pieces)
        """Beginnings and ends, of two letters and more, of the words that may be put together from pieces."""
        self._longest = max(map(len, self.words), default=0)
        # Tokens come back again and again; the caches make the common ones free.
        self.spelt: Callable[[str], Spelling | None] = lru_cache(maxsize=20_000)(self._spelt)
        self.mistyped: Callable[[str], Spelling | None] = lru_cache(maxsize=50_000)(self._mistyped)

    def _spelt(self, token: str) -> Spelling | None:
        """The word that a token spells with figures, signs or repeated letters for letters; None if it spells none.

        Of several words one in which each sign stands for the same letter throughout: `fa11` is fall, not fail.

        >>> lexicon = Lexicon(["painless", "sessions"])
        >>> lexicon.spelt("P@1nnless").word, lexicon.spelt("5sessions"), lexicon.spelt("painless").word
        ('painless', None, 'painless')
        >>> Lexicon(["fail", "fall"]).spelt("fa11").word
        'fall'
        """
        token = token.lower()
        if not any("a" <= letter <= "z" for letter in token) or len(token) > 2 * MAX_RUN:
            return None
        aligned = ((word, _aligned(token, word)) for word in self._keys.get(_key(token), ()))
        spellings = [Spelling(word, places) for word, places in aligned if places is not None]
        return min(spellings, key=lambda spelling: spelling.letters_of(token), default=None)

    def _mistyped(self, token: str) -> Spelling | None:
        """The long word that an unknown token misses by one letter inside it, or by doubled letters.

        >>> Lexicon(["permanent"]).mistyped("permanant").word, Lexicon(["permanent"]).mistyped("permanents")
        ('permanent', None)
        """
        if token in self.known:
            return None
        if _DOUBLED.search(token):
            spelling = self.spelt(token)
            if spelling is not None and len(spelling.word) >= MIN_JOINED - (len(token) - len(spelling.word) > 1):
                return spelling
        if not MIN_MISTYPED - 1 <= len(token) <= self._longest + 1:
            return None
        swapped = set(_swapped(token))
        found = {word for variant in (token, *_without_one(token)) for word in self._shorter.get(variant, ())}
        # Letters are changed about more often than they are mistaken.
        for word in sorted(found, key=lambda word: (word not in swapped, abs(len(word) - len(token)), word)):
            if word[0] == token[0] and word[-1] == token[-1]:  # an ending is grammar rather than a slip
                places = _one_edit(token, word)
                if places is not None:
                    return None if self._is_slip_of_another(token, word) else Spelling(word, places)
        return None

    def _is_slip_of_another(self, token: str, word: str) -> bool:
        """Whether a token misses another word by as little as it misses `word`, or by two letters changed about."""
        swapped = set(_swapped(token))
        near = (len(token) - 1, len(token), len(token) + 1)
        return word not in swapped and any(
            other in swapped or (other != word and _one_edit(token, other) is not None)
            for length in near
            for other in self._shapes.get((length, token[0]), ())
        )

    def censored(self, token: str, covered: Sequence[int]) -> Spelling | None:
        """The one known word that a token is with the letters at the places `covered` free, if it is one worth hiding.

        >>> Lexicon(["painless", "spots", "shots"]).censored("pa*nless", [2]).word
        'painless'
        >>> Lexicon(["packing"], ["parking"]).censored("pa*king", [2]) is None
        True
        """
        token = token.lower()
        if len(token) - len(covered) < MIN_SPELT or 2 * len(covered) > len(token) or 0 in covered:
            return None
        kept = [place for place in range(len(token)) if place not in covered]
        found = [
            word
            for word in self._shapes.get((len(token), token[0]), ())
            if all(_stands_for(token[place], word[place]) for place in kept)
        ]
        return Spelling(found[0], tuple(range(len(token)))) if len(found) == 1 and found[0] in self.words else None

    def is_ordinary(self, token: str) -> bool:
        """Whether a token is a known word and no mere syllable: of two letters, only what any text holds."""
        return token in ENGLISH or token in OPENERS or (len(token) > 2 and token in self.known)

    def parted(self, run: str) -> list[str] | None:
        """A run of letters parted into known words, the fewest that hold a long one to be hidden; None if there are none.

        >>> Lexicon(["painless", "no", "scars"]).parted("painlessnoscars")
        ['painless', 'no', 'scars']
        """
        run = run.lower()
        if len(run) > MAX_RUN:
            return None
        best: list[list[str] | None] = [[]] + [None] * len(run)
        for end in range(1, len(run) + 1):
            for start in range(max(0, end - self._longest), end - 1):
                before = best[start]
                if before is not None and self._is_part(run[start:end]) and _is_better(before, best[end]):
                    best[end] = [*before, run[start:end]]
        parts = best[-1]
        return parts if parts and any(len(part) >= MIN_SPELT and part in self.words for part in parts) else None

    def _is_part(self, word: str) -> bool:
        """Whether a run may hold a word: short ones only if they are common, or any run could be parted."""
        return word in self.known and (len(word) >= MIN_SPELT or word in ENGLISH or word in OPENERS)


def _is_better(before: Sequence[str], known: Sequence[str] | None) -> bool:
    return known is None or len(before) + 1 < len(known)


def _key(token: str) -> str:
    return _REPEATS.sub(r"\1", token.translate(_CLASSES))


def _stands_for(character: str, letter: str) -> bool:
    return character == letter or letter in _LEET.get(character, "")


def _aligned(token: str, word: str) -> tuple[int, ...] | None:
    """The place of each letter of the word in the token; what the token repeats is passed over."""
    places: list[int] = []
    for place, character in enumerate(token):
        if len(places) < len(word) and _stands_for(character, word[len(places)]):
            places.append(place)
        elif not (places and character == token[place - 1]):
            return None
    return tuple(places) if len(places) == len(word) else None


def _without_one(word: str) -> list[str]:
    return [word[:place] + word[place + 1 :] for place in range(1, len(word) - 1)]


def _swapped(token: str) -> list[str]:
    """The token with two neighbours changed about, in each way."""
    return [token[:at] + token[at + 1] + token[at] + token[at + 2 :] for at in range(1, len(token) - 2)]


def _one_edit(token: str, word: str) -> tuple[int, ...] | None:
    """The place of each letter of the word in a token that differs by one inner letter or one swap, else None.

    A letter that the token lacks is read from the one before it.
    """
    head = next((place for place, pair in enumerate(zip(token, word, strict=False)) if pair[0] != pair[1]), 0)
    if len(token) == len(word):
        if token[head + 1 :] == word[head + 1 :]:
            return tuple(range(len(word)))
        swapped = token[head : head + 2] == word[head + 1 : head - 1 : -1] if head else False
        if swapped and token[head + 2 :] == word[head + 2 :]:
            return (*range(head), head + 1, head, *range(head + 2, len(word)))
        return None
    if len(token) + 1 == len(word) and token[head:] == word[head + 1 :]:
        return (*range(head), head - 1, *range(head, len(token)))
    if len(token) == len(word) + 1 and token[head + 1 :] == word[head:]:
        return (*range(head), *range(head + 1, len(token)))
    return None
