"""Which phrases can match a text at all: a cheap look at its words before any expression is tried.

From each phrase are taken its *needs*: sets of literals of which every match must hold one. A text is cut into words, each
distinct word is asked once which literals it holds, and a phrase is tried only on texts that meet all its needs. The answer
never changes a result; a phrase without needs is always tried. After the prefilter of Cox 2012 ("Regular expression matching
with a trigram index"), with words in the place of trigrams.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, reduce
from itertools import chain
from operator import add, or_
from typing import Any, NamedTuple

from claimaudit.text.function_words import ENGLISH

try:  # the parser of `re` is no public name; without it every phrase is tried, with the same results
    from re import _parser as sre_parser  # type: ignore[attr-defined]
except ImportError:  # pragma: no cover
    sre_parser = None

MAX_LITERALS = 400
"""A need of more alternatives tells little."""
MAX_STRINGS = 100
"""Strings that a part of a phrase may stand for before they are no longer multiplied out."""
MAX_NEEDS = 2
"""Needs kept of a phrase, the rarest first: a third rules out few texts that these let pass."""
MAX_WORDS = 50_000
"""Distinct words that are remembered with the needs that they meet (some 10 MB)."""
MAX_TEXTS = 4_096
"""Sentences that are remembered with their candidates: all readers ask for the same ones in turn."""

CLASS_MARKS = range(0xE000, 0xF800)
GAP_MARK = "\uf8ff"
"""Private characters that stand in a phrase for a class of the vocabulary and for a gap while it is parsed."""

_MARKS = range(CLASS_MARKS[0], ord(GAP_MARK) + 1)

_RUN = re.compile(r"\w+")
SPECIAL = re.compile(r"[\\.^$*+?{}\[\]|()]")
"""What is no plain character in a regular expression."""
_FIGURE = "\x00"
"""Stands for a run of digits among the strings that a phrase can match."""

_SPACE, _FIGURES = frozenset([" "]), frozenset([_FIGURE])

_Item = tuple[str, Any]
_Items = list[_Item]
_Branches = list[_Items]


class Literal(NamedTuple):
    """A string within one word of a text; `begins` and `ends` tell that the word must begin or end there.

    With `of_figures` every run of digits reads `0`, in the literal as in the word.
    """

    text: str
    begins: bool
    ends: bool
    of_figures: bool

    @property
    def weight(self) -> int:
        """How rare it is likely to be."""
        marks = 0 if self.text.isalnum() else sum(not _is_letter(character) for character in self.text)
        return 1 if self.text in ENGLISH else len(self.text) + self.begins + self.ends + 2 * marks


Need = frozenset[Literal]


class NeedsReader:
    """Reads the needs of phrases; `vocabulary` holds the words of each class by the class's mark."""

    def __init__(self, vocabulary: Mapping[str, Sequence[str]], mark: Callable[[str], str]) -> None:
        self._vocabulary = vocabulary
        self._mark = mark
        self._parsed: dict[str, tuple[_Branches, bool]] = {}
        self._strings_of: dict[str, frozenset[str] | None] = {}
        self._needs_of_class = lru_cache(maxsize=MAX_TEXTS)(
            lambda mark, begins, ends: self._needs_of_any(self._class(mark)[0], begins, ends)
        )

    def must_compile(self, marked: str) -> bool:
        """Whether only compiling a marked phrase can tell that it is a valid expression that matches no empty text.

        Raises
        ------
        re.error
            It is no regular expression.
        """
        if sre_parser is None:
            return True
        may_be_empty = any(self._class(mark)[1] for mark in marked if mark in self._vocabulary)
        return _tree(marked)[1] or may_be_empty or "(?<" in marked

    def needs(self, marked: str, *, begins: bool, ends: bool) -> list[Need]:
        """The needs of a marked phrase, rarest first; `begins` and `ends`: a match stands between borders of words."""
        if sre_parser is None:
            return []
        needs = set(self._needs(_tree(marked)[0], begins, ends))
        return sorted(needs, key=_rank, reverse=True)[:MAX_NEEDS]

    def stays_in_line(self, marked: str) -> bool:
        """Whether a match holds no line break and does not depend on where the text begins or ends."""
        return sre_parser is not None and not self._crosses_lines([_tree(marked)[0]])

    def _class(self, mark: str) -> tuple[_Branches, bool]:
        """The words of a class, and whether one of them may be empty."""
        if mark not in self._parsed:
            words = [_tree(self._mark(word)) for word in self._vocabulary[mark]]
            self._parsed[mark] = [items for items, _ in words], any(may_be_empty for _, may_be_empty in words)
        return self._parsed[mark]

    def _needs(self, items: _Items, begins: bool, ends: bool) -> list[Need]:
        """Of a sequence; `begins` and `ends` tell whether the characters around it are certainly no letters."""
        before, after = self._borders(items, begins, ends)
        needs: list[Need] = []
        strings, start = frozenset([""]), begins

        def close(end: bool) -> None:
            need = _need(strings, start, end)
            if need is not None:
                needs.append(need)

        for place, item in enumerate(items):
            own = self._strings(item)
            if own == _SPACE:
                close(True)
                strings, start = frozenset([""]), True
            elif own is not None and len(strings) * len(own) <= MAX_STRINGS:
                strings = frozenset([left + right for left in strings for right in own])
            else:
                close(after[place])
                if own is None:
                    needs += self._inner_needs(item, before[place], after[place + 1])
                    strings, start = frozenset([""]), before[place + 1]
                else:
                    strings, start = own, before[place]
        close(ends)
        return needs

    def _inner_needs(self, item: _Item, begins: bool, ends: bool) -> list[Need]:
        kind, value = item
        if kind == "REPEAT":
            least, most, once = value
            return self._needs(once, begins and most == 1, ends and most == 1) if least else []
        if kind == "CLASS":
            return self._needs_of_class(value, begins, ends)
        return self._needs_of_any(value, begins, ends) if kind == "BRANCH" else []

    def _needs_of_any(self, branches: _Branches, begins: bool, ends: bool) -> list[Need]:
        if len(branches) == 1:
            return self._needs(branches[0], begins, ends)
        literals: set[Literal] = set()
        for branch in branches:
            best = max(self._needs(branch, begins, ends), key=_rank, default=None)
            if best is None:
                return []
            literals |= best
        return [frozenset(literals)] if len(literals) <= MAX_LITERALS else []

    def _strings(self, item: _Item) -> frozenset[str] | None:
        """All strings that an item can match, white space and hyphens as one space; None if they are too many to say."""
        kind, value = item
        if kind == "TEXT":
            return frozenset([value])
        if kind == "CLASS":
            if value not in self._strings_of:
                self._strings_of[value] = self._strings_of_any(self._class(value)[0])
            return self._strings_of[value]
        if kind == "SET":
            return frozenset(value) if value is not None and len(value) <= MAX_STRINGS else None
        if kind == "BRANCH":
            return self._strings_of_any(value)
        if kind == "REPEAT":
            least, most, items = value
            once = self._strings_of_any([items])
            if once is None or (most != 1 and once != _FIGURES):
                return None
            return once if least else once | {""}
        return frozenset([""]) if kind in ("AT", "LOOK") else None

    def _strings_of_any(self, branches: _Branches) -> frozenset[str] | None:
        strings: set[str] = set()
        for branch in branches:
            runs = [""]
            for item in branch:
                own = self._strings(item)
                if own is None or len(runs) * len(own) > MAX_STRINGS:
                    return None
                runs = [left + right for left in runs for right in own]
            strings.update(runs)
            if len(strings) > MAX_STRINGS:
                return None
        return frozenset(strings)

    def _borders(self, items: _Items, begins: bool, ends: bool) -> tuple[list[bool], list[bool]]:
        """For each place between items, whether a letter after it begins a word, and whether one before it ends a word."""
        before = [begins]
        for item in items:
            before.append(self._passed(item, before[-1], forwards=True))
        after = [ends]
        for item in reversed(items):
            after.append(self._passed(item, after[-1], forwards=False))
        return before, after[::-1]

    def _passed(self, item: _Item, state: bool, *, forwards: bool) -> bool:
        """Whether a letter beyond the item would stand at a border, if one on this side of it does so."""
        kind, value = item
        if kind == "TEXT":
            return not _is_letter(value[-1 if forwards else 0])
        if kind == "SET":
            return value is not None and not any(map(_is_letter, value))
        if kind == "CLASS":
            return self._all_passed(self._class(value)[0], state, forwards)
        if kind == "BRANCH":
            return self._all_passed(value, state, forwards)
        if kind == "REPEAT":
            once = self._all_passed([value[2]], state, forwards)
            often = once and (value[1] == 1 or self._all_passed([value[2]], once, forwards))
            return often and (state or value[0] > 0)
        if kind == "AT":
            return value in ("AT_BOUNDARY", "AT_BEGINNING" if forwards else "AT_END") or state
        return kind in ("GAP", "NO_LETTER") or (kind == "LOOK" and state)

    def _all_passed(self, branches: _Branches, state: bool, forwards: bool) -> bool:
        for branch in branches:
            reached = state
            for item in branch if forwards else reversed(branch):
                reached = self._passed(item, reached, forwards=forwards)
            if not reached:
                return False
        return True

    def _crosses_lines(self, branches: _Branches) -> bool:
        for kind, value in chain(*branches):
            if kind in ("BRANCH", "CLASS"):
                crosses = self._crosses_lines(self._class(value)[0] if kind == "CLASS" else value)
            elif kind in ("REPEAT", "LOOK"):
                crosses = self._crosses_lines([value[2] if kind == "REPEAT" else value])
            else:
                crosses = not (kind in ("TEXT", "SET", "GAP", "IN_LINE") or (kind == "AT" and value == "AT_BOUNDARY"))
            if crosses:
                return True
        return False


