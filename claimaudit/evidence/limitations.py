"""Which entries of the reference corpus apply to a claim, the most specific first."""

from __future__ import annotations

from claimaudit.resources import Pack
from claimaudit.types import Claim, ClaimType, Limitation, Rule, Scope

_GRADE = {"high": 2, "moderate": 1, "low": 0}


class EvidenceIndex:
    """Looks up limitations, permissions and rules of a pack."""

    def __init__(self, pack: Pack) -> None:
        self._limitations: dict[ClaimType, list[Limitation]] = {claim_type: [] for claim_type in pack.claim_types}
        self._rules: dict[ClaimType, list[Rule]] = {claim_type: [] for claim_type in pack.claim_types}
        for limitation in pack.limitations:
            for claim_type in limitation.claim_types:
                self._limitations[claim_type].append(limitation)
        for rule in pack.rules:
            for claim_type in rule.claim_types:
                self._rules[claim_type].append(rule)

    def applying(self, claim: Claim, scope: Scope, kind: str) -> tuple[Limitation, ...]:
        """Entries of a kind (`limitation`, `permission`) that apply to the claim's type, setting, modality and condition.

        Ordered from the most specific to the most general, then by grade, then as the pack has them. The general ones
        (any modality, any condition) are left out where a more specific one applies.
        """
        found = [entry for entry in self._limitations[claim.type] if entry.kind == kind and applies(entry, claim, scope)]
        specific = [entry for entry in found if specificity(entry) > (0, 0, 1)]
        return tuple(sorted(specific or found, key=lambda entry: (_negated(specificity(entry)), -_GRADE[entry.confidence])))

    def rules(self, claim: Claim, scope: Scope, jurisdictions: frozenset[str] | None) -> tuple[Rule, ...]:
        """Rules that apply to the claim, of the jurisdictions asked for (None: all), in the pack's order."""
        return tuple(
            rule
            for rule in self._rules[claim.type]
            if (jurisdictions is None or rule.jurisdiction in jurisdictions) and applies(rule, claim, scope)
        )


def applies(entry: Limitation | Rule, claim: Claim, scope: Scope) -> bool:
    """Whether an entry fits the claim's setting, modality and condition."""
    return (
        entry.setting in ("any", scope.assumed_setting)
        and ("any" in entry.modality or not scope.modalities.isdisjoint(entry.modality))
        and ("any" in entry.conditions or not claim.conditions.isdisjoint(entry.conditions))
    )


def specificity(entry: Limitation | Rule) -> tuple[int, int, int]:
    """How narrowly an entry applies: by condition, then modality, then setting."""
    return (int("any" not in entry.conditions), int("any" not in entry.modality), int(entry.setting != "any"))


def _negated(key: tuple[int, int, int]) -> tuple[int, int, int]:
    return (-key[0], -key[1], -key[2])
