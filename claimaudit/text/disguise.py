"""Sees through writing that hides words from a plain search: which characters spell what a reader sees.

Folding (`normalize`) knows characters; here whole tokens are read, with the words of a pack at hand: `p@inless`,
`p a i n l e s s`, `per.manent`, `pa*nless`. A token is read as another word only if that is a word of the pack's claims and
the token itself is no ordinary word, so prices, addresses, codes and names stay what they are.

The result is a text of its own for splitting and matching, mapped to the readable text character by character.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from claimaudit.text.lexicon import LEET, MAX_RUN, MIN_JOINED, MIN_SPELT, Lexicon, Spelling
from claimaudit.text.normalize import INVISIBLE_CATEGORIES, LOOKALIKES, PUNCTUATION, fold_character
from claimaudit.types import Disguise, MappedText

_SIGN = "\x01"
"""Stands for an emoji or another sign in a shadow."""
_TYPOGRAPHY = "’‘“”–—…•·°™®©×½¼¾²³\u00a0\u00ad\ufe0f€£¢¥§"
_EMOJI = "\u2190-\u245f\u2500-\u2bff\u3030\u303d\U0001f000-\U0001f12f\U0001f18a-\U0001f1e5\U0001f200-\U0001faff"
_ODD = re.compile(rf"[^\x20-\x7e\t\n\r{_TYPOGRAPHY}{_EMOJI}\u00c0-\u017f]")
"""What makes a text worth a shadow: anything but ASCII, common typography, accented letters and emoji."""
_EMOJI_WITHIN = re.compile(rf"[{_EMOJI}](?<=[A-Za-z].)[{_EMOJI}\ufe0f]*(?=[A-Za-z])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

# Upper-case letters of other scripts by their looks, where these are not the looks of the lower-case ones.
_LOOKALIKE_CAPITALS = dict(
    zip("ВНМТКУГРСΑΒΕΖΗΙΚΜΝΟΡΤΥΧІЈЅԚԜᎪᏴᏟᎠᎬᎻᎫᏦᏞᎷᏢᏚᎢᏙᏃ", "BHMTKYrPCABEZHIKMNOPTYXIJSQWABCDEHJKLMPSTVZ", strict=True)
)
_MORE_LOOKALIKES = dict(
    zip("ɑɡɢʙᴄᴅᴇꜰʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢϲϳηωγσѡɩ", "aggbcdefhijklmnoprstuvwyzcjnwyowi", strict=True)
)  # small capitals, and letters of other scripts that copy in those scripts needs for itself
_SQUARED = (0x1F150, 0x1F170)  # negative circled and negative squared A to Z have no decomposition
_REGIONAL_A = 0x1F1E6
_BLANKS = "\u115f\u1160\u3164\uffa0\u2800\u180e"  # letters and signs that show nothing

# Each begins with characters that plain copy has few of, so that a search skips nearly all of it.
_SPACED = re.compile(
    rf"(?<![\w@$])(?:[A-Za-z0-9@$](?:[ \t]{{1,3}}|[ \t]?[._*·•~|/{_SIGN}-][ \t]?)){{3,}}[A-Za-z0-9@$](?![\w@$])"
)
_JOINTS = rf"-_.~^*|·•#=+\\{_SIGN}{_EMOJI}"
_SIGNS = rf"{_JOINTS}0-9@$!€£¢¥§¡"
_AMONG_LETTERS = re.compile(rf"[{_SIGNS}](?<![{_SIGNS}][{_SIGNS}])(?:(?<=[A-Za-z][0-9@$])|[{_SIGNS}]*+(?=[A-Za-z]))")
"""The beginning of a run of signs that letters follow, or that begins right after a letter with a figure."""
_CASE_CHANGE = re.compile(r"#\w|[A-Z](?<=[a-z].)[a-z]")
_LINE_END = re.compile(r"-[ \t]*\r?\n[ \t]*")

_WIDE = re.compile(r"[ \t]{2,3}")
_TOKEN_END = re.compile(r"[\s,;:?()\"“”‘/&%]|\Z")
_CORE = re.compile(rf"[^{_JOINTS}’'|](?:.*[^{_JOINTS}’'|!])?")
_ADDRESS = re.compile(r"@[\w-]+\.\w|://|www\.|\.(?:com|net|org|co|io|info|shop|html?)\b", re.IGNORECASE)
_SEPARATORS = re.compile(f"[{_JOINTS}]+")
_BETWEEN_SEPARATORS = re.compile(f"[^{_JOINTS}]+")
_NEXT_TOKEN = re.compile(r"[ -]([^\s,;:?()\"/&]{4,})")
_CASED = re.compile(r"#\w{5,}|(?:[A-Z]?[a-z]+|[A-Z])(?:[A-Z][a-z]+){2,}(?!\w)")
_RUN = re.compile(r"#?[A-Za-z]+")
_TAG_BEFORE = re.compile(r"#\w+[ \t]+\Z")
_TAG_AFTER = re.compile(r"[ \t]*#\w")
_CASE_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_WORD = re.compile(r"[A-Za-z]{2,}")
_LOWER = re.compile(r"[a-z]{2,}")
_LOWER_END = re.compile(r"[a-z]{2,}\Z")
_TO_SPACES = {code: " " for code in range(128) if not chr(code).islower()}
_BEFORE_NAME = re.compile(r"(?:^|[^\w])[a-z]+[,;]? \Z")
_PIECE_GAP = re.compile(r"[ -]|-?[ \t]*\r?\n[ \t]*")
_OVERRIDE = re.compile("\u202e([^\u202c\u202d\u2069\n]{3,400})[\u202c\u2069]?")
_MAX_PIECES = 4
_LONGEST_WORD = 24
_LONGEST_NAME = 13
_FEW = 8


@dataclass(frozen=True, slots=True)
class Undisguised:
    """A text as its reader takes it, mapped to places of the readable text, and what was seen through to get there."""

    text: MappedText
    disguises: tuple[Disguise, ...]


@dataclass(frozen=True, slots=True)
class _Edit:
    """Characters [start, end) of the shadow that spell `reading`; `places` are where in the shadow each letter stands."""

    start: int
    end: int
    reading: str
    places: tuple[int, ...]
    family: str


@dataclass(frozen=True, slots=True)
class _Shadow:
    """A text in plain characters: look-alikes as what they look like, without what cannot be seen, signs as `_SIGN`.

    `places` are those of its characters in the readable text, None where it is that text.
    """

    text: str
    places: Sequence[int] | None

    def place(self, at: int) -> int:
        return at if self.places is None else self.places[at]


def undisguise(readable: MappedText, lexicon: Lexicon) -> Undisguised | None:
    """The text that a reader sees where it differs from its characters; None if nothing is disguised.

    >>> found = undisguise(MappedText("Try p@inless care"), Lexicon(["painless"]))
    >>> found.text.text, found.disguises[0].span, found.disguises[0].families
    ('Try painless care', Span(start=4, end=12), ('figures',))
    >>> undisguise(MappedText("Write to p@inless.com, code 4K"), Lexicon(["painless"])) is None
    True
    """
    raw = readable.text
    shadow = _shadow(raw) if _wants_shadow(raw) else _Shadow(raw, None)
    edits = _edits(raw, shadow, lexicon)
    return _apply(readable, shadow, edits) if edits else None


# --- The shadow ------------------------------------------------------------------------------------------------


def _wants_shadow(raw: str) -> bool:
    if raw.isascii():
        return _CONTROLS.search(raw) is not None
    characters = "".join(set(raw))
    return _ODD.search(characters) is not None or _EMOJI_WITHIN.search(raw) is not None


def _shadow(raw: str) -> _Shadow:
    characters: list[str] = []
    places = array("q")
    for place, character in enumerate(raw):
        for part in character if " " <= character <= "~" or character in "\n\r\t" else _plain(character):
            characters.append(part)
            places.append(place)
    return _Shadow("".join(characters), places)


@lru_cache(maxsize=8192)
def _plain(character: str) -> str:
    """What a character looks like, in its case."""
    if character in _BLANKS:
        return ""
    if character in PUNCTUATION or character.isspace():
        return fold_character(character)
    if character in _LOOKALIKE_CAPITALS:
        return _LOOKALIKE_CAPITALS[character]
    code = ord(character)
    for first in _SQUARED:
        if first <= code < first + 26:
            return chr(ord("A") + code - first)
    if _REGIONAL_A <= code < _REGIONAL_A + 26:
        return chr(ord("A") + code - _REGIONAL_A)
    parts = unicodedata.normalize("NFKD", character)
    plain = "".join(_plain_letter(part) for part in parts if unicodedata.category(part) not in INVISIBLE_CATEGORIES)
    if plain and not plain.isalnum() and not plain.isascii() and unicodedata.category(plain[0]).startswith("S"):
        return plain if plain in LEET else _SIGN
    return plain


def _plain_letter(character: str) -> str:
    if character.isascii():
        return character
    lower = character.lower()
    looks = _MORE_LOOKALIKES.get(lower) or LOOKALIKES.get(lower)
    if looks is None:
        return character
    return looks.upper() if lower != character else looks


# --- What is read otherwise ------------------------------------------------------------------------------------


def _edits(raw: str, shadow: _Shadow, lexicon: Lexicon) -> list[_Edit]:
    """Edits in order, none overlapping; where two speak of the same characters, the earlier reader's stands."""
    taken: dict[int, _Edit] = {}
    readers = (_spaced, _tokens, _cased, _pieces)
    found: list[_Edit] = [] if shadow.places is None else list(_overridden(raw, shadow))
    for reader in readers:
        found.extend(reader(shadow.text, lexicon))
    if shadow.places is not None:
        found.extend(_letters(raw, shadow, lexicon))
    chosen: list[_Edit] = []
    for edit in found:
        if not any(place in taken for place in range(edit.start, edit.end)):
            taken.update(dict.fromkeys(range(edit.start, edit.end), edit))
            chosen.append(edit)
    return sorted(chosen, key=lambda edit: edit.start)


