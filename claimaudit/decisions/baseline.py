"""What is known already: findings that somebody accepted, decided on or waived, kept in one file that people can read.

A finding is known by its content (listing, field, claim type, sentence), never by offsets. It is raised again when its
sentence changes, when its verdict gets worse, when a limitation or rule behind it changes, or when its waiver ends.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from claimaudit.decisions.tables import read_jsonl
from claimaudit.errors import InputError, OutputError, first_fault
from claimaudit.text.normalize import fold
from claimaudit.types import (
    AuditResult,
    ClaimType,
    Finding,
    Limitation,
    MappedText,
    NearMiss,
    Rule,
    Step,
    Verdict,
    content_key,
    to_line,
)

FORMAT = {"format": "claimaudit-baseline", "version": 1}
"""The first line of the file."""

STEP = "baseline"
"""Kind of the step in a finding's `why` that tells how it stands to the baseline."""
KNOWN, WAIVED, RAISED = "known", "waived", "raised again"

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BOOKKEEPING = frozenset({"about", "origin", "reviewed_on", "review_by", "sources"})
"""What may change in an entry of the reference corpus without changing what it says; of sources, the ids count."""


class Choice(StrEnum):
    """What a reviewer says of a finding: it is right, it is wrong, or the copy should read otherwise."""

    AGREE = "agree"
    DISAGREE = "disagree"
    REWORD = "reword"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reviewer decided, when (ISO date or time) and why; `wording` is the copy that a reword asks for."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    choice: Choice
    reason: str
    reviewer: str
    decided_at: str
    wording: str = ""


@dataclass(frozen=True, slots=True)
class Waiver:
    """Leave to keep a claim as it is: who answers for it, why, and the last day on which it holds."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    reason: str
    owner: str
    expires: date


@dataclass(frozen=True, slots=True)
class Known:
    """A finding that the baseline holds, as it was when it was recorded.

    `grounds` and `rules` are what it was judged by, each `id@digest`. `verdict` is None where a near miss was decided on.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    listing_id: str
    field: str
    claim_type: ClaimType
    sentence: str
    verdict: Verdict | None = None
    grounds: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    decision: Decision | None = None
    waiver: Waiver | None = None

    @property
    def key(self) -> str:
        return decision_key(self.listing_id, self.field, self.claim_type, self.sentence)

    @classmethod
    def of(cls, finding: Finding) -> Known:
        """The finding as it stands, undecided."""
        sent = finding.claim.sentence
        return cls(
            listing_id=sent.listing.id,
            field=sent.listing.field,
            claim_type=finding.claim.type,
            sentence=sent.text,
            verdict=finding.verdict,
            grounds=tuple(ground_mark(entry) for entry in (*finding.limitations, *finding.permissions)),
            rules=tuple(ground_mark(rule) for rule in finding.rules),
        )

    def merged_with(self, other: Known) -> Known:
        """This and another of the same key (a sentence that stands twice): the graver verdict, the grounds of both.

        Of two waivers the one that ends first stays.
        """
        waivers = [waiver for waiver in (self.waiver, other.waiver) if waiver is not None]
        return replace(
            self,
            verdict=max(self.verdict, other.verdict, key=lambda verdict: verdict.severity if verdict else -1),
            grounds=tuple(dict.fromkeys((*self.grounds, *other.grounds))),
            rules=tuple(dict.fromkeys((*self.rules, *other.rules))),
            waiver=min(waivers, key=lambda waiver: waiver.expires, default=None),
        )

    def to_json(self) -> str:
        """The line of a baseline's file."""
        return to_line({name: value for name, value in _FORM.dump_python(self, mode="json").items() if value is not None})

    @classmethod
    def from_row(cls, row: dict[str, Any], where: str) -> Known:
        """What a line says.

        Raises
        ------
        InputError
            A key is missing, unknown, or holds what it may not; the message names `where`.
        """
        try:
            return _FORM.validate_python(row)
        except ValidationError as error:
            key, message = first_fault(error)
            raise InputError(f"{where}: '{key}': {message.lower()}. Correct the line.") from None

    def changed(self, now: Known) -> str:
        """What is new in a finding of the same key since this was recorded, as words; empty if nothing is.

        Rules that are no longer cited do not count, for a scan may ask for fewer jurisdictions.
        """
        if self.verdict is None or (now.verdict is not None and now.verdict.severity > self.verdict.severity):
            return f"it was {self.verdict.value if self.verdict else 'a near miss'}"
        moved = {*set(self.grounds) ^ set(now.grounds), *set(now.rules) - set(self.rules)}
        names = sorted({mark.rpartition("@")[0] for mark in moved})
        return f"changed since: {', '.join(names)}" if names else ""


