"""The phrase language of packs: regular expressions with three additions that keep them readable.

- `<name>` stands for any of the words of the vocabulary class `name` (which may use other classes);
- ` ~4 ` between two words allows up to four words in between, within the same clause;
- a space matches white space or a hyphen, and a phrase matches whole words only.

Phrases are matched against folded text: lower case, plain letters, single spaces, ASCII quotes and dashes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Generic, TypeVar

from claimaudit.claims.ambiguity import is_ambiguous
from claimaudit.claims.prefilter import CLASS_MARKS, GAP_MARK, Need, NeedsReader, PhraseIndex, phrases_of
from claimaudit.errors import PackError
from claimaudit.resources import Pack, ScopeClass, ScopeCue, is_shipped

_CLASS = re.compile(r"(?<!\(\?P)<([a-z0-9][a-z0-9_-]*)>")
_CLASS_IN_SET = re.compile(r"(?<!\\)\[[^\]]*<[a-z0-9][a-z0-9_-]*>[^\]]*\]")
_GAP = re.compile(r" ~(\d) ")
_LOOSE_GAP = re.compile(r"~\d")
_SEPARATOR = r"[ ,'\"/()*-]{1,5}"
_LETTERS = r"[^\s,;:!?|()\"'/*-]+"
_JOINED = rf"['/*-]{_LETTERS}"
_WORD = rf"{_LETTERS}(?:{_JOINED})*?"
"""A word of a gap: `long-lasting` and `don't` are one, and the phrase may go on after each part of it."""
_GAP_NAME = "GAP"  # stands for a group name until the whole expression is known
_BEGIN, _END = r"(?<!\w)", r"(?!\w)"
_MARKS = re.compile(f"[{chr(CLASS_MARKS[0])}-{GAP_MARK}]")
MAX_PATTERN_CHARACTERS = 200_000
MAX_PACK_CHARACTERS = 20_000_000
"""Of all expressions of a pack together."""


T = TypeVar("T")


class Phrase:
    """One phrase, the `number`-th of its book: its expression, made when it is first asked for."""

    __slots__ = ("__dict__", "_book", "_expression", "_phrase", "number")

    def __init__(self, phrase: str, expression: str, number: int, book: Phrasebook) -> None:
        self.number = number
        self._phrase = phrase
        self._expression = expression
        self._book = book

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(self._expression)

    def compile(self, origin: str) -> None:
        """Compile it now, to say with its origin what is wrong.

        Raises
        ------
        PackError
            It is no regular expression.
        """
        try:
            _ = self.pattern
        except (re.error, OverflowError, RecursionError) as error:
            raise PackError(f"{origin}: '{self._phrase[:80]}' is no regular expression: {error}. Mend the phrase.") from None

    @cached_property
    def stays_in_line(self) -> bool:
        """Whether a match holds no line break and does not depend on where the text begins or ends."""
        return self._book.stays_in_line(self._phrase)


class ByPhrase(Generic[T]):
    """Values in order, each with the phrase that finds it."""

    def __init__(self, entries: Iterable[tuple[Phrase, T]]) -> None:
        self._values: list[T] = []
        self._places: dict[int, list[int]] = defaultdict(list)
        self._phrases = 0
        for place, (phrase, value) in enumerate(entries):
            self._values.append(value)
            self._places[phrase.number].append(place)
            self._phrases |= 1 << phrase.number

    def of(self, candidates: int) -> list[T]:
        """The values of some phrases (`Phrasebook.index`)."""
        found = candidates & self._phrases
        if not found:
            return []
        return [self._values[place] for place in sorted(place for n in phrases_of(found) for place in self._places[n])]


class Phrases:
    """Alternatives: what matches is what one expression of all of them, joined by `|`, would match."""

    __slots__ = ("__dict__", "_book", "_phrases")

    def __init__(self, phrases: Sequence[Phrase], book: Phrasebook) -> None:
        self._phrases = phrases
        self._book = book

    def __iter__(self) -> Iterator[Phrase]:
        return iter(self._phrases)

    @cached_property
    def _by_phrase(self) -> ByPhrase[Phrase]:
        return ByPhrase((phrase, phrase) for phrase in self._phrases)

    def are_in(self, text: str) -> bool:
        """Whether any of them matches somewhere in a folded text."""
        return any(phrase.pattern.search(text) for phrase in self._candidates(text))

    def spans_in(self, text: str) -> Iterator[tuple[int, int]]:
        """Where they match in a folded text, from left to right, without overlaps."""
        return spans_of(self._candidates(text), text)

    def _candidates(self, text: str) -> list[Phrase]:
        return self._by_phrase.of(self._book.index.candidates(text)) if self._phrases else []


def spans_of(phrases: Sequence[Phrase], text: str) -> Iterator[tuple[int, int]]:
    """Where phrases match, as one expression of all of them would: of two that begin at a place, the first one counts."""
    found = [(match, phrase.pattern) for phrase in phrases if (match := phrase.pattern.search(text))]
    while found:
        start, end = min(found, key=lambda item: item[0].start())[0].span()
        yield start, end
        end = max(end, start + 1)  # a match may be empty
        nexts = ((match if match.start() >= end else pattern.search(text, end), pattern) for match, pattern in found)
        found = [(match, pattern) for match, pattern in nexts if match is not None and match.start() >= end]


class Phrasebook:
    """Makes the phrases of one pack from its vocabulary.

    All share one index, so that a sentence is looked through once for all of them.
    """

    def __init__(self, vocabulary: Mapping[str, Iterable[str]]) -> None:
        self._vocabulary = {name: tuple(words) for name, words in vocabulary.items()}
        if len(self._vocabulary) > len(CLASS_MARKS):
            raise PackError(f"vocabulary.yaml: more than {len(CLASS_MARKS):,} classes. Merge some.")
        self._expanded: dict[str, str] = {}
        self._made: dict[str, Phrase] = {}
        self._marks = {name: chr(code) for name, code in zip(self._vocabulary, CLASS_MARKS, strict=False)}
        self._needs: list[list[Need]] = []
        self._index: PhraseIndex | None = None
        self._reader = NeedsReader({self._marks[name]: words for name, words in self._vocabulary.items()}, self._marked)

    @property
    def index(self) -> PhraseIndex:
        """Tells which phrases a folded text may hold: a bit for the number of each."""
        if self._index is None:
            self._index = PhraseIndex(self._needs)
        return self._index

    def phrases(self, phrases: Iterable[str], *, origin: str) -> Phrases:
        """Alternatives, tried on folded texts.

        Raises
        ------
        PackError
            A phrase is no regular expression, grows too large, matches the empty text, or names an unknown class.
        """
        made = [self.phrase(phrase, origin=origin) for phrase in phrases]
        return Phrases(made, self)

    def phrase(self, phrase: str, *, origin: str) -> Phrase:
        """One phrase, as `phrases` makes them; the same one for the same words."""
        if phrase in self._made:
            return self._made[phrase]
        if _MARKS.search(phrase):
            raise PackError(f"{origin}: '{phrase}' holds a private character (U+E000 to U+F8FF). Remove it.")
        if _CLASS_IN_SET.search(phrase):
            raise PackError(f"{origin}: '{phrase}' names a class within [ ]. Write (<a>|<b>) instead.")
        begins, ends = _borders(phrase)
        expression = _numbered(f"{_BEGIN * begins}(?:{self.expand(phrase, origin)}){_END * ends}")
        _check_size(len(expression), phrase, origin)
        made = Phrase(phrase, expression, len(self._made), self)
        try:
            marked = self._marked(phrase)
            is_empty = self._reader.must_compile(marked) and made.pattern.search("") is not None
        except (re.error, OverflowError, RecursionError) as error:
            raise PackError(f"{origin}: '{phrase}' is no regular expression: {error}. Mend the phrase.") from None
        if is_empty:
            raise PackError(f"{origin}: '{phrase}' matches the empty text. Say what it should find.")
        self._made[phrase] = made
        self._needs.append(self._reader.needs(marked, begins=begins, ends=ends))
        self._index = None
        return made

    def stays_in_line(self, phrase: str) -> bool:
        """Whether a match of a phrase holds no line break and does not depend on where the text begins or ends."""
        return self._reader.stays_in_line(self._marked(phrase))

    def _marked(self, phrase: str) -> str:
        """The phrase with a private character for each class and gap."""
        return _CLASS.sub(lambda match: self._marks[match.group(1)], _GAP.sub(GAP_MARK, phrase))

    def expand(self, phrase: str, origin: str, within: tuple[str, ...] = ()) -> str:
        """The phrase as a regular expression, without the borders of whole words; `within` are the classes it stands in."""

        def words_of(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in self._vocabulary:
                raise PackError(f"{origin}: '<{name}>' is not in vocabulary.yaml. Add the class there or correct its name.")
            if name in within:
                raise PackError(f"{origin}: the vocabulary class in '{phrase}' is defined by itself. Break the circle.")
            if name not in self._expanded:
                words: list[str] = []
                size = 0
                for word in self._vocabulary[name]:
                    words.append(self.expand(word, origin, (*within, name)))
                    size += len(words[-1])
                    _check_size(size, f"<{name}>", origin)
                self._expanded[name] = "(?:" + "|".join(words) + ")"
            return self._expanded[name]

        parts = _GAP.split(phrase)
        pieces: list[str] = []
        for index, part in enumerate(parts):
            if index % 2:
                pieces.append(f"(?P<{_GAP_NAME}>{_words(int(part))}){_SEPARATOR}")
            else:
                pieces.append(_CLASS.sub(words_of, _spaces(part)))
        expression = "".join(pieces)
        if _LOOSE_GAP.search(expression):
            raise PackError(
                f"{origin}: the gap in '{phrase}' needs a space on both sides, as in 'removes ~3 spots'. Add it."
            )
        return expression


@lru_cache(maxsize=4)
def phrasebook(pack: Pack) -> Phrasebook:
    """The one phrasebook of a pack. The phrases of a pack from outside are checked first (`check_phrases`)."""
    book = Phrasebook(pack.vocabulary)
    if not is_shipped(pack):
        check_phrases(pack)
        for phrase, origin in _phrases_of(pack):
            book.phrase(phrase, origin=origin).compile(origin)
    return book


def check_phrases(pack: Pack) -> None:
    """Refuse a pack whose phrases could stall the process or fill its memory. Those of shipped packs are checked by a test.

    Gaps are built so that they cannot stall, and are left out.

    Raises
    ------
    PackError
        A repeat can take the same words in more than one way, the phrases are too long together, or a word of the vocabulary
        is no regular expression, whether a phrase names its class or not.
    """
    book = Phrasebook({name: [_GAP.sub(" ", word) for word in words] for name, words in pack.vocabulary.items()})
    for name, words in pack.vocabulary.items():
        for word in words:
            try:
                re.compile(book.expand(_GAP.sub(" ", word), f"vocabulary.yaml: {name}"))
            except (re.error, OverflowError, RecursionError) as error:
                raise PackError(f"vocabulary.yaml: {name}: '{word}' is no regular expression: {error}. Mend it.") from None
    size = 0
    for phrase, origin in _phrases_of(pack):
        expression = book.expand(_GAP.sub(" ", phrase), origin)
        size += len(expression)
        if size > MAX_PACK_CHARACTERS:
            raise PackError(
                f"{origin}: the phrases of the pack grow to more than {MAX_PACK_CHARACTERS:,} characters together. Use "
                "fewer, or smaller vocabulary classes."
            )
        try:
            stalls = is_ambiguous(expression)
        except (re.error, OverflowError, RecursionError):
            continue  # whoever compiles it says what is wrong
        if stalls:
            raise PackError(
                f"{origin}: '{phrase}' could take hours on some texts: what it repeats can match the same words in more "
                "than one way, as in '(all |my |all my )*'. Leave out the alternatives that the others cover."
            )


def _phrases_of(pack: Pack) -> Iterator[tuple[str, str]]:
    """Every phrase of a pack, with its origin."""
    groups: list[tuple[str, Iterable[str]]] = [("cues.yaml", pack.cues.stops)]
    for claim_type, file in pack.claims.items():
        for entry in file.patterns:
            origin = str(pack.origins[f"pattern:{claim_type}/{entry.id}"])
            words = (entry.any, entry.with_, entry.unless, entry.about, entry.under, entry.question)
            groups.extend((origin, phrases) for phrases in words)
    for cue in pack.cues.cues:
        groups.extend((str(pack.origins[f"cue:{cue.id}"]), phrases) for phrases in (cue.any, cue.unless, cue.stop))
    for disclaimer in pack.cues.disclaimers:
        origin = str(pack.origins[f"disclaimer:{disclaimer.id}"])
        groups.extend((origin, phrases) for phrases in (disclaimer.any, disclaimer.unless))
    groups.extend((entry.origin, entry.about) for entry in pack.limitations)
    scope = pack.scope
    scope_cues: list[ScopeCue | ScopeClass] = [*scope.field.inside, *scope.field.outside, *scope.product, *scope.independent]
    scope_cues += [*scope.modalities, *scope.conditions, *(cue for cues in scope.settings.values() for cue in cues)]
    groups.extend(("scope.yaml", cue.any) for cue in scope_cues)
    return ((phrase, origin) for origin, phrases in groups for phrase in phrases)


def _words(most: int) -> str:
    """Up to so many words, as few as possible.

    Each text has one way to be parted into words: a second word never begins where the first may go on. So a text without
    a match is given up in linear time, however many hyphens it holds.
    """
    if not most:
        return ""
    return f"(?:{_SEPARATOR}{_WORD}(?:(?!{_JOINED}){_SEPARATOR}{_WORD}){{0,{most - 1}}}?)??"


def _check_size(size: int, phrase: str, origin: str) -> None:
    if size > MAX_PATTERN_CHARACTERS:
        raise PackError(f"{origin}: '{phrase[:80]}' grows to {size:,} characters and more. Use smaller vocabulary classes.")


def gaps(match: re.Match[str]) -> list[tuple[int, int]]:
    """Where the ` ~N ` gaps of a match lie: words that the phrase does not name."""
    spans = (match.span(name) for name in match.re.groupindex)
    return [(start, end) for start, end in spans if 0 <= start < end]


def _spaces(part: str) -> str:
    """Spaces outside character classes match a space or a hyphen."""
    pieces = re.split(r"(\[[^\]]*\])", part)
    return "".join(piece if piece.startswith("[") else piece.replace(" ", "[ -]") for piece in pieces)


def _borders(phrase: str) -> tuple[bool, bool]:
    """Whether a match begins and ends at the border of a word: where the phrase begins and ends with a word."""
    begins = phrase[0].isalnum() or phrase[0] in "<(["
    ends = phrase[-1].isalnum() or (phrase[-1] in ">)]?*+}" and not phrase.endswith("\\?"))
    return begins, ends


def _numbered(expression: str) -> str:
    """Gap groups need names of their own within one expression."""
    first, *others = expression.split(f"(?P<{_GAP_NAME}>")
    return first + "".join(f"(?P<gap{number}>{part}" for number, part in enumerate(others))