def _overridden(raw: str, shadow: _Shadow) -> Iterator[_Edit]:
    """Runs under a right-to-left override, which are shown from their end; each letter maps to the whole run."""
    assert shadow.places is not None
    for match in _OVERRIDE.finditer(raw):
        first, last = bisect_left(shadow.places, match.start()), bisect_left(shadow.places, match.end())
        reading = shadow.text[first:last][::-1]
        if _WORD.search(reading):
            yield _Edit(first, last, reading, (), "reversed")


def _spaced(text: str, lexicon: Lexicon) -> Iterator[_Edit]:
    """`p a i n l e s s`, `p.a.i.n`: single letters with something between them."""
    for match in _SPACED.finditer(text):
        start = match.start()
        for stretch in _split_wide(match.group(), start):
            at = [place for place in range(*stretch) if text[place].isalnum() or text[place] in "@$"]
            if not MIN_SPELT <= len(at) <= MAX_RUN:
                continue
            at = _without_number(text, at, lexicon)
            run = "".join(text[place] for place in at)
            parts = lexicon.parted(run)
            if parts is None:
                spelling = lexicon.spelt(run)
                if spelling is not None:
                    yield _spelling_edit(text, at, spelling, "spaced")
                continue
            yield _parted_edit(at, run, parts, "spaced")