def decision_key(listing_id: str, field: str, claim_type: ClaimType, sentence: str) -> str:
    """What a decision is filed under: content alone, so that it outlives a change elsewhere in the copy.

    The sentence is folded (lower case, plain letters, single spaces) first; what no file or cell can hold (control
    characters, lone surrogates) does not count.

    >>> decision_key("a", "text", "painless", "No  PAIN!") == decision_key("a", "text", "painless", "no pain!")
    True
    """
    folded = fold(MappedText(_writable(sentence))).text.split()
    return content_key("k", _writable(listing_id), _writable(field), claim_type, " ".join(folded))


def _writable(text: str) -> str:
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join(_SURROGATE.sub("\ufffd", _CONTROL.sub("", text)).split())


_marks: dict[int, tuple[Limitation | Rule, str]] = {}  # by identity; the entry beside it keeps the number its own


def ground_mark(entry: Limitation | Rule) -> str:
    """An entry of the reference corpus as `id@digest`: the digest changes when what it says does, not with a new review."""
    found = _marks.get(id(entry))
    if found is None:
        said = {name: value for name, value in asdict(entry).items() if name not in _BOOKKEEPING}
        if not said.get("not_beside"):
            said.pop("not_beside", None)  # of most entries: marks from before there was such a field stay as they were
        said["sources"] = [source.id for source in entry.sources]
        content = json.dumps(said, sort_keys=True, default=str)
        found = _marks[id(entry)] = entry, f"{entry.id}@{hashlib.sha256(content.encode('utf-8')).hexdigest()[:8]}"
    return found[1]


_FORM = TypeAdapter(Known)


class Baseline:
    """Known findings by their key.

    Examples
    --------
    >>> from claimaudit import Auditor
    >>> result = Auditor(speed="patterns").audit("Freckle pen, USB. No pain!")
    >>> baseline = Baseline([Known.of(finding) for finding in result.flagged])
    >>> again = baseline.sift(result, date(2026, 1, 1))
    >>> again.flagged, [str(finding.why[-1]) for finding in again.suppressed]
    ((), ['baseline: known'])
    """

    def __init__(self, entries: Iterable[Known] = ()) -> None:
        self.entries: Mapping[str, Known] = {entry.key: entry for entry in entries}

    def sift(self, result: AuditResult, as_of: date) -> AuditResult:
        """The result with its known and waived findings moved to `suppressed`; pure, one result at a time.

        What is raised again stays among the findings. Both say so in a last step of their `why`.
        """
        findings: list[Finding] = []
        suppressed = list(result.suppressed)
        flagged = {known.key: known for known in flagged_as_known(result)}
        for finding in result.findings:
            step = self._step(flagged[Known.of(finding).key], as_of) if finding.is_flagged else None
            said = finding if step is None else replace(finding, why=(*finding.why, step))
            (findings if step is None or step.value == RAISED else suppressed).append(said)
        return replace(result, findings=tuple(findings), suppressed=tuple(suppressed))

    def _step(self, now: Known, as_of: date) -> Step | None:
        entry = self.entries.get(now.key)
        if entry is None:
            return None
        changed = entry.changed(now)
        if changed:
            return Step(STEP, RAISED, changed)
        waiver, decision = entry.waiver, entry.decision
        if waiver is not None:
            if waiver.expires < as_of:
                return Step(STEP, RAISED, f"the waiver of {waiver.owner} ended on {waiver.expires}")
            return Step(STEP, WAIVED, f"by {waiver.owner} until {waiver.expires}: {waiver.reason}")
        if decision is None:
            return Step(STEP, KNOWN)
        told = f": {decision.reason}" if decision.reason else ""
        return Step(STEP, KNOWN, f"{decision.choice.value}, {decision.reviewer}, {decision.decided_at[:10]}{told}")

    @cached_property
    def places(self) -> frozenset[tuple[str, str]]:
        """The listings and fields that it holds findings of."""
        return frozenset((entry.listing_id, entry.field) for entry in self.entries.values())

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """The baseline of a file.

        Raises
        ------
        InputError
            It cannot be read, is none, or a line is not valid; the message names file and line.
        """
        rows = read_jsonl(path)
        _, head = next(rows, ("", {}))
        if head != FORMAT:
            raise InputError(
                f"{path}:1: no baseline of this version (wanted {json.dumps(FORMAT)}). Give one that claimaudit wrote."
            )
        shared: dict[tuple[str, ...], tuple[str, ...]] = {}  # few lists of grounds stand behind many findings
        entries: dict[str, Known] = {}
        for where, row in rows:
            entry = Known.from_row(row, where)
            entry = replace(
                entry,
                grounds=shared.setdefault(entry.grounds, entry.grounds),
                rules=shared.setdefault(entry.rules, entry.rules),
            )
            if entry.key in entries:
                raise InputError(f"{where}: this finding of '{entry.listing_id}' stands twice. Keep one line.")
            entries[entry.key] = entry
        return cls(entries.values())

    def write(self, path: Path) -> None:
        """Write the file: one finding a line, sorted by listing; it appears under its name only when it is whole.

        Raises
        ------
        OutputError
            It cannot be written.
        """
        part = path.with_name(f".{path.name}.part")
        try:
            with part.open("w", encoding="utf-8", newline="") as out:
                out.write(json.dumps(FORMAT) + "\n")
                out.writelines(entry.to_json() for entry in sorted(self.entries.values(), key=_place))
            os.replace(part, path)
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {error.strerror}. Choose another place.") from error
        finally:
            part.unlink(missing_ok=True)


