"""Which claims are told in disguise, and the notice that says so.

A disguise is worth a notice only where it touches the words of a claim, and only of a kind that no honest page has: slips of
the pen, words joined in a hashtag and words divided at the end of a line are read, and that is all.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace

from claimaudit.text.markup import Page
from claimaudit.types import Claim, Disguise, Evasion, Span, Step

PLAIN = frozenset({"misspelt", "joined", "hyphenated"})
"""Families that nobody needs to be told of."""
HIDDEN = "hidden"
"""The zone of text that a page does not show, and the family of the disguises that it makes."""
MOST_SHOWN = 200
"""Characters of hidden text that a notice repeats."""
NAMES = {
    "figures": "figures or signs for letters",
    "spaced": "spaced letters",
    "split": "words split within a line",
    "emoji": "emoji within words",
    "covered": "covered letters",
    "look-alike": "look-alike letters of other scripts",
    "invisible": "characters that do not show",
    "marks": "marks over letters",
    "styled": "letters of ornamental alphabets",
    "reversed": "text reversed by a control character",
    HIDDEN: "text that the page does not show",
}


class DisguiseIndex:
    """The disguises of one listing, and those among them that a claim was found in."""

    def __init__(self) -> None:
        self._groups: dict[str, list[tuple[list[Disguise], list[int]]]] = {}
        self._told: dict[tuple[str, Span], Disguise] = {}

    def add(self, field: str, disguises: Sequence[Disguise], hidden: Sequence[Disguise]) -> None:
        """Take in the disguises of a field, and the text that its page does not show: each without overlaps."""
        in_order = (sorted(group, key=lambda each: each.span) for group in (disguises, hidden) if group)
        groups = [(group, [each.span.end for each in group]) for group in in_order]
        if groups:
            self._groups[field] = groups

    def explain(self, claim: Claim) -> Claim:
        """The claim with a step for each disguise that its words stand in, which is kept for the notice."""
        found: list[Disguise] = []
        for group, ends in self._groups.get(claim.sentence.listing.field, ()):
            place = bisect_right(ends, claim.span.start)
            while place < len(group) and group[place].span.start < claim.span.end:
                found.append(group[place])
                place += 1
        if not found:
            return claim
        field = claim.sentence.listing.field
        for each in found:
            if not PLAIN.issuperset(each.families):
                self._told[field, each.span] = replace(each, field=field, how=each.how or _ways([each]))
        steps = (Step("read-as", each.reading, f"{', '.join(each.families)}: {each.how or each.text}") for each in found)
        return replace(claim, why=(*claim.why, *steps))

    def evasion(self) -> Evasion | None:
        """The notice of a listing, once all its claims have been explained."""
        if not self._told:
            return None
        fields = list(self._groups)
        places = sorted(self._told, key=lambda place: (fields.index(place[0]), place[1]))
        disguises = tuple(self._told[place] for place in places)
        where = f"{len(disguises)} place{'s' * (len(disguises) != 1)}"
        message = f"words of claims stand in a form that readers and a plain search see differently, in {where}: "
        message += f"{_ways(disguises)}."
        return Evasion(message, disguises)


def _ways(disguises: Iterable[Disguise]) -> str:
    """How words are disguised, each way once."""
    families = dict.fromkeys(family for each in disguises for family in each.families if family in NAMES)
    return ", ".join(NAMES[family] for family in families)


def hidden_parts(page: Page) -> list[Disguise]:
    """The text that a page does not show, as disguises."""
    parts = []
    for zone in page.zones:
        if zone.name == HIDDEN:
            words = " ".join(page.readable.text[zone.start : zone.end].split())
            words = words if len(words) <= MOST_SHOWN else words[: MOST_SHOWN - 1].rstrip() + "…"
            parts.append(Disguise((HIDDEN,), page.readable.source(zone.start, zone.end), words, words, how=zone.how))
    return sorted(parts, key=lambda part: part.span)
