"""How a sentence says a claim: asserted, denied, hedged, limited, asked, conditional, reported, wished or compared.

After ConText (Harkema et al. 2009, doi 10.1016/j.jbi.2009.05.002): a cue, its category, direction and reach, terminators and
pseudo-cues, all data in a pack's `cues.yaml`. Unlike there, words inside a claim never negate it: in "no pain" and "never
comes back" the negation is the promise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from claimaudit.claims.patterns import Context, Proposal
from claimaudit.claims.phrases import ByPhrase, Phrase, Phrases, phrasebook, spans_of
from claimaudit.resources import CueEntry, Pack
from claimaudit.types import Assertion, Step

_CLAUSE = re.compile(r"[^.;:!?]*")


@dataclass(frozen=True, slots=True, eq=False)
class _Cue:
    entry: CueEntry
    any: Phrases
    unless: Phrases
    stop: Phrases
    hard_stop: Phrases


@dataclass(frozen=True, slots=True)
class Found:
    """A cue in a folded text, at [start, end)."""

    cue: _Cue
    start: int
    end: int


class AssertionReader:
    """Reads the assertion status of claims by the cues of a pack."""

    def __init__(self, pack: Pack) -> None:
        self._order = {status: rank for rank, status in enumerate(pack.cues.order)}
        self._book = phrasebook(pack)
        cues = []
        for entry in pack.cues.cues:
            origin = str(pack.origins[f"cue:{entry.id}"])
            hard_stops = [*pack.cues.stops, *entry.stop]
            stops = hard_stops if entry.crosses_commas else [*hard_stops, ","]
            words = (self._book.phrases(phrases, origin=origin) for phrases in (entry.any, entry.unless, stops, hard_stops))
            cues.append(_Cue(entry, *words))
        self.cues_in = lru_cache(maxsize=4_096)(self._cues_in)  # a heading is asked for with each sentence below it
        self._by_phrase = ByPhrase((phrase, (cue, phrase)) for cue in cues for phrase in cue.any)

    def _cues_in(self, text: str) -> tuple[Found, ...]:
        """All cues of a folded text that are no pseudo-cues, in the order of `cues.yaml`; find them once for all claims."""
        candidates: dict[_Cue, list[Phrase]] = {}
        for cue, phrase in self._by_phrase.of(self._book.index.candidates(text)):
            candidates.setdefault(cue, []).append(phrase)
        found = []
        for cue, phrases in candidates.items():
            spans = list(spans_of(phrases, text))
            pseudo = list(cue.unless.spans_in(text)) if spans else []
            for start, end in spans:
                if not any(other_start < end and start < other_end for other_start, other_end in pseudo):
                    found.append(Found(cue, start, end))
        return tuple(found)

    def read(
        self, proposal: Proposal, context: Context, cues: tuple[Found, ...], *, is_independent: bool
    ) -> tuple[Assertion, tuple[Step, ...]]:
        """The status that wins, by the pack's order, with the cue that told; `asserted` if no cue reaches the claim.

        `cues` are those of the claim's own sentence, from `cues_in`; some hold in texts of an independent author alone.
        """
        text = proposal.sentence.folded.text
        reaching = [
            (found.cue.entry, text[found.start : found.end])
            for found in cues
            if found.cue.entry.where == "sentence" and _covers(found, proposal, text)
        ]
        for where, beside in (("lead_in", context.lead_in), ("heading", context.heading), ("question", context.question)):
            if beside:
                reaching += [
                    (found.cue.entry, beside[found.start : found.end])
                    for found in self.cues_in(beside)
                    if found.cue.entry.where == where
                ]
        best: tuple[CueEntry, str] | None = None
        for entry, words in reaching:
            if entry.independent and not is_independent:
                continue
            if (entry.types and proposal.type not in entry.types) or proposal.type in entry.not_types:
                continue
            if best is None or self._order[entry.category] < self._order[best[0].category]:
                best = entry, words
        if best is None:
            return Assertion.ASSERTED, ()
        return best[0].category, (Step("cue", best[0].id, best[1]),)


def _covers(found: Found, proposal: Proposal, text: str) -> bool:
    """Whether a cue of the sentence reaches the claim: it stands in a gap of it, or near enough on the right side."""
    entry = found.cue.entry
    if any(start <= found.start and found.end <= end + 1 for start, end in proposal.gaps):
        return True
    if found.end <= proposal.start and entry.direction in ("before", "around"):
        between = text[found.end : proposal.start]
    elif proposal.end <= found.start and entry.direction in ("after", "around"):
        between = text[proposal.end : found.start]
    else:
        return False
    in_list = entry.or_lists and found.end <= proposal.start and _begins_or_list(text, found.end)
    if len(between.split()) > entry.within * (2 if in_list else 1):
        return False
    stop = found.cue.hard_stop if in_list else found.cue.stop
    return not stop.are_in(between)


def _begins_or_list(text: str, place: int) -> bool:
    """Whether the clause goes on from here with a list that ends in `or`: a comma, and after it the word."""
    match = _CLAUSE.match(text, place)
    clause = match.group() if match else ""
    last = max(clause.rfind(" or "), clause.rfind(" nor "))
    return "," in clause[: max(last, 0)]