def _without_number(text: str, at: list[int], lexicon: Lexicon) -> list[int]:
    """The places of a run of spaced letters without figures before or after it, where the rest is a word: `l e v e l 5`."""
    first = next((number for number, place in enumerate(at) if text[place].isalpha()), 0)
    last = next((number for number in reversed(range(len(at))) if text[at[number]].isalpha()), len(at) - 1)
    rest = at[first : last + 1]
    word = "".join(text[place] for place in rest).lower()
    return rest if len(rest) < len(at) and (word in lexicon.known or lexicon.parted(word)) else at


def _split_wide(run: str, start: int) -> Iterator[tuple[int, int]]:
    """The words of a run of spaced letters, where wider gaps part them; else the run."""
    wide = list(_WIDE.finditer(run))
    if not wide or len(wide) > len(run) // 4:
        yield start, start + len(run)
        return
    begin = 0
    for gap in wide:
        yield start + begin, start + gap.start()
        begin = gap.end()
    yield start + begin, start + len(run)


def _tokens(text: str, lexicon: Lexicon) -> Iterator[_Edit]:
    """Tokens with figures, signs, dots or emoji among their letters."""
    done = 0
    for match in _AMONG_LETTERS.finditer(text):
        place = match.start()
        if place < done:
            continue
        start = place
        while start > done and _TOKEN_END.match(text, start - 1) is None:
            start -= 1
        end = _TOKEN_END.search(text, place)
        assert end is not None  # the end of the text is one
        done = end.start()
        token = text[start:done]
        if len(token) < MIN_SPELT:
            yield from _short(text, start, token, lexicon)
        elif len(token) <= 3 * MAX_RUN and not _ADDRESS.search(token):
            yield from _token(text, start, token, lexicon)


