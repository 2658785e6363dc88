"""Audits marketing copy: finds the claims, sets each beside the evidence, and says what it concluded and why."""

from claimaudit._version import __version__
from claimaudit.audit import Auditor, AuditSettings, audit
from claimaudit.errors import ClaimAuditError, InputError, ModelError, OutputError, PackError, SettingsError
from claimaudit.resources import Pack, load_pack
from claimaudit.types import (
    Assertion,
    AuditResult,
    Claim,
    Finding,
    Limitation,
    Listing,
    NearMiss,
    Rule,
    Sentence,
    Source,
    Span,
    Strength,
    Unchecked,
    Verdict,
)

__all__ = [
    "Assertion",
    "AuditResult",
    "AuditSettings",
    "Auditor",
    "Claim",
    "ClaimAuditError",
    "Finding",
    "InputError",
    "Limitation",
    "Listing",
    "ModelError",
    "NearMiss",
    "OutputError",
    "Pack",
    "PackError",
    "Rule",
    "Sentence",
    "SettingsError",
    "Source",
    "Span",
    "Strength",
    "Unchecked",
    "Verdict",
    "__version__",
    "audit",
    "load_pack",
]
