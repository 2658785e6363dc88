"""Substantiation on file: documents that a seller holds, tied to listings and claim types.

A flagged claim that a valid document covers keeps its verdict and is shown as covered: whether the document proves it is for
a reader to say. A document that has expired covers nothing, and the finding says so.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from claimaudit.decisions.tables import Row, read_csv, read_text
from claimaudit.errors import InputError, PackError, first_fault
from claimaudit.resources import Pack, read_yaml
from claimaudit.types import AuditResult, ClaimType, Document, Finding, Step, Strength

STEP = "substantiation"
"""Kind of the step in a finding's `why` that names a document."""

_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
_LISTS = ("listings", "claim_types", "strengths")
"""Columns of a CSV file whose cells hold several values, separated by semicolons."""


class _Entry(BaseModel):
    """A document as a file gives it."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    id: _Text
    title: _Text
    listings: tuple[_Text, ...] = Field(min_length=1)
    claim_types: tuple[_Text, ...] = Field(min_length=1)
    strengths: tuple[Strength, ...] = ()
    issued: date | None = None
    expires: date | None = None
    reference: str = ""


class Register:
    """The documents that a seller holds.

    Examples
    --------
    >>> from claimaudit import Auditor, Listing
    >>> letter = Document("k1", "Clearance letter", ("pen-*",), ("painless",), expires=date(2027, 1, 1))
    >>> result = Auditor(speed="patterns").audit(Listing("pen-1", "Freckle pen, USB. No pain!"))
    >>> (finding,) = Register([letter]).cover(result, date(2026, 6, 1)).flagged
    >>> print(finding.verdict, finding.covered_until, finding.why[-1])
    contradicted 2027-01-01 substantiation: k1 (Clearance letter, until 2027-01-01)
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self.documents = tuple(documents)
        self._by_type: dict[ClaimType, list[tuple[re.Pattern[str], Document]]] = defaultdict(list)
        for document in self.documents:
            listings = re.compile("|".join(map(_pattern, document.listings)), re.DOTALL)
            for claim_type in document.claim_types:
                self._by_type[claim_type].append((listings, document))
        self._digest = hashlib.sha256(repr(self.documents).encode("utf-8", "backslashreplace")).hexdigest()

    def cover(self, result: AuditResult, as_of: date) -> AuditResult:
        """The result with its flagged findings tied to the documents that cover them on a day; pure, one result at a time.

        The signature tells which documents and which day.
        """
        settings = {**result.signature.settings, STEP: self._digest[:12], "as_of": as_of.isoformat()}
        findings = (self._covered(finding, as_of) if finding.is_flagged else finding for finding in result.findings)
        return replace(result, findings=tuple(findings), signature=replace(result.signature, settings=settings))

    def _covered(self, finding: Finding, as_of: date) -> Finding:
        claim = finding.claim
        valid: list[Document] = []
        steps: list[Step] = []
        for listings, document in self._by_type.get(claim.type, ()):
            if not listings.fullmatch(claim.sentence.listing.id):
                continue
            if document.strengths and claim.strength not in document.strengths:
                continue
            if document.expires is not None and document.expires < as_of:
                told = f"expired on {document.expires}, so it covers nothing"
            elif document.issued is not None and as_of < document.issued:
                told = f"issued only on {document.issued}, so it covers nothing yet"
            else:
                told = f"until {document.expires}" if document.expires else "without an end"
                valid.append(document)
            steps.append(Step(STEP, document.id, f"{document.title}, {told}"))
        return replace(finding, substantiation=tuple(valid), why=(*finding.why, *steps)) if steps else finding


def read_register(path: Path, pack: Pack) -> Register:
    """The documents of a file: YAML, JSON (a list of entries) or CSV (lists separated by `;`).

    An entry has `id`, `title`, `listings` (ids, `*` for any characters), `claim_types`, and if wanted `strengths`, `issued`,
    `expires` (ISO dates) and `reference`.

    Raises
    ------
    InputError
        The file cannot be read, or an entry is not valid; the message names file and row.
    """
    readers = {".yaml": _read_yaml, ".yml": _read_yaml, ".json": _read_json, ".csv": _read_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: substantiation is read from {', '.join(readers)}. Give one of these.")
    documents: dict[str, Document] = {}
    for where, row in reader(path):
        document = _document(where, row)
        for claim_type in document.claim_types:
            if claim_type not in pack.claims:
                raise InputError(f"{where}: claim type '{claim_type}' is none of {', '.join(pack.claim_types)}. Correct it.")
        if document.id in documents:
            raise InputError(f"{where}: the id '{document.id}' stands twice. Rename one.")
        documents[document.id] = document
    return Register(documents.values())


def _document(where: str, row: dict[str, Any]) -> Document:
    try:
        entry = _Entry.model_validate(row)
    except ValidationError as error:
        key, message = first_fault(error)
        given = error.errors()[0]["input"]
        shown = f", got {given!r}" if isinstance(given, str | int) else ""
        raise InputError(f"{where}: '{key}': {message.lower()}{shown}. Correct the entry.") from None
    if entry.issued is not None and entry.expires is not None and entry.expires < entry.issued:
        raise InputError(
            f"{where}: it expires on {entry.expires}, before it was issued on {entry.issued}. Correct the dates."
        )
    return Document(**dict(entry))


def _pattern(listing: str) -> str:
    return ".*".join(re.escape(part) for part in listing.split("*"))


def _read_yaml(path: Path) -> Iterator[Row]:
    try:
        data = read_yaml(path, name=str(path))
    except PackError as error:
        raise InputError(str(error)) from None
    for number, row in enumerate(_entries(path, data)):
        yield f"{path}:{data.item_lines[number]}", row


def _read_json(path: Path) -> Iterator[Row]:
    try:
        data = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({error}). Mend it.") from None
    for number, row in enumerate(_entries(path, data), 1):
        yield f"{path}: entry {number}", row


def _entries(path: Path, data: Any) -> list[dict[str, Any]]:
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise InputError(f"{path}: a list of entries with keys was expected. See docs/review.md.")
    return data


def _read_csv(path: Path) -> Iterator[Row]:
    for where, cells in read_csv(path, wanted="claim_types"):
        row: dict[str, Any] = {name: cell for name, cell in cells.items() if cell.strip()}
        yield (
            where,
            row | {name: [part for part in cells[name].split(";") if part.strip()] for name in _LISTS if name in row},
        )
