"""The words of a pack: those of its claims and cues, which a disguise may hide, and all that it knows besides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from claimaudit.claims.prefilter import SPECIAL
from claimaudit.resources import Pack
from claimaudit.text.lexicon import Lexicon

try:  # the parser of `re` is no public name; without it no word is looked for in disguise
    from re import _parser as sre_parser  # type: ignore[attr-defined]
except ImportError:  # pragma: no cover
    sre_parser = None

MAX_BEGINNINGS = 2_000
"""Ways in which an expression may begin a word; beyond, it is taken for one that leaves its words open."""
_OPEN = "\0"  # stands in a word for characters that the expression does not name
_CLASS = re.compile(r"(?<!\(\?P)<[a-z0-9][a-z0-9_-]*>| ~\d ")
_OPTIONAL_SPACE = re.compile(r"(\[(?:[^\]\\]|\\.)+\])| \?")  # sets of characters stay as they are
_WORD = re.compile(r"[a-z]{2,}")


@lru_cache(maxsize=4)
def lexicon_of(pack: Pack) -> Lexicon:
    """The lexicon of a pack: the words of its expressions that people write and of its flagged examples, and all it knows.

    What an expression with optional parts can spell is not always a word, and an optional space makes compounds: such words
    count if they stand in the pack's examples, prose or list of words.
    """
    written = pack.words.union(word for text in _texts(pack) for word in _WORD.findall(text.lower()))
    spelt: set[str] = set()
    compounds: set[str] = set()
    for phrase in set(_phrases(pack)):
        spelt |= words_of(phrase)
        if " ?" in phrase:
            compounds |= words_of(_OPTIONAL_SPACE.sub(r"\1", phrase))
    claimed = {word for text in _flagged(pack) for word in _WORD.findall(text.lower()) if len(word) > 3}
    return Lexicon({word for word in spelt | compounds if word in written} | claimed, written)


def _phrases(pack: Pack) -> Iterator[str]:
    """Phrases whose words make, limit or place a claim."""
    for words in pack.vocabulary.values():
        yield from words
    for file in pack.claims.values():
        for entry in file.patterns:
            for phrases in (entry.any, entry.with_, entry.about, entry.under):
                yield from phrases
    for cue in pack.cues.cues:
        yield from cue.any
    for named in (*pack.scope.modalities, *pack.scope.conditions):
        yield from named.any


def _flagged(pack: Pack) -> Iterator[str]:
    """Copy that makes a claim."""
    for file in pack.claims.values():
        for entry in file.patterns:
            for example in entry.flag:
                yield from (example,) if isinstance(example, str) else example.values()


def _texts(pack: Pack) -> Iterator[str]:
    """Copy and prose of a pack, without its expressions."""
    for file in pack.claims.values():
        yield from (file.title, file.about, file.suggestion, *file.ladder.values(), *file.message.values())
        for entry in file.patterns:
            for example in (*entry.flag, *entry.pass_):
                yield from (example,) if isinstance(example, str) else example.values()
    for cue in pack.cues.cues:
        yield from (*cue.on, *cue.off)
    for limitation in pack.limitations:
        yield from (limitation.statement, limitation.ceiling, limitation.wording, limitation.notes)
    for rule in pack.rules:
        yield rule.statement
    for source in pack.sources.values():
        yield from (source.citation, source.supports)


def words_of(phrase: str) -> set[str]:
    """The whole words that matches of a phrase can hold, as far as it names them letter by letter.

    >>> sorted(words_of("(get|getting) rid of <spot>|pain ?less(ly)?|\\\\w+free"))
    ['get', 'getting', 'less', 'lessly', 'of', 'pain', 'rid']
    """
    if sre_parser is None:
        return set()
    plain = _CLASS.sub(" ", phrase)
    if not SPECIAL.search(plain):
        return set("".join(character if character.isalpha() else " " for character in plain).split())
    words: set[str] = set()
    _end_words(_read(sre_parser.parse(plain), {""}, words), words)
    return {word for word in words if word and _OPEN not in word}


def _end_words(beginnings: Iterable[str], words: set[str]) -> set[str]:
    words.update(beginnings)
    return {""}


def _read(items: Iterable[tuple[Any, Any]], beginnings: set[str], words: set[str]) -> set[str]:
    """What words may have begun by the end of a sequence, given those begun before it; those that end go to `words`."""
    for operation, argument in items:
        beginnings = _read_item(str(operation), argument, beginnings, words)
        if len(beginnings) > MAX_BEGINNINGS:
            beginnings = {_OPEN}
    return beginnings


def _read_item(name: str, argument: Any, beginnings: set[str], words: set[str]) -> set[str]:
    if name == "LITERAL":
        character = chr(argument)
        return {word + character for word in beginnings} if character.isalpha() else _end_words(beginnings, words)
    if name == "IN":
        letters = _letters(argument)
        if letters is None:
            return {word + _OPEN for word in beginnings}
        ended = _end_words(beginnings, words) if not all(letter.isalpha() for letter in letters) else set()
        return ended | {word + letter for word in beginnings for letter in letters if letter.isalpha()}
    if name == "SUBPATTERN":
        return _read(argument[-1], beginnings, words)
    if name == "BRANCH":
        return {word for branch in argument[1] for word in _read(branch, beginnings, words)}
    if name in ("MAX_REPEAT", "MIN_REPEAT"):
        if argument[0] == 0 and _is_gap(argument[2]):  # "pain ?less" are two words; that they are one as well, copy tells
            return _end_words(beginnings, words)
        once = _read(argument[2], beginnings, words)
        return once | beginnings if argument[0] == 0 else once
    if name in ("AT", "ASSERT", "ASSERT_NOT"):
        return beginnings
    return {word + _OPEN for word in beginnings}


def _is_gap(items: Iterable[tuple[Any, Any]]) -> bool:
    """Whether an expression is one character that stands between words."""
    (name, argument), *others = items
    named = _letters([(name, argument)] if str(name) == "LITERAL" else argument) if str(name) in ("LITERAL", "IN") else None
    return not others and bool(named) and not any(map(str.isalpha, named or ""))


def _letters(items: Iterable[tuple[Any, Any]]) -> str | None:
    """The characters of a set that names each of them, else None."""
    named = list(items)
    return "".join(chr(value) for _, value in named) if all(str(name) == "LITERAL" for name, _ in named) else None
