"""What changed between two scans: findings that are new, gone, or judged otherwise, told by content."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from claimaudit.decisions.baseline import decision_key
from claimaudit.decisions.tables import Row, read_csv, read_jsonl
from claimaudit.errors import InputError
from claimaudit.types import ClaimType, Verdict

_NEEDED = ("listing_id", "field", "claim_type", "verdict", "sentence")


class Kind(StrEnum):
    NEW = "new"
    GONE = "gone"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """A finding that differs; `old` and `new` are its verdicts, None where it is not there."""

    listing_id: str
    field: str
    claim_type: ClaimType
    sentence: str
    old: Verdict | None
    new: Verdict | None

    @property
    def kind(self) -> Kind:
        return Kind.NEW if self.old is None else Kind.GONE if self.new is None else Kind.CHANGED

    @property
    def is_worse(self) -> bool:
        """Whether the new scan flags more here than the old one."""
        return _severity(self.new) > _severity(self.old)

    def to_json(self) -> str:
        said = {"change": self.kind.value, **{name: getattr(self, name) for name in self.__slots__}}
        return json.dumps(said, ensure_ascii=False).encode("utf-8", "backslashreplace").decode("utf-8")


@dataclass(frozen=True, slots=True)
class Diff:
    """The changes, in order of listing, and how many flagged findings are the same in both."""

    changes: tuple[Change, ...]
    same: int

    def count(self, kind: Kind) -> int:
        return sum(change.kind is kind for change in self.changes)


def diff(old: Path, new: Path) -> Diff:
    """Compare two files of records (`.jsonl`, `.csv`) as `claimaudit scan` writes them.

    A finding that is flagged in neither is no change. Where a sentence stands twice in a listing, the graver counts.

    Raises
    ------
    InputError
        A file cannot be read, or a row is no record; the message names file and line.
    """
    before, after = _findings(old), _findings(new)
    changes = []
    same = 0
    for key in before.keys() | after.keys():
        (listing_id, field, claim_type, sentence), was = before.get(key) or (after[key][0], None)
        now = after[key][1] if key in after else None
        if not _severity(was) and not _severity(now):
            continue
        if was is now:
            same += 1
        else:
            changes.append(Change(listing_id, field, claim_type, sentence, was, now))
    return Diff(
        tuple(sorted(changes, key=lambda change: (change.listing_id, change.field, change.claim_type, change.sentence))),
        same,
    )


def _severity(verdict: Verdict | None) -> int:
    return verdict.severity if verdict is not None else 0


_Found = tuple[tuple[str, str, ClaimType, str], Verdict]


def _findings(path: Path) -> dict[str, _Found]:
    found: dict[str, _Found] = {}
    for where, row in _rows(path):
        lacking = [name for name in _NEEDED if name not in row]
        if lacking:
            raise InputError(f"{where}: no '{lacking[0]}'. Give a file of records from claimaudit scan.")
        if not row["verdict"]:
            continue  # a near miss
        verdict = _verdict(where, row["verdict"])
        place = (str(row["listing_id"]), str(row["field"]), str(row["claim_type"]), str(row["sentence"]))
        key = decision_key(*place)
        if key not in found or verdict.severity > found[key][1].severity:
            found[key] = place, verdict
    return found


def _verdict(where: str, value: Any) -> Verdict:
    try:
        return Verdict(value)
    except ValueError:
        raise InputError(
            f"{where}: verdict {value!r} is none of {', '.join(Verdict)}. Give records as they were written."
        ) from None


def _rows(path: Path) -> Iterator[Row]:
    suffix = path.suffix.lower()
    if suffix not in (".jsonl", ".ndjson", ".csv"):
        raise InputError(f"{path}: records end in .jsonl or .csv. Write them with claimaudit scan --format jsonl.")
    return read_csv(path, wanted="claim_type") if suffix == ".csv" else read_jsonl(path)