def _token(text: str, start: int, token: str, lexicon: Lexicon) -> Iterator[_Edit]:
    core = _CORE.search(token)
    if core is None:
        return
    at = list(range(start + core.start(), start + core.end()))
    whole = "".join(text[place] for place in at)
    if whole.lower() in lexicon.known:
        return
    letters = [place for place in at if not _SEPARATORS.match(text[place])]
    if len(letters) < len(at):
        chunks = [chunk for chunk in _SEPARATORS.split(whole) if chunk]
        joined = "".join(text[place] for place in letters)
        if _may_join(whole, chunks, lexicon):
            spelling = lexicon.spelt(joined)
            least = MIN_JOINED if "-" in whole else MIN_SPELT
            if spelling is not None and len(spelling.word) >= least:
                yield _spelling_edit(text, letters, spelling, _joint(whole))
                return
        covered = [place for place, character in enumerate(whole) if character in "*_#•" + _SIGN or ord(character) > 0x2190]
        # Signs strewn over an ordinary word cover nothing.
        spelling = lexicon.censored(whole, covered) if covered and not lexicon.is_ordinary(joined.lower()) else None
        if spelling is not None:
            yield _spelling_edit(text, at, spelling, "covered")
            return
        for match in _BETWEEN_SEPARATORS.finditer(whole):
            yield from _figures(text, at[match.start() : match.end()], lexicon)
        return
    yield from _figures(text, at, lexicon)


def _figures(text: str, at: Sequence[int], lexicon: Lexicon) -> Iterator[_Edit]:
    """A token in which figures and signs stand for letters."""
    token = "".join(text[place] for place in at)
    for first in (0, 1) if token[:1] == "!" else (0,):
        rest = token[first:]
        letters = sum(map(str.isalpha, rest))
        is_word_or_price = letters in (0, len(rest)) or (
            2 * letters < len(rest) and (letters < 2 or len(rest) <= MIN_JOINED)
        )
        if is_word_or_price or not lexicon.known.isdisjoint((rest.lower(), rest.strip("0123456789").lower())):
            continue
        spelling = lexicon.spelt(rest)
        if spelling is not None and len(spelling.word) >= MIN_SPELT:
            yield _spelling_edit(text, at[first:], spelling, "figures")
            return


def _short(text: str, start: int, token: str, lexicon: Lexicon) -> Iterator[_Edit]:
    """`n0 pain`: a short word is read only beside a claim word."""
    following = _NEXT_TOKEN.match(text, start + len(token))
    if following is None or token.isalpha() or (token[0].isdigit() and token[1:].lower() in lexicon.known):
        return
    spelling = lexicon.spelt(token)
    if spelling is None or len(spelling.word) != len(token):
        return
    neighbour = following.group(1).strip(".!*").lower()
    if neighbour in lexicon.words or (neighbour not in lexicon.known and lexicon.spelt(neighbour) is not None):
        yield _spelling_edit(text, range(start, start + len(token)), spelling, "figures")


