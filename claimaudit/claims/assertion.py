"""How a sentence says a claim: asserted, denied, hedged, limited, asked, conditional, reported, wished or compared.

After ConText (Harkema et al. 2009, doi 10.1016/j.jbi.2009.05.002): a cue, its category, direction and reach, terminators and
pseudo-cues, all data in a pack's `cues.yaml`. Unlike there, words inside a claim never negate it: in "no pain" and "never
comes back" the negation is the promise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from claimaudit.claims.patterns import Context, Proposal
from claimaudit.claims.phrases import compile_phrases
from claimaudit.resources import CueEntry, Pack
from claimaudit.types import Assertion, Step


@dataclass(frozen=True, slots=True)
class _Cue:
    entry: CueEntry
    any: re.Pattern[str]
    unless: re.Pattern[str] | None
    stop: re.Pattern[str] | None


class AssertionReader:
    """Reads the assertion status of claims by the cues of a pack."""

    def __init__(self, pack: Pack) -> None:
        self._order = {status: rank for rank, status in enumerate(pack.cues.order)}
        self._cues = []
        for entry in pack.cues.cues:
            origin = str(pack.origins[f"cue:{entry.id}"])
            words = compile_phrases(entry.any, pack.vocabulary, origin=origin)
            assert words is not None  # CueEntry.any has at least one phrase
            stops = [*pack.cues.stops, *entry.stop, *([] if entry.crosses_commas else [","])]
            self._cues.append(
                _Cue(
                    entry,
                    words,
                    compile_phrases(entry.unless, pack.vocabulary, origin=origin),
                    compile_phrases(stops, pack.vocabulary, origin=origin),
                )
            )

    def read(self, proposal: Proposal, context: Context) -> tuple[Assertion, tuple[Step, ...]]:
        """The status that wins, by the pack's order, with the cue that told; `asserted` if no cue reaches the claim."""
        best: tuple[int, Assertion, Step] | None = None
        for cue in self._cues:
            entry = cue.entry
            rank = self._order[entry.category]
            if best is not None and rank >= best[0]:
                continue
            if (entry.types and proposal.type not in entry.types) or proposal.type in entry.not_types:
                continue
            found = self._reaches(cue, proposal, context)
            if found is not None:
                best = (rank, entry.category, Step("cue", entry.id, found))
        if best is None:
            return Assertion.ASSERTED, ()
        return best[1], (best[2],)

    def _reaches(self, cue: _Cue, proposal: Proposal, context: Context) -> str | None:
        """The words of the cue if it reaches the claim."""
        where = cue.entry.where
        if where != "sentence":
            text = {"lead_in": context.lead_in, "heading": context.heading, "question": context.question}[where]
            match = self._search(cue, text) if text else None
            return match.group() if match else None
        text = proposal.sentence.folded.text
        for match in cue.any.finditer(text):
            if self._is_pseudo(cue, match, text):
                continue
            if self._covers(cue, match, proposal, text):
                return match.group()
        return None

    def _search(self, cue: _Cue, text: str) -> re.Match[str] | None:
        return next((match for match in cue.any.finditer(text) if not self._is_pseudo(cue, match, text)), None)

    @staticmethod
    def _is_pseudo(cue: _Cue, match: re.Match[str], text: str) -> bool:
        if cue.unless is None:
            return False
        return any(other.start() < match.end() and match.start() < other.end() for other in cue.unless.finditer(text))

    @staticmethod
    def _covers(cue: _Cue, match: re.Match[str], proposal: Proposal, text: str) -> bool:
        entry = cue.entry
        if any(start <= match.start() and match.end() <= end + 1 for start, end in proposal.gaps):
            return True
        if match.end() <= proposal.start and entry.direction in ("before", "around"):
            between = text[match.end() : proposal.start]
        elif proposal.end <= match.start() and entry.direction in ("after", "around"):
            between = text[proposal.end : match.start()]
        else:
            return False
        if len(between.split()) > entry.within:
            return False
        return cue.stop is None or cue.stop.search(between) is None