@lru_cache(maxsize=MAX_TEXTS)
def _tree(marked: str) -> tuple[_Items, bool]:
    """A marked phrase in the few kinds of parts that matter here, and whether it may match the empty text.

    `TEXT` is a run of characters, or one space for white space or a hyphen; `SET` one of some characters; `CLASS` and `GAP`
    what their marks stand for; `BRANCH` alternatives; `REPEAT` (least, most, items); `AT` and `LOOK` match nothing;
    `NO_LETTER`, `IN_LINE` and `OTHER` one character or more, the first certainly no letter, the second no line break.
    """
    if marked and not SPECIAL.search(marked):  # as the parser would have it, in a tenth of the time
        return _items(("LITERAL", ord(character)) for character in marked), False
    parsed = sre_parser.parse(marked)
    items = [("OTHER", None)] if parsed.state.flags & ~re.UNICODE else _items(parsed)
    return items, parsed.getwidth()[0] == 0


def _items(parsed: Iterable[tuple[Any, Any]]) -> _Items:
    items: _Items = []
    for operation, argument in parsed:
        name = str(operation)
        if name == "LITERAL":
            character = chr(argument)
            if argument in CLASS_MARKS:
                items.append(("CLASS", character))
            elif character in (GAP_MARK, "\n"):
                items.append(("GAP" if character == GAP_MARK else "OTHER", None))
            elif items and items[-1][0] == "TEXT" and " " not in (items[-1][1], _plain(character)):
                items[-1] = ("TEXT", items[-1][1] + character)
            else:
                items.append(("TEXT", _plain(character)))
        elif name == "IN":
            items.append(_set(argument))
        elif name == "SUBPATTERN" and not argument[1] and not argument[2]:
            items.append(("BRANCH", [_items(argument[3])]))
        elif name == "BRANCH":
            items.append(("BRANCH", [_items(branch) for branch in argument[1]]))
        elif name in ("MAX_REPEAT", "MIN_REPEAT"):
            items.append(("REPEAT", (argument[0], argument[1], _items(argument[2]))))
        elif name == "AT":
            items.append(("AT", str(argument)))
        elif name in ("ASSERT", "ASSERT_NOT"):
            items.append(("LOOK", _items(argument[1])))
        else:
            items.append(("IN_LINE" if name == "ANY" else "OTHER", None))
    return items