def _cased(text: str, lexicon: Lexicon) -> Iterator[_Edit]:
    """`PainlessPermanentRemoval`, `#nodowntime`: words joined by case, or in a hashtag."""
    done = 0
    for change in _CASE_CHANGE.finditer(text):
        start = change.start()
        if start < done:
            continue
        while start > done and change.group()[0] != "#" and text[start - 1].isalpha():
            start -= 1
        run = _RUN.match(text, start)
        done = run.end() if run else change.end()
        match = _CASED.match(text, start, start + MAX_RUN)
        if match is None or (text[start] != "#" and text[start - 1 : start] in ("#", "@")):
            continue
        done = max(done, match.end())
        is_tag = text[start] == "#"
        begin = start + is_tag
        end = match.end()
        parts = _parts(text[begin:end], lexicon, is_tag=is_tag)
        if parts:
            edit = _parted_edit(range(begin, end), text[begin:end], parts, "joined")
            stands_alone = not (
                _TAG_BEFORE.search(text, max(0, start - _LONGEST_WORD), start) or _TAG_AFTER.match(text, end)
            )
            yield replace(edit, start=start) if stands_alone else edit


def _parts(run: str, lexicon: Lexicon, *, is_tag: bool) -> list[str]:
    """The words that a run is joined of; of a hashtag one is enough, else what is joined may be somebody's name."""
    if not run.isascii() or not run.isalpha():
        return []
    if run.lower() in lexicon.known:
        return [run.lower()] if is_tag and run.lower() in lexicon.words else []
    parts = [part.lower() for part in _CASE_PARTS.findall(run)]
    are_known = all(part in lexicon.known for part in parts)
    if is_tag:
        return parts if are_known and len(parts) > 1 else lexicon.parted(run) or []
    claims = sum(part in lexicon.words and len(part) >= MIN_SPELT for part in parts)
    return parts if claims >= 2 or (claims and are_known and len(run) > _LONGEST_NAME) else []


def _pieces(text: str, lexicon: Lexicon) -> Iterator[_Edit]:
    """Unknown words: with a slip of the pen, or pieces of a word cut by a space or the end of a line."""
    lower = text.lower()
    if len(lower) != len(text):  # a letter that grows: then only ASCII is lowered
        lower = "".join(character.lower() if character.isascii() else character for character in text)
    for gap in _LINE_END.finditer(lower):
        before = _LOWER_END.search(lower, max(0, gap.start() - _LONGEST_WORD), gap.start())
        after = _LOWER.match(lower, gap.end())
        joined = before.group() + after.group() if before and after else ""
        if before and after and joined in lexicon.known and len(joined) > MIN_JOINED:
            at = (*range(*before.span()), *range(*after.span()))
            yield _Edit(at[0], at[-1] + 1, "".join(text[place] for place in at), at, "hyphenated")
    # An ASCII text is translated faster than it is searched.
    tokens = lower.translate(_TO_SPACES).split() if lower.isascii() else _LOWER.findall(lower)
    unknown = set(tokens) - lexicon.known
    pieces = unknown & lexicon.pieces
    slips = {token: spelling for token in unknown if (spelling := lexicon.mistyped(token)) is not None}
    for match in _occurrences(lower, pieces | slips.keys()):
        edit = _joined_pieces(text, match, lexicon) if match.group() in pieces else None
        if edit is not None:
            yield edit
        elif match.group() in slips and _stands_alone(text, match) and not _is_name(text, match):
            yield _spelling_edit(text, range(*match.span()), slips[match.group()], "misspelt")


