"""Which phrases could stall: those with a repeat that may take the same words in more than one way.

`re` tries all ways before it gives up, and their number doubles with each repetition: `(all |my |all my )*` on "all my all
my …". A phrase of a stranger's pack must not be able to stop the process, nor copy that is written for a phrase of ours.
A repeat is examined as an automaton (Glushkov 1961) for two paths that part on the same text and meet again, which is what
makes the time exponential (Weber and Seidl 1991, doi 10.1016/0304-3975(91)90381-B).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

try:  # the parser of `re` is no public name
    from re import _parser as sre_parser  # type: ignore[attr-defined]
except ImportError:  # pragma: no cover
    sre_parser = None

FEW = 3
"""A repeat of at most so many rounds has too few ways to matter."""

_OTHER = 128  # stands for every character that is not ASCII
_ANY = (1 << (_OTHER + 1)) - 1


def is_ambiguous(expression: str) -> bool:
    """Whether a repeat of the expression can take some text in exponentially many ways.

    >>> is_ambiguous("(all |my |all my )*skin"), is_ambiguous("(all |my )*skin"), is_ambiguous(r"(\\\\w+ ){0,4}skin")
    (True, False, False)
    """
    return sre_parser is not None and any(_Automaton(body).is_ambiguous for body in _repeats(sre_parser.parse(expression)))


def _repeats(items: Iterable[tuple[Any, Any]]) -> Iterator[Any]:
    """What is repeated more than a few times, wherever it stands."""
    for operation, argument in items:
        name = str(operation)
        if name in ("MAX_REPEAT", "MIN_REPEAT") and argument[1] > FEW and not _is_one_character(argument[2]):
            yield argument[2]
        for inner in _inner(name, argument):
            yield from _repeats(inner)


def _is_one_character(items: Any) -> bool:
    return len(items) == 1 and str(items[0][0]) in ("LITERAL", "NOT_LITERAL", "IN", "ANY")


def _inner(name: str, argument: Any) -> list[Any]:
    if name == "BRANCH":
        return list(argument[1])
    if name in ("SUBPATTERN", "ASSERT", "ASSERT_NOT"):
        return [argument[-1]]
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return [argument[2]]
    return [argument] if name == "ATOMIC_GROUP" else []


class _Automaton:
    """One round after another of what is repeated: a state for each character of the expression that it may stand at."""

    def __init__(self, body: Any) -> None:
        self._characters: list[int] = []
        self._follow: dict[int, set[int]] = defaultdict(set)
        self._has_two_ways = False
        empty, first, last = self._sequence(body)
        self._has_two_ways |= empty
        self._loop(first, last)

    @property
    def is_ambiguous(self) -> bool:
        return self._has_two_ways or self._meets_again()

    def _meets_again(self) -> bool:
        """Whether two paths with the same characters leave one state and come together in one again."""
        queue = [(state, state) for state in range(len(self._characters))]
        before: dict[tuple[int, int], list[tuple[int, int]]] = {pair: [] for pair in queue}
        while queue:
            pair = queue.pop()
            for left in self._follow[pair[0]]:
                for right in self._follow[pair[1]]:
                    if not self._characters[left] & self._characters[right]:
                        continue
                    after = (left, right)
                    if after not in before:
                        before[after] = []
                        queue.append(after)
                    before[after].append(pair)
        meeting = [pair for pair in before if pair[0] == pair[1]]
        seen = set(meeting)
        while meeting:
            for pair in before[meeting.pop()]:
                if pair[0] != pair[1]:
                    return True
                if pair not in seen:
                    seen.add(pair)
                    meeting.append(pair)
        return False

    def _loop(self, first: set[int], last: set[int]) -> None:
        for state in last:
            self._has_two_ways |= not self._follow[state].isdisjoint(first)
            self._follow[state] |= first

    def _sequence(self, items: Iterable[tuple[Any, Any]]) -> tuple[bool, set[int], set[int]]:
        """Whether the empty text matches, and the states that a match can begin and end with."""
        empty, first, last = True, set[int](), set[int]()
        for operation, argument in items:
            part_empty, part_first, part_last = self._part(str(operation), argument)
            for state in last:
                self._follow[state] |= part_first
            first |= part_first if empty else set()
            last = part_last | last if part_empty else part_last
            empty &= part_empty
        return empty, first, last

    def _part(self, name: str, argument: Any) -> tuple[bool, set[int], set[int]]:
        if name in ("AT", "ASSERT", "ASSERT_NOT"):
            return True, set(), set()
        if name == "BRANCH":
            parts = [self._sequence(branch) for branch in argument[1]]
            self._has_two_ways |= sum(part[0] for part in parts) > 1  # more than one way to match nothing
            return any(part[0] for part in parts), set().union(*(p[1] for p in parts)), set().union(*(p[2] for p in parts))
        if name in ("SUBPATTERN", "ATOMIC_GROUP"):
            return self._sequence(argument[-1] if name == "SUBPATTERN" else argument)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, body = argument
            empty, first, last = self._sequence(body)
            self._has_two_ways |= empty and least < most
            if most > 1:
                self._loop(first, last)
            return empty or least == 0, first, last
        self._characters.append(_characters(name, argument))
        state = {len(self._characters) - 1}
        return False, state, set(state)


def _bits(codes: Iterable[int]) -> int:
    return sum(1 << code for code in codes)


def _characters(name: str, argument: Any) -> int:
    """The characters that one item matches, as bits."""
    if name == "LITERAL":
        return _bits([min(argument, _OTHER)])
    if name == "NOT_LITERAL":
        return _ANY & ~(1 << argument) if argument < _OTHER else _ANY
    if name == "IN":
        found = 0
        for kind, value in argument:
            if str(kind) == "RANGE":
                found |= _bits(range(min(value[0], _OTHER), min(value[1], _OTHER) + 1))
            elif str(kind) == "CATEGORY":
                found |= _category(str(value))
            elif str(kind) == "LITERAL":
                found |= 1 << min(value, _OTHER)
        negated = str(argument[0][0]) == "NEGATE"
        return _ANY & ~found | 1 << _OTHER if negated else found
    return _ANY  # `.`, and a back reference, which may stand for anything


def _category(name: str) -> int:
    """White space, digits or letters, or all others; a character that is not ASCII may be one of either."""
    expression = re.compile({"SPACE": r"\s", "DIGIT": r"\d", "WORD": r"\w"}[name.rsplit("_", 1)[-1]])
    negated = "_NOT_" in name
    return _bits([*(code for code in range(_OTHER) if bool(expression.match(chr(code))) != negated), _OTHER])