def _set(members: list[tuple[Any, Any]]) -> _Item:
    kinds = {str(kind) for kind, _ in members}
    if kinds == {"LITERAL"}:
        characters = [chr(code) for _, code in members]
        if any(code in _MARKS for _, code in members):  # classes as branches: the parser makes a set of one-character ones
            return "BRANCH", [_items([member]) for member in members]
        return ("OTHER", None) if "\n" in characters else ("SET", list(map(_plain, characters)))
    values = {str(value) for kind, value in members if str(kind) == "CATEGORY"}
    if kinds == {"CATEGORY"} and values == {"CATEGORY_DIGIT"}:
        return "TEXT", _FIGURE
    if kinds == {"CATEGORY"} and values <= {"CATEGORY_SPACE", "CATEGORY_NOT_WORD"}:
        return "NO_LETTER", None
    literals = [value for kind, value in members if str(kind) == "LITERAL"]
    starts = [value[0] for kind, value in members if str(kind) == "RANGE"]
    is_plain = "NEGATE" not in kinds and values <= {"CATEGORY_WORD", "CATEGORY_DIGIT"}
    stays = is_plain and ord("\n") not in literals and all(start > ord("\n") for start in starts)
    return "IN_LINE" if stays else "OTHER", None


@lru_cache(maxsize=MAX_TEXTS)
def _need(strings: frozenset[str], begins: bool, ends: bool) -> Need | None:
    """The need to hold one of some strings: the rarest word of each."""
    literals = set()
    for string in strings:
        parts = string.split(" ")
        last = len(parts) - 1
        words = []
        for place, part in enumerate(parts):
            if part:
                text = _figures_as_one(part.replace(_FIGURE, "0")) if _FIGURE in part else part
                begins_word = _is_letter(text[0]) and (place > 0 or begins)
                ends_word = _is_letter(text[-1]) and (place < last or ends)
                words.append(Literal(text, begins_word, ends_word, _FIGURE in part))
        if not words:
            return None
        literals.add(max(words, key=lambda word: (word.weight, word)))
    if len(literals) > MAX_LITERALS or any(literal.weight < 3 and literal.text not in ENGLISH for literal in literals):
        return None
    return frozenset(literals)


