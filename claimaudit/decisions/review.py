"""Decisions as reviewers hand them back: the report's JSON or CSV, or the workbook, taken into a baseline."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from claimaudit.decisions.baseline import Baseline, Choice, Decision, Known, Waiver
from claimaudit.decisions.tables import Row, check_header, read_csv, read_text, workbook_rows
from claimaudit.errors import InputError
from claimaudit.types import Verdict

SHEET = "Findings"
"""The sheet of the workbook on which decisions are made; its headers are the names below in plain words."""

FIELDS = (
    "key",
    "listing_id",
    "field",
    "claim_type",
    "sentence",
    "verdict",
    "decision",
    "reason",
    "wording",
    "reviewer",
    "decided_at",
    "expires",
    "grounds",
    "rules",
)
"""What is read of a row; other columns are the reviewer's own. `reviewer`, `decided_at` and `expires` may be left out."""

DAYS = 365
"""How long a disagreement waives a finding unless the row says when it expires."""

CUT = "… [cut]"
"""How a cell ends that was longer than a workbook can hold."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a decision cannot do without: one of `fields` that says something."""

    fields: tuple[str, ...]
    message: str


NEEDS: Mapping[Choice, Need] = {
    Choice.DISAGREE: Need(("reason",), "a disagreement needs a reason. Say in a word or more why the claim may stand."),
    Choice.REWORD: Need(("wording", "reason"), "a reword needs a wording or a reason. Give the new wording."),
}
"""The rule that `apply` and the report's page share."""

_WORD = re.compile(r"[^\W_]{2}")
_OPTIONAL = frozenset({"reviewer", "decided_at", "expires"})
_NEAR_MISS = frozenset({"", "near miss", "near-miss"})


@dataclass(frozen=True, slots=True)
class Applied:
    """A baseline with decisions taken in, and how many were `new`, `changed`, `unchanged`, or `older` than the one kept."""

    baseline: Baseline
    counts: Counter[str]


def read_decisions(path: Path) -> list[Row]:
    """The rows of a file of decisions (`.json`, `.csv`, `.xlsx`) on which something was decided.

    Raises
    ------
    InputError
        The file cannot be read, holds no decisions, or lacks a column.
    """
    readers = {".json": _read_json, ".csv": lambda path: read_csv(path, wanted="key"), ".xlsx": _read_workbook}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: decisions end in {', '.join(readers)}. Export them from a report, or give its workbook.")
    rows = []
    for where, row in reader(path):
        lacking = [name for name in FIELDS if name not in row and name not in _OPTIONAL]
        if lacking:
            raise InputError(
                f"{where}: no '{lacking[0]}'. Give a file that a report of this version made, with all its columns."
            )
        if _text(row["decision"]):
            rows.append((where, row))
    return rows


def apply(baseline: Baseline, rows: Iterable[Row], *, as_of: date, days: int = DAYS, reviewer: str | None = None) -> Applied:
    """Take decisions into a baseline; doing so twice changes nothing.

    A disagreement, and any decision with a date in `expires`, becomes a waiver; of two decisions on one finding the later
    stands. Rows of one file that decide alike on a sentence that stands twice are one decision.

    Parameters
    ----------
    baseline
        The one before; it stays as it is.
    rows
        From `read_decisions`.
    as_of
        The day of decisions that bring none.
    days
        How long a disagreement holds, from the day of the decision.
    reviewer
        Who decided, where a row does not say.

    Raises
    ------
    InputError
        One line for each row that is wrong, with file and row; then nothing is taken in.
    """
    entries = dict(baseline.entries)
    counts = Counter[str](new=0, changed=0, unchanged=0, older=0)
    given: dict[tuple[str, str], tuple[str, _Decided]] = {}
    wrong: list[str] = []
    for where, row in rows:
        try:
            decided = _decided(where, row, as_of, days, reviewer)
        except InputError as error:
            wrong.append(str(error))
            continue
        place = _file(where), decided.entry.key
        if place in given:
            first, before = given[place]
            if before.entry.decision != decided.entry.decision:
                wrong.append(f"{where}: decided otherwise in {first}, on the same words of the same listing. Keep one.")
                continue
            where, decided = first, before.merged_with(decided)
        given[place] = where, decided
    if wrong:
        raise InputError("\n".join(wrong))
    for _, decided in given.values():
        outcome = _outcome(entries.get(decided.entry.key), decided)
        counts[outcome] += 1
        if outcome in ("new", "changed"):
            entries[decided.entry.key] = decided.entry
    return Applied(Baseline(entries.values()), counts)


def _outcome(old: Known | None, decided: _Decided) -> str:
    entry = decided.entry
    decision = entry.decision
    assert decision is not None
    if old is None or old.decision is None:
        return "new"
    if not decided.is_dated:  # a sheet without dates, applied again on another day, says nothing new
        since = replace(decision, decided_at=old.decision.decided_at)
        waiver = entry.waiver if decided.is_expiry_given else old.waiver
        is_same = replace(entry, decision=since, waiver=waiver, rules=old.rules) == old
        return "unchanged" if is_same and set(entry.rules) <= set(old.rules) else "changed"
    if entry == old:
        return "unchanged"
    return "older" if old.decision.decided_at > decision.decided_at else "changed"


