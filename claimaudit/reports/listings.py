"""One row a listing, for a reader's queue: counts, the gravest claim, what was not read, and a priority."""

from __future__ import annotations

from typing import Any

from claimaudit.types import AuditResult, Finding, Strength

LISTING_FIELDS = (
    "listing_id",
    "complete",
    "in_scope",
    "setting",
    "worst",
    "worst_type",
    "contradicted",
    "overstated",
    "consistent",
    "near_misses",
    "review",
    "unchecked",
    "priority",
    "pack",
    "model",
    "version",
)
"""Names and order of a listing row's fields, the same in every format."""

_RUNGS = {Strength.ABSOLUTE: 1.0, Strength.STRONG: 0.8, Strength.MODEST: 0.6}


def priority(result: AuditResult) -> float:
    """How soon a listing wants a reader: a number to sort a queue by, largest first.

    100 × severity of the gravest firm flag (2 contradicted, 1 overstated, 0 none)
    + the sum over firm flags of severity × strength × confidence, at most 99
    + the same sum over what is marked for review (a near miss with severity 1), at most 99, divided by 1,000
    + 0.9 if something was not read.

    Strength is 1 for absolute, 0.8 for strong, 0.6 for modest. A flag that is marked for review is not firm. So the verdict
    goes before the number of flags, firm flags before doubtful ones, and what was not read before what is clean.
    """
    firm = [finding for finding in result.flagged if not finding.review]
    worst = max((finding.verdict.severity for finding in firm), default=0)
    doubtful = sum(_weight(finding) for finding in result.flagged if finding.review) + sum(
        _RUNGS[near_miss.claim.strength] * near_miss.claim.confidence for near_miss in result.near_misses if near_miss.review
    )
    certain = sum(map(_weight, firm))
    return round(100 * worst + min(certain, 99) + min(doubtful, 99) / 1000 + 0.9 * (not result.is_complete), 4)


def _weight(finding: Finding) -> float:
    return finding.verdict.severity * _RUNGS[finding.claim.strength] * finding.claim.confidence


def listing_row(result: AuditResult) -> dict[str, Any]:
    """A listing as a flat record of JSON values, keyed by `LISTING_FIELDS`.

    `worst` and `worst_type` are those of the gravest finding, of equals the most probable, then the first; None if there is
    no finding. `review` counts findings and near misses that a reader should look at. `unchecked` holds each reason once.
    """
    worst = max(result.findings, key=lambda finding: (finding.verdict.severity, finding.claim.confidence), default=None)
    counts = dict.fromkeys(("contradicted", "overstated", "consistent"), 0)
    for finding in result.findings:
        counts[finding.verdict.value] += 1
    return {
        "listing_id": result.listing.id,
        "complete": result.is_complete,
        "in_scope": result.scope.in_scope,
        "setting": result.scope.assumed_setting,
        "worst": worst.verdict.value if worst else None,
        "worst_type": worst.claim.type if worst else None,
        **counts,
        "near_misses": len(result.near_misses),
        "review": sum(item.review for item in result.findings) + sum(item.review for item in result.near_misses),
        "unchecked": list(dict.fromkeys(note.reason for note in result.unchecked)),
        "priority": priority(result),
        "pack": result.signature.pack_id,
        "model": result.signature.model,
        "version": result.signature.version,
    }
