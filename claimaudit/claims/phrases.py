"""The phrase language of packs: regular expressions with three additions that keep them readable.

- `<name>` stands for any of the words of the vocabulary class `name` (which may use other classes);
- ` ~4 ` between two words allows up to four words in between, within the same clause;
- a space matches white space or a hyphen, and a phrase matches whole words only.

Phrases are matched against folded text: lower case, plain letters, single spaces, ASCII quotes and dashes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from claimaudit.claims.ambiguity import is_ambiguous
from claimaudit.errors import PackError
from claimaudit.resources import Pack, ScopeClass, ScopeCue

_CLASS = re.compile(r"(?<!\(\?P)<([a-z0-9][a-z0-9_-]*)>")
_GAP = re.compile(r" ~(\d) ")
_LOOSE_GAP = re.compile(r"~\d")
_SEPARATOR = r"[ ,'\"/()*-]{1,5}"
_LETTERS = r"[^\s,;:!?|()\"'/*-]+"
_JOINED = rf"['/*-]{_LETTERS}"
_WORD = rf"{_LETTERS}(?:{_JOINED})*?"
"""A word of a gap: `long-lasting` and `don't` are one, and the phrase may go on after each part of it."""
_GAP_MARK = "GAP"  # stands for a group name until the whole expression is known
_MAX_DEPTH = 6
MAX_PATTERN_CHARACTERS = 200_000
MAX_PACK_CHARACTERS = 20_000_000
"""Of all expressions of a pack together."""


def expand(phrase: str, vocabulary: Mapping[str, Iterable[str]], *, origin: str, depth: int = 0) -> str:
    """The phrase as a regular expression, without the borders of whole words.

    Raises
    ------
    PackError
        A vocabulary class is unknown or defined by itself.
    """
    if depth > _MAX_DEPTH:
        raise PackError(f"{origin}: the vocabulary class in '{phrase}' is defined by itself. Break the circle.")

    def replace_class(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in vocabulary:
            raise PackError(f"{origin}: '<{name}>' is not in vocabulary.yaml. Add the class there or correct its name.")
        words: list[str] = []
        size = 0
        for word in vocabulary[name]:
            words.append(expand(word, vocabulary, origin=origin, depth=depth + 1))
            size += len(words[-1])
            _check_size(size, phrase, origin)
        return "(?:" + "|".join(words) + ")"

    parts = _GAP.split(phrase)
    pieces: list[str] = []
    for index, part in enumerate(parts):
        if index % 2:
            pieces.append(f"(?P<{_GAP_MARK}>{_words(int(part))}){_SEPARATOR}")
        else:
            pieces.append(_CLASS.sub(replace_class, _spaces(part)))
    expression = "".join(pieces)
    if _LOOSE_GAP.search(expression):
        raise PackError(f"{origin}: the gap in '{phrase}' needs a space on both sides, as in 'removes ~3 spots'. Add it.")
    return expression


def check_phrases(pack: Pack) -> None:
    """Refuse a pack whose phrases could stall the process or fill its memory. Those of shipped packs are checked by a test.

    Gaps are built so that they cannot stall, and are left out.

    Raises
    ------
    PackError
        A repeat can take the same words in more than one way, or the phrases are too long together.
    """
    plain = {name: [_GAP.sub(" ", word) for word in words] for name, words in pack.vocabulary.items()}
    size = 0
    for phrase, origin in _phrases_of(pack):
        expression = expand(_GAP.sub(" ", phrase), plain, origin=origin)
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


def _spaces(part: str) -> str:
    """Spaces outside character classes match a space or a hyphen."""
    pieces = re.split(r"(\[[^\]]*\])", part)
    return "".join(piece if piece.startswith("[") else piece.replace(" ", "[ -]") for piece in pieces)


def compile_phrases(
    phrases: Iterable[str], vocabulary: Mapping[str, Iterable[str]], *, origin: str
) -> re.Pattern[str] | None:
    """One expression that matches any of the phrases as whole words; None for no phrases.

    Raises
    ------
    PackError
        A phrase is no regular expression, grows too large, or matches the empty text.
    """
    alternatives: list[str] = []
    size = 0
    for phrase in phrases:
        expression = _numbered(_whole_words(phrase, expand(phrase, vocabulary, origin=origin)), len(alternatives))
        try:
            compiled = re.compile(expression)
        except (re.error, OverflowError, RecursionError) as error:
            raise PackError(f"{origin}: '{phrase}' is no regular expression: {error}. Mend the phrase.") from None
        if compiled.search("") is not None:
            raise PackError(f"{origin}: '{phrase}' matches the empty text. Say what it should find.")
        alternatives.append(expression)
        size += len(expression)
        _check_size(size, phrase, origin)
    return re.compile("|".join(alternatives)) if alternatives else None


def gaps(match: re.Match[str]) -> list[tuple[int, int]]:
    """Where the ` ~N ` gaps of a match lie: words that the phrase does not name."""
    spans = (match.span(name) for name in match.re.groupindex)
    return [(start, end) for start, end in spans if 0 <= start < end]


def _whole_words(phrase: str, expression: str) -> str:
    """Borders of whole words where the phrase begins and ends with a word."""
    begin = r"(?<!\w)" if phrase[0].isalnum() or phrase[0] in "<([" else ""
    end = r"(?!\w)" if phrase[-1].isalnum() or (phrase[-1] in ">)]?*+}" and not phrase.endswith("\\?")) else ""
    return f"{begin}(?:{expression}){end}"


def _numbered(expression: str, alternative: int) -> str:
    """Gap groups need names of their own within one expression."""
    parts = expression.split(f"(?P<{_GAP_MARK}>")
    return parts[0] + "".join(f"(?P<g{alternative}_{number}>{part}" for number, part in enumerate(parts[1:]))