def _figures_as_one(text: str) -> str:
    return re.sub(r"\d+", "0", text)


@lru_cache(maxsize=MAX_TEXTS)
def _rank(need: Need) -> tuple[int, int, list[Literal]]:
    return min(literal.weight for literal in need), -len(need), sorted(need)


def _plain(character: str) -> str:
    return " " if character.isspace() or character == "-" else character


def _is_letter(character: str) -> bool:
    return character.isalnum() or character in ("_", _FIGURE)


class PhraseIndex:
    """Which phrases a text may hold, told from its words: all readers of a pack look there, so that each word is read once.

    A set of phrases is a whole number whose bit n stands for the n-th phrase. The needs that a word meets are such a number
    too, twice as wide: the lower half for the first need of each phrase, the upper one for the second.
    """

    def __init__(self, needs: Sequence[Sequence[Need]]) -> None:
        self._width = len(needs)
        self._literals = _Literals({literal for own in needs for need in own for literal in need})
        self._places: dict[Literal, list[int]] = defaultdict(list)
        self._always = 0
        for level in range(MAX_NEEDS):
            for number, own in enumerate(needs, level * self._width):
                if level < len(own):
                    for literal in own[level]:
                        self._places[literal].append(number)
                else:
                    self._always |= 1 << number
        self._all = (1 << self._width) - 1
        self._needs_met = lru_cache(maxsize=MAX_TEXTS)(self._met_by)
        self._of_word = _Memory(lambda word: self._needs_met(tuple(self._literals.within(word))))
        self._met = lru_cache(maxsize=MAX_TEXTS)(self._met_in)
        self.candidates = lru_cache(maxsize=MAX_TEXTS)(self._candidates)

    def _candidates(self, text: str) -> int:
        """The phrases that a text may hold."""
        return self.candidates_in([text])

    def candidates_in(self, texts: Iterable[str]) -> int:
        """The phrases that some texts, read as one, may hold."""
        met = reduce(or_, map(self._met, texts), self._always)
        return met & met >> self._width & self._all

    def _met_in(self, text: str) -> int:
        words = text.replace("-", " ").split() if "-" in text else text.split()
        return reduce(or_, filter(None, map(self._of_word.__getitem__, words)), 0)

    def _met_by(self, literals: tuple[Literal, ...]) -> int:
        """The needs that some literals meet; many words hold the same ones, most none."""
        return reduce(or_, (1 << place for literal in literals for place in self._places[literal]), 0)


def phrases_of(candidates: int) -> Iterator[int]:
    """The numbers of the phrases of a set."""
    while candidates:
        lowest = candidates & -candidates
        yield lowest.bit_length() - 1
        candidates ^= lowest


class _Literals:
    """Finds literals in words."""

    def __init__(self, literals: Iterable[Literal]) -> None:
        self._whole: dict[str, Literal] = {}
        self._within, self._of_figures = _Scanner(), _Scanner()
        for literal in literals:
            if literal.of_figures:
                self._of_figures.add(literal)
            elif literal.begins and literal.ends and all(map(_is_letter, literal.text)):
                self._whole[literal.text] = literal
            else:
                self._within.add(literal)
        self._with_figures = lru_cache(maxsize=MAX_TEXTS)(self._of_figures.scan)

    def within(self, word: str) -> list[Literal]:
        """Those that a word holds."""
        found = [literal for run in _RUN.findall(word) if (literal := self._whole.get(run)) is not None]
        found += self._within.scan(word)
        plain = _figures_as_one(word)
        return found + self._with_figures(plain) if "0" in plain else found


class _Scanner:
    """Finds literals within words by their first two characters."""

    def __init__(self) -> None:
        self._by_head: dict[str, list[Literal]] = defaultdict(list)

    def add(self, literal: Literal) -> None:
        self._by_head[literal.text[:2]].append(literal)

    def scan(self, word: str) -> list[Literal]:
        heads = [*map(add, word, word[1:]), *word]
        if self._by_head.keys().isdisjoint(heads):
            return []
        found = []
        for place, head in enumerate(heads):
            start = place if place < len(word) - 1 else place - len(word) + 1
            for literal in self._by_head.get(head, ()):
                stop = start + len(literal.text)
                if (
                    word.startswith(literal.text, start)
                    and not (literal.begins and start and _is_letter(word[start - 1]))
                    and not (literal.ends and stop < len(word) and _is_letter(word[stop]))
                ):
                    found.append(literal)
        return found


class _Memory(dict[str, int]):
    """Answers for the words met so far; forgets all when it grows too large."""

    def __init__(self, answer: Callable[[str], int]) -> None:
        super().__init__()
        self._answer = answer

    def __missing__(self, word: str) -> int:
        if len(self) >= MAX_WORDS:
            self.clear()
        found = self[word] = self._answer(word)
        return found
