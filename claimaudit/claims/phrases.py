"""The phrase language of packs: regular expressions with three additions that keep them readable.

- `<name>` stands for any of the words of the vocabulary class `name` (which may use other classes);
- ` ~4 ` between two words allows up to four words in between, within the same clause;
- a space matches white space or a hyphen, and a phrase matches whole words only.

Phrases are matched against folded text: lower case, plain letters, single spaces, ASCII quotes and dashes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from claimaudit.errors import PackError

_CLASS = re.compile(r"(?<!\(\?P)<([a-z0-9][a-z0-9_-]*)>")
_GAP = re.compile(r" ~(\d) ")
_LOOSE_GAP = re.compile(r"~\d")
_SEPARATOR = r"[ ,'\"/()*-]{1,3}"
_WORD = r"[^\s,;:!?|()\"]+"
_GAP_MARK = "GAP"  # stands for a group name until the whole expression is known
_MAX_DEPTH = 6
MAX_PATTERN_CHARACTERS = 200_000


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
        words = (expand(word, vocabulary, origin=origin, depth=depth + 1) for word in vocabulary[name])
        return "(?:" + "|".join(words) + ")"

    parts = _GAP.split(phrase)
    pieces: list[str] = []
    for index, part in enumerate(parts):
        if index % 2:
            pieces.append(f"(?P<{_GAP_MARK}>(?:{_SEPARATOR}{_WORD}){{0,{part}}}?){_SEPARATOR}")
        else:
            pieces.append(_CLASS.sub(replace_class, _spaces(part)))
    expression = "".join(pieces)
    if _LOOSE_GAP.search(expression):
        raise PackError(f"{origin}: the gap in '{phrase}' needs a space on both sides, as in 'removes ~3 spots'. Add it.")
    return expression


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
    for phrase in phrases:
        expression = _numbered(_whole_words(phrase, expand(phrase, vocabulary, origin=origin)), len(alternatives))
        try:
            compiled = re.compile(expression)
        except re.error as error:
            raise PackError(f"{origin}: '{phrase}' is no regular expression: {error}. Mend the phrase.") from None
        if compiled.search("") is not None:
            raise PackError(f"{origin}: '{phrase}' matches the empty text. Say what it should find.")
        alternatives.append(expression)
    if not alternatives:
        return None
    whole = "|".join(alternatives)
    if len(whole) > MAX_PATTERN_CHARACTERS:
        raise PackError(f"{origin}: the phrases grow to {len(whole):,} characters. Use smaller vocabulary classes.")
    return re.compile(whole)


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
