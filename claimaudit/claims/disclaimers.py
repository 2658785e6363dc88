"""Disclaimers: which sentences elsewhere in the copy qualify a claim, by a mark, in its block, or as the page's footnote.

They are shown with the claim and lower nothing: a limit softens a verdict only in the claim's own sentence, and that is the
business of `assertion`. Which words make a disclaimer is data (`disclaimers` in a pack's `cues.yaml`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from claimaudit.claims.phrases import ByPhrase, Phrases, phrasebook
from claimaudit.resources import DisclaimerEntry, Pack
from claimaudit.types import Assertion, Claim, Disclaimer, Sentence, Step, Strength, Tie

MAX_DISCLAIMERS = 5
"""Of one claim: who qualifies a claim more often hides it, and a reader has seen enough to decide."""

_STAR = "*＊﹡∗"
_FIGURE = "¹²³⁴⁵⁶⁷⁸⁹"
_MARK = rf"[{_STAR}]{{1,3}}|[†‡]{{1,2}}|[{_FIGURE}]"
_BRACKET = r"\[\d\]|\(\d\)"
_REFERENCE = re.compile(rf"(?<=[\w.,:!?%)\"'”’])(?:(?P<mark>{_MARK})|\s?(?P<bracket>{_BRACKET}))(?![\w{_STAR}])")
"""A mark that hangs on a word: `instantly*`, `painless†`, `lasts¹`, `gone [1]`."""
_OPENING = re.compile(rf"\s*\(?(?P<mark>{_MARK}|{_BRACKET}|\d)[.:)]?(?P<space>\s?)(?=[^\s\d])")
"""A mark that a footnote begins with."""
_PLAIN = str.maketrans({**dict.fromkeys(_STAR, "*"), **{figure: str(n) for n, figure in enumerate(_FIGURE, 1)}})


@dataclass(frozen=True, slots=True, eq=False)
class _Kind:
    """A compiled entry of `disclaimers`."""

    entry: DisclaimerEntry
    any: Phrases
    unless: Phrases

    def qualifies(self, claim: Claim) -> bool:
        return (not self.entry.types or claim.type in self.entry.types) and claim.type not in self.entry.not_types


@dataclass(frozen=True, slots=True)
class _Note:
    """A sentence that is a disclaimer, or begins with a footnote's mark; `kinds` is empty if only the mark tells."""

    sentence: Sentence
    kinds: tuple[_Kind, ...]
    mark: str
    is_bullet: bool


class DisclaimerReader:
    """Ties the disclaimers of a listing to its claims, with the words of a pack."""

    def __init__(self, pack: Pack) -> None:
        self._book = phrasebook(pack)
        every: list[_Kind] = []
        for entry in pack.cues.disclaimers:
            origin = str(pack.origins[f"disclaimer:{entry.id}"])
            words = (self._book.phrases(phrases, origin=origin) for phrases in (entry.any, entry.unless))
            every.append(_Kind(entry, *words))
        self._by_phrase = ByPhrase((phrase, kind) for kind in every for phrase in kind.any)

    def kinds_of(self, sentence: Sentence) -> frozenset[str]:
        """Ids of the entries that take a sentence for a disclaimer."""
        return frozenset(kind.entry.id for kind in self._kinds(sentence))

    def tie(self, claims: Sequence[Claim], sentences: Sequence[Sentence]) -> Iterator[Claim]:
        """The claims, in order, each with the disclaimers that qualify it and a step that says so.

        A sentence with the mark that hangs on the claim (or on its lead-in) comes first, then disclaimers in its block, then
        those of the listing's last block, which speak for all of it. A footnote whose mark hangs somewhere speaks for that
        place alone. The claim's own sentence is never its disclaimer.
        """
        if not claims:
            return
        promising = {claim.sentence.index for claim in claims if _is_promise(claim)}
        noted = [note for sentence in sentences if (note := self._note(sentence, promising)) is not None]
        if not noted:
            yield from claims
            return
        notes = _Notes(noted, sentences)
        for claim in claims:
            found = list(islice(notes.qualifying(claim), MAX_DISCLAIMERS))
            steps = (Step("disclaimer", one.text, f"{one.tie.value}; lowers nothing") for one in found)
            yield replace(claim, disclaimers=tuple(found), why=(*claim.why, *steps)) if found else claim

    def _kinds(self, sentence: Sentence) -> tuple[_Kind, ...]:
        text = sentence.folded.text
        kinds = dict.fromkeys(self._by_phrase.of(self._book.index.candidates(text)))
        return tuple(kind for kind in kinds if kind.any.are_in(text) and not kind.unless.are_in(text))

    def _note(self, sentence: Sentence, promising: Container[int]) -> _Note | None:
        """The sentence as a disclaimer, if it is one; what promises something itself qualifies nothing but by its mark."""
        opening = _OPENING.match(sentence.readable.text)
        kinds = () if sentence.index in promising else self._kinds(sentence)
        if opening is None:
            return _Note(sentence, kinds, "", False) if kinds else None
        mark = _plain(opening["mark"])
        if mark.isdigit() and opening["mark"] not in _FIGURE and not kinds:
            return None  # the step of a list, or a citation
        return _Note(sentence, kinds, mark, bool(opening["space"]))