def _occurrences(lower: str, tokens: Collection[str]) -> Iterator[re.Match[str]]:
    """Where the tokens stand as whole words: few are looked for one by one, many in one pass, so that time stays linear."""
    if len(tokens) > _FEW:
        yield from (match for match in _LOWER.finditer(lower) if match.group() in tokens)
        return
    for token in sorted(tokens):
        place = lower.find(token)
        while place >= 0:
            match = _LOWER.match(lower, place)
            if match is not None and match.group() == token and not lower[place - 1 : place].isalpha():
                yield match
            place = lower.find(token, place + len(token))


def _joined_pieces(text: str, piece: re.Match[str], lexicon: Lexicon) -> _Edit | None:
    """The longest word of the lexicon that an unknown piece makes together with its neighbours."""
    begin = max(0, piece.start() - 2 * _LONGEST_WORD)
    words = list(_WORD.finditer(text, begin, piece.end() + 2 * _LONGEST_WORD))
    own = next(number for number, word in enumerate(words) if word.end() >= piece.end())
    joins = [_PIECE_GAP.fullmatch(text, before.end(), after.start()) is not None for before, after in pairwise(words)]
    left, right = own, own
    while left > 0 and own - left < _MAX_PIECES - 1 and joins[left - 1]:
        left -= 1
    while right < len(joins) and right - own < _MAX_PIECES - 1 and joins[right]:
        right += 1
    best: _Edit | None = None
    for first in range(left, own + 1):
        for last in range(max(own, first + 1), min(right + 1, first + _MAX_PIECES)):
            joined = "".join(word.group() for word in words[first : last + 1])
            if len(joined) <= max(MIN_JOINED, len(best.reading) if best else 0) or joined.lower() not in lexicon.words:
                continue
            at = tuple(place for word in words[first : last + 1] for place in range(*word.span()))
            family = "hyphenated" if "\n" in text[at[0] : at[-1]] else "split"
            best = _Edit(at[0], at[-1] + 1, joined, at, family)
    return best


def _letters(raw: str, shadow: _Shadow, lexicon: Lexicon) -> Iterator[_Edit]:
    """Words in a shadow that are worth it: where they differ from the characters given, `_apply` sees it.

    Capitals of other scripts are read here in any word that holds Latin letters too, as folding knows small letters alone.
    """
    for match in _WORD.finditer(shadow.text):
        word = match.group()
        if len(word) < MIN_SPELT - 1:
            continue
        given = raw[shadow.place(match.start()) : shadow.place(match.end() - 1) + 1]
        is_mixed = not _LOOKALIKE_CAPITALS.keys().isdisjoint(given) and any("A" <= letter <= "z" for letter in given)
        if is_mixed or word.lower() in lexicon.words:
            yield _Edit(match.start(), match.end(), word, tuple(range(*match.span())), "")


def _may_join(whole: str, chunks: Sequence[str], lexicon: Lexicon) -> bool:
    """Whether pieces may be one word: not if hyphens join words that are known, nor if a full stop ends a sentence."""
    separators = set("".join(_SEPARATORS.findall(whole)))
    if separators <= {"-"}:
        words = [chunk.lower() for chunk in chunks]
        if all(word in lexicon.known for word in words) and (len(words) == 2 or all(map(lexicon.is_ordinary, words))):
            return False
    return "." not in separators or not any(
        before[-1:].islower() and after[:1].isupper() for before, after in pairwise(chunks)
    )


def _joint(whole: str) -> str:
    signs = set("".join(_SEPARATORS.findall(whole)))
    return "emoji" if any(sign == _SIGN or ord(sign) > 0x2190 for sign in signs) else "split"


def _stands_alone(text: str, match: re.Match[str]) -> bool:
    around = text[match.start() - 1 : match.start()] + text[match.end() : match.end() + 1]
    return not any(character.isalnum() or character in "@_#/\\-'’™®©\u00ad" for character in around)


