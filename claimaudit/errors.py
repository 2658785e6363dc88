"""The errors that claimaudit raises: one root, a few children. Each message says what, where and the mend."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class ClaimAuditError(Exception):
    """Root of every error that this library raises on purpose."""


class PackError(ClaimAuditError):
    """A pack (`corpora/<name>/`) is incomplete, contradicts itself or holds an unknown key."""


class ModelError(ClaimAuditError):
    """A trained model is missing, damaged or was made for another pack."""


class InputError(ClaimAuditError):
    """A file, row or listing cannot be read."""


class OutputError(ClaimAuditError):
    """A result cannot be written."""


class SettingsError(ClaimAuditError, ValueError):
    """A setting has an unknown name or value."""


def first_fault(error: ValidationError) -> tuple[str, str]:
    """The key of the first value that a model refuses, its levels joined by dots, and why; not in pydantic's own frame."""
    first = error.errors()[0]
    return ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
