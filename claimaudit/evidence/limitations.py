"""Which entries of the reference corpus apply to a claim, the most specific first."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from claimaudit.claims.phrases import phrasebook
from claimaudit.resources import Pack
from claimaudit.text.normalize import fold
from claimaudit.types import Claim, ClaimType, Limitation, MappedText, Rule, Scope

MAX_PLACES = 4_096
_GRADE = {"high": 2, "moderate": 1, "low": 0}


class Place(NamedTuple):
    """What decides which entries apply to a claim."""

    type: ClaimType
    setting: str
    modalities: frozenset[str]
    conditions: frozenset[str]

    @classmethod
    def of(cls, claim: Claim, scope: Scope) -> Place:
        modalities = frozenset[str]().union(*claim.section_modalities) or scope.modalities
        return cls(claim.type, scope.assumed_setting, modalities, claim.conditions)


class EvidenceIndex:
    """Looks up limitations, permissions and rules of a pack."""

    def __init__(self, pack: Pack) -> None:
        self._limitations: dict[ClaimType, list[Limitation]] = {claim_type: [] for claim_type in pack.claim_types}
        self._rules: dict[ClaimType, list[Rule]] = {claim_type: [] for claim_type in pack.claim_types}
        # Few places are asked for again and again.
        self._limitations_at = lru_cache(maxsize=MAX_PLACES)(self._find_limitations)
        self._rules_at = lru_cache(maxsize=MAX_PLACES)(self._find_rules)
        book = phrasebook(pack)
        self._about = {entry.id: book.phrases(entry.about, origin=entry.origin) for entry in pack.limitations if entry.about}
        for limitation in pack.limitations:
            for claim_type in limitation.claim_types:
                self._limitations[claim_type].append(limitation)
        for rule in pack.rules:
            for claim_type in rule.claim_types:
                self._rules[claim_type].append(rule)

    def applying(self, claim: Claim, scope: Scope, kind: str) -> tuple[Limitation, ...]:
        """Entries of a kind (`limitation`, `permission`) that apply to the claim's type, setting, modality and condition.

        Those that are about other words than the claim's come last, or, if that is so of all that are about any, last among
        the equally specific; otherwise the most specific first, then by grade, then as the pack has them. The general ones
        (any modality, any condition) are left out where a more specific one applies.
        """
        found = self._limitations_at(Place.of(claim, scope), kind)
        if not any(entry.about for entry in found):
            return found
        for text in (fold(MappedText(claim.text)).text, claim.sentence.folded.text):
            told = {entry.id for entry in found if entry.about and self._about[entry.id].are_in(text)}
            if told:
                return tuple(sorted(found, key=lambda entry: bool(entry.about) and entry.id not in told))
        return tuple(sorted(found, key=lambda entry: (_negated(specificity(entry)), bool(entry.about))))

    def rules(self, claim: Claim, scope: Scope, jurisdictions: frozenset[str] | None) -> tuple[Rule, ...]:
        """Rules that apply to the claim, of the jurisdictions asked for (None: all), in the pack's order."""
        return self._rules_at(Place.of(claim, scope), jurisdictions)

    def _find_limitations(self, place: Place, kind: str) -> tuple[Limitation, ...]:
        found = [entry for entry in self._limitations[place.type] if entry.kind == kind and applies(entry, place)]
        specific = [entry for entry in found if specificity(entry) > (0, 0, 1)]
        return tuple(sorted(specific or found, key=lambda entry: (_negated(specificity(entry)), -_GRADE[entry.confidence])))

    def _find_rules(self, place: Place, jurisdictions: frozenset[str] | None) -> tuple[Rule, ...]:
        return tuple(
            rule
            for rule in self._rules[place.type]
            if (jurisdictions is None or rule.jurisdiction in jurisdictions) and applies(rule, place)
        )


def applies(entry: Limitation | Rule, place: Place) -> bool:
    """Whether an entry fits the setting, modality and condition."""
    return (
        entry.setting in ("any", place.setting)
        and ("any" in entry.modality or not place.modalities.isdisjoint(entry.modality))
        and ("any" in entry.conditions or not place.conditions.isdisjoint(entry.conditions))
    )


def specificity(entry: Limitation | Rule) -> tuple[int, int, int]:
    """How narrowly an entry applies: by condition, then modality, then setting."""
    return (int("any" not in entry.conditions), int("any" not in entry.modality), int(entry.setting != "any"))


def _negated(key: tuple[int, int, int]) -> tuple[int, int, int]:
    return (-key[0], -key[1], -key[2])