def _is_name(text: str, match: re.Match[str]) -> bool:
    """Whether a word has a capital after one that has none: more likely a name than a slip."""
    before = text[max(0, match.start() - _LONGEST_WORD) : match.start()]
    return text[match.start()].isupper() and _BEFORE_NAME.search(before) is not None


def _spelling_edit(text: str, at: Sequence[int], spelling: Spelling, family: str) -> _Edit:
    token = "".join(text[place] for place in at)
    places = tuple(at[place] for place in spelling.places)
    return _Edit(at[0], at[-1] + 1, _in_case(spelling, token), places, family)


def _in_case(spelling: Spelling, token: str) -> str:
    """The word in the case of the token: sentences are split by capitals."""
    if token.upper() == token:
        return spelling.word.upper()
    return spelling.word[0].upper() + spelling.word[1:] if token[0].isupper() else spelling.word


def _parted_edit(at: Sequence[int], run: str, parts: Sequence[str], family: str) -> _Edit:
    """Words with a space between each two; the space stands for no character of the copy (place -1)."""
    reading: list[str] = []
    places: list[int] = []
    place = 0
    for part in parts:
        if place:
            reading.append(" ")
            places.append(-1)
        reading.extend(run[place : place + len(part)])
        places.extend(at[place : place + len(part)])
        place += len(part)
    return _Edit(at[0], at[-1] + 1, "".join(reading), tuple(places), family)


# --- The text that is read -------------------------------------------------------------------------------------


def _apply(readable: MappedText, shadow: _Shadow, edits: Iterable[_Edit]) -> Undisguised | None:
    raw = readable.text
    characters: list[str] = []
    starts, ends = array("q"), array("q")
    disguises: list[Disguise] = []
    done = 0

    def copy(stop: int) -> None:
        characters.append(raw[done:stop])
        starts.extend(range(done, stop))
        ends.extend(range(done + 1, stop + 1))

    for edit in edits:
        start, end = shadow.place(edit.start), shadow.place(edit.end - 1) + 1
        given = raw[start:end]
        if edit.family == "reversed":
            start -= 1  # the override itself
        families = tuple(dict.fromkeys(filter(None, (edit.family, *_letter_families(given)))))
        if not families:
            continue
        copy(start)
        for number, letter in enumerate(edit.reading):
            characters.append(letter)
            if not edit.places:
                starts.append(start)
                ends.append(end)
            elif edit.places[number] < 0:
                starts.append(ends[-1])
                ends.append(ends[-1])
            else:
                place = shadow.place(edit.places[number])
                starts.append(place)
                ends.append(place + 1)
        ends[-1] = end  # what follows the last letter without being read belongs to it
        done = end
        disguises.append(Disguise(families, readable.source(start, end), raw[start:end], edit.reading))
    if not disguises:
        return None
    copy(len(raw))
    return Undisguised(MappedText("".join(characters), 0, starts, ends), tuple(disguises))


def _letter_families(given: str) -> Iterator[str]:
    """What hides letters of a word: scripts, styles, marks, characters that do not show."""
    if given.isascii():
        if _CONTROLS.search(given):
            yield "invisible"
        return
    composed = unicodedata.normalize("NFC", given)
    for character in composed:
        if character.isascii() or character in "\u00ad\ufe0f" or character in _TYPOGRAPHY:
            continue
        category = unicodedata.category(character)
        if category in ("Mn", "Me"):
            yield "marks"
        elif category in INVISIBLE_CATEGORIES or character in _BLANKS:
            yield "invisible"
        elif unicodedata.name(character, "").startswith("FULLWIDTH"):
            if any(other.isascii() and other.isalpha() for other in given):
                yield "styled"
        elif character.lower() in LOOKALIKES or character in _LOOKALIKE_CAPITALS or character.lower() in _MORE_LOOKALIKES:
            yield "look-alike"
        elif _is_letter(_plain(character)) and not unicodedata.normalize("NFD", character)[0].isascii():
            yield "styled"


def _is_letter(text: str) -> bool:
    return len(text) == 1 and text.isascii() and text.isalpha()