@lru_cache(maxsize=4)
def disclaimer_reader(pack: Pack) -> DisclaimerReader:
    """The reader of a pack, compiled once for every auditor of it."""
    return DisclaimerReader(pack)


def _is_promise(claim: Claim) -> bool:
    return claim.assertion is Assertion.ASSERTED and claim.strength is not Strength.MODEST and not claim.is_held


class _Notes:
    """The notes of a listing, filed by what they are looked up by, so that many claims and many notes take no longer."""

    def __init__(self, notes: Sequence[_Note], sentences: Sequence[Sentence]) -> None:
        self._sentences = sentences
        self._last = sentences[-1].paragraph
        self._by_mark: dict[str, list[_Note]] = defaultdict(list)
        self._by_place: dict[tuple[int, str], list[_Note]] = defaultdict(list)
        referred = {mark for sentence in sentences for mark, _ in _references(sentence)}
        for note in notes:
            if note.mark:
                self._by_mark[note.mark].append(note)
            if note.kinds and note.mark not in referred:
                self._by_place[note.sentence.paragraph, note.sentence.zone].append(note)

    def qualifying(self, claim: Claim) -> Iterator[Disclaimer]:
        own = claim.sentence
        mark = _mark_of(claim, self._sentences)
        by_mark = self._footnote(mark, own) if mark else None
        if by_mark is not None:
            yield _disclaimer(by_mark, Tie.MARK)
        places = {own.paragraph: Tie.BLOCK} | ({self._last: Tie.FOOTNOTE} if self._last != own.paragraph else {})
        for paragraph, tie in places.items():
            for note in self._by_place[paragraph, own.zone]:
                is_other = note is not by_mark and note.sentence.index != own.index
                if is_other and any(kind.qualifies(claim) for kind in note.kinds):
                    yield _disclaimer(note, tie)

    def _footnote(self, mark: str, own: Sentence) -> _Note | None:
        """The sentence after a claim's that begins with its mark. If several do, it may be a bullet: then words decide."""
        notes = self._by_mark[mark]
        first = bisect_right(notes, own.index, key=lambda note: note.sentence.index)
        if len(notes) - first == 1:
            return notes[first]
        return next((note for note in islice(notes, first, None) if note.kinds or not note.is_bullet), None)


def _disclaimer(note: _Note, tie: Tie) -> Disclaimer:
    return Disclaimer(note.sentence.text, note.sentence.span, tie)


def _mark_of(claim: Claim, sentences: Sequence[Sentence]) -> str:
    """The first mark that hangs on the claim or on what follows it in the sentence, else the one of its lead-in."""
    for mark, start in _references(claim.sentence):
        if start >= claim.span.start:
            return mark
    lead_in = None if claim.sentence.lead_in is None else sentences[claim.sentence.lead_in]
    if lead_in is None or ":" not in lead_in.folded.text[-4:]:
        return ""
    return next((mark for mark, _ in _references(lead_in)), "")


def _references(sentence: Sentence) -> Iterator[tuple[str, int]]:
    """The marks of a sentence that point to a footnote, each with the source offset at which it stands."""
    text = sentence.readable.text
    for match in _REFERENCE.finditer(text):
        group = "bracket" if match["bracket"] else "mark"
        start, end = match.span(group)
        if text[start] in _STAR and re.search(rf"(?<![\w{_STAR}]){re.escape(text[start:end])}(?=\w)", text[:start]):
            continue  # closes an emphasis: *instantly*
        yield _plain(text[start:end]), sentence.readable.source(start, end).start


def _plain(mark: str) -> str:
    return mark.translate(_PLAIN).strip("[]()")
