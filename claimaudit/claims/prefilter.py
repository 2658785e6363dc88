"""Which expressions can match a text at all: a cheap look before the expensive one.

From each regular expression the literal strings are taken of which any match must hold one. A text is asked for its
three-letter runs; an expression is tried only if one of its literals is there. The answer never changes a result, and an
expression without such literals is always tried.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

try:  # the parser of `re` is no public name; without it every expression is tried, with the same results
    from re import _parser as sre_parser  # type: ignore[attr-defined]
except ImportError:  # pragma: no cover
    sre_parser = None

MIN_LITERAL = 3
MAX_LITERALS = 400
"""More alternatives than this are not worth looking up one by one."""

T = TypeVar("T")


def required_literals(expression: str) -> frozenset[str] | None:
    """Strings of which every match of the expression holds at least one; None if there is no such set.

    >>> sorted(required_literals(r"(?<!\\\\w)(?:remov(?:e|al)|fade) spots?"))
    [' spot']
    >>> sorted(required_literals("melasma|chloasma"))
    ['chloasma', 'melasma']
    >>> required_literals(r"\\\\d+%") is None
    True
    """
    if sre_parser is None:
        return None
    return _of_sequence(sre_parser.parse(expression))


def _of_sequence(items: Iterable[tuple[Any, Any]]) -> frozenset[str] | None:
    """The best set that any part of a sequence requires: the one whose shortest literal is longest."""
    found: list[frozenset[str]] = []
    run: list[str] = []

    def close_run() -> None:
        literal = "".join(run)
        run.clear()
        if len(literal) >= MIN_LITERAL:
            found.append(frozenset({literal}))

    for operation, argument in items:
        name = str(operation)
        if name == "LITERAL":
            run.append(chr(argument))
            continue
        if name == "IN" and argument == _SPACE_OR_HYPHEN:
            close_run()  # a space of the phrase language may be a hyphen in the text
            continue
        close_run()
        required = _of_item(name, argument)
        if required:
            found.append(required)
    close_run()
    return max(found, key=lambda literals: (min(map(len, literals)), -len(literals)), default=None)


def _of_item(name: str, argument: Any) -> frozenset[str] | None:
    if name == "SUBPATTERN":
        return _of_sequence(argument[-1])
    if name == "BRANCH":
        literals: set[str] = set()
        for branch in argument[1]:
            required = _of_sequence(branch)
            if required is None:
                return None
            literals |= required
        return frozenset(literals) if len(literals) <= MAX_LITERALS else None
    if name in ("MAX_REPEAT", "MIN_REPEAT") and argument[0] >= 1:
        return _of_sequence(argument[2])
    return None


_SPACE_OR_HYPHEN = sre_parser.parse("[ -]")[0][1] if sre_parser else None


class LiteralIndex(Generic[T]):
    """Values with the expressions that find them, looked up by the literals that a text holds."""

    def __init__(self, entries: Sequence[tuple[re.Pattern[str], T]]) -> None:
        self._values = [value for _, value in entries]
        self._always: list[int] = []
        by_literal: dict[str, list[int]] = defaultdict(list)
        for number, (pattern, _) in enumerate(entries):
            literals = required_literals(pattern.pattern)
            if literals is None:
                self._always.append(number)
            else:
                for literal in literals:
                    by_literal[literal].append(number)
        counts = Counter(run for literal in by_literal for run in set(_runs(literal)))
        self._by_run: dict[str, list[tuple[str, list[int]]]] = defaultdict(list)
        for literal, numbers in by_literal.items():
            rarest = min(_runs(literal), key=lambda run: (counts[run], run))
            self._by_run[rarest].append((literal, numbers))

    def candidates(self, text: str) -> list[T]:
        """The values whose expression may match the text, in the order of the entries."""
        numbers = set(self._always)
        for run in self._by_run.keys() & set(_runs(text)):
            for literal, owners in self._by_run[run]:
                if literal in text:
                    numbers.update(owners)
        return [self._values[number] for number in sorted(numbers)]


def _runs(text: str) -> list[str]:
    return [text[place : place + MIN_LITERAL] for place in range(len(text) - MIN_LITERAL + 1)]