def says_something(text: str) -> bool:
    """Whether a field holds a word: two letters or figures in a row. A single key that slipped into it is none.

    >>> says_something("see K-12"), says_something(" r "), says_something("...")
    (True, False, False)
    """
    return _WORD.search(text) is not None


def _file(where: str) -> str:
    return where.rpartition(":")[0]


@dataclass(frozen=True, slots=True)
class _Decided:
    """What a row says, and whether it says itself when that was decided and when it expires."""

    entry: Known
    is_dated: bool
    is_expiry_given: bool

    def merged_with(self, other: _Decided) -> _Decided:
        return _Decided(
            self.entry.merged_with(other.entry),
            self.is_dated or other.is_dated,
            self.is_expiry_given or other.is_expiry_given,
        )


def _decided(where: str, row: dict[str, Any], as_of: date, days: int, reviewer: str | None) -> _Decided:
    text = {name: _text(row.get(name)) for name in FIELDS}
    try:
        choice = Choice(text["decision"].strip().lower())
    except ValueError:
        raise InputError(f"{where}: decision {text['decision']!r} is none of {', '.join(Choice)}. Correct it.") from None
    reason, wording = text["reason"].strip(), text["wording"].strip()
    who = text["reviewer"].strip() or (reviewer or "").strip()
    need = NEEDS.get(choice)
    if need is not None and not any(says_something(text[name]) for name in need.fields):
        raise InputError(f"{where}: {need.message}")
    if not who:
        raise InputError(f"{where}: nobody is named as reviewer. Fill the column in, or give --reviewer.")
    decided_at = _moment(where, "decided_at", text["decided_at"]) or as_of.isoformat()
    expires = _moment(where, "expires", text["expires"])
    verdict = _verdict(where, text["verdict"])
    if expires is None and choice is Choice.DISAGREE and verdict is not None and verdict.is_flagged:
        expires = (date.fromisoformat(decided_at[:10]) + timedelta(days=days)).isoformat()
    if expires is not None and not says_something(reason):
        raise InputError(
            f"{where}: it expires on {expires[:10]}, but no reason is given. Say why the claim may stand so long."
        )
    entry = Known(
        listing_id=text["listing_id"],
        field=text["field"],
        claim_type=text["claim_type"],
        sentence=text["sentence"],
        verdict=verdict,
        grounds=_marks(row["grounds"]),
        rules=_marks(row["rules"]),
        decision=Decision(choice, reason, who, decided_at, wording),
        waiver=Waiver(reason, who, date.fromisoformat(expires[:10])) if expires is not None else None,
    )
    if any(text[name].endswith(CUT) for name in ("listing_id", "field", "sentence")):
        raise InputError(f"{where}: the listing's name is cut in this file. Decide on it in the HTML report.")
    if entry.key != text["key"].strip():
        raise InputError(
            f"{where}: key {text['key']!r} does not belong to this sentence and listing. Leave both as exported."
        )
    if verdict is not None and verdict.is_flagged and not entry.grounds:
        raise InputError(f"{where}: no grounds. Give a file as a report of this version made it.")
    return _Decided(entry, bool(text["decided_at"].strip()), bool(text["expires"].strip()))


def _text(value: object) -> str:
    if isinstance(value, datetime):
        value = value.date() if value.time() == datetime.min.time() else value
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def _moment(where: str, name: str, text: str) -> str | None:
    """An ISO date or time as given, checked; None if there is none."""
    text = text.strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{where}: '{name}' {text!r} is no date. Write YYYY-MM-DD.") from None
    return text if text.startswith(moment.date().isoformat()) else moment.isoformat()


def _verdict(where: str, text: str) -> Verdict | None:
    text = text.strip().lower()
    if text in _NEAR_MISS:
        return None
    try:
        return Verdict(text)
    except ValueError:
        raise InputError(f"{where}: verdict {text!r} is none of {', '.join(Verdict)}. Leave it as exported.") from None


def _marks(value: object) -> tuple[str, ...]:
    marks = value if isinstance(value, list) else _text(value).split(";")
    return tuple(stripped for mark in marks if (stripped := str(mark).strip()))


def _read_json(path: Path) -> Iterator[Row]:
    try:
        data = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({error}). Export the decisions again.") from None
    if (
        not isinstance(data, dict)
        or data.get("format") != "claimaudit-decisions"
        or not isinstance(data.get("decisions"), list)
    ):
        raise InputError(f"{path}: no decisions of a report here. Export them as JSON from the page.")
    for number, row in enumerate(data["decisions"], 1):
        if not isinstance(row, dict):
            raise InputError(f"{path}: decision {number}: an object was expected, got {type(row).__name__}. Export again.")
        yield f"{path}: decision {number}", row


def _unescaped(cell: object) -> object:
    """A cell without the mark that keeps text like `_x0041_` from being read as a character (ECMA-376, ST_Xstring)."""
    return cell.replace("_x005F_", "_") if isinstance(cell, str) else cell


def _read_workbook(path: Path) -> Iterator[Row]:
    rows = workbook_rows(path, name=str(path), sheet=SHEET)
    header = [_text(cell).strip().lower().replace(" ", "_") for cell in next(rows, ())]
    check_header(header, f"{path}:1")
    for number, cells in enumerate(rows, 2):
        if any(cell is not None for cell in cells):
            yield f"{path}:{number}", dict.fromkeys(header) | dict(zip(header, map(_unescaped, cells), strict=False))