class Recorder:
    """Collects the flagged findings of a run into a new baseline.

    Of the old one it keeps the decisions and waivers of what is found again, flagged or not, and all that the run did not
    read. A decision on a flag with other grounds goes; a waiver stays, so that it still ends.
    """

    def __init__(self, old: Baseline | None = None) -> None:
        self._old = old or Baseline()
        self._found: dict[str, Known] = {}
        self._seen: set[tuple[str, str]] = set()
        self._heard: set[str] = set()

    def add(self, result: AuditResult) -> None:
        """Take in a result, whether sifted or not."""
        self.note(places_read(result), flagged_as_known(result), keys_of(result))

    def note(self, places: Iterable[tuple[str, str]], found: Iterable[Known], keys: Iterable[str]) -> None:
        """Take in the listings and fields that were read whole, what was flagged in them, and the keys of all claims."""
        self._heard |= self._old.entries.keys() & keys
        self._seen |= self._old.places.intersection(places)
        for now in found:
            old = self._old.entries.get(now.key)
            if old is not None:
                now = replace(now, waiver=old.waiver, decision=None if old.changed(now) else old.decision)
            self._found[now.key] = now

    def baseline(self) -> Baseline:
        return Baseline([*filter(self._is_kept, self._old.entries.values()), *self._found.values()])

    def _is_kept(self, old: Known) -> bool:
        if (old.listing_id, old.field) not in self._seen:
            return True
        return old.key in self._heard and (old.decision is not None or old.waiver is not None)


def places_read(result: AuditResult) -> list[tuple[str, str]]:
    """The listing with each of its fields, if it was read whole."""
    texts = result.listing.parts or (result.listing,)
    return [(text.id, text.field) for text in texts] if result.is_complete else []


def flagged_as_known(result: AuditResult) -> list[Known]:
    """What is flagged, reported or not, as a baseline records it: once for each key."""
    found: dict[str, Known] = {}
    for finding in (*result.findings, *result.suppressed):
        if finding.is_flagged:
            now = Known.of(finding)
            found[now.key] = found[now.key].merged_with(now) if now.key in found else now
    return list(found.values())


def keys_of(result: AuditResult) -> list[str]:
    """The key of every claim of a result, whatever became of it, each once."""
    items: list[Finding | NearMiss] = [*result.findings, *result.suppressed, *result.near_misses]
    found: dict[str, None] = {}
    for item in items:
        sent = item.claim.sentence
        found[decision_key(sent.listing.id, sent.listing.field, item.claim.type, sent.text)] = None
    return list(found)


def _place(entry: Known) -> tuple[str, str, str, str]:
    return entry.listing_id, entry.field, entry.claim_type, entry.sentence
