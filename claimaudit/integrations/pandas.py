"""Data frames of copy in, data frames of findings out: `audit_frame`, `audit_rows`, and the accessor `df.claimaudit`.

Importing this module registers the accessor.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

import pandas as pd

from claimaudit.audit import Auditor
from claimaudit.batch.dossier import NOTHING_ON_FILE
from claimaudit.batch.readers import Entry, Rejected
from claimaudit.batch.run import audit_entries
from claimaudit.errors import InputError, SettingsError
from claimaudit.reports.listings import listing_row
from claimaudit.types import RECORD_FIELDS, Assertion, AuditResult, Listing, Strength, Unchecked, Verdict, check_show

ACCESSOR = "claimaudit"
_UNKNOWN = "unknown"
_MISSING, _NOT_TEXT, _REFUSED, _FAILED = "missing", "not-text", "refused", "failed"

_NUMBERS = {"review": "bool", "confidence": "float64"} | dict.fromkeys(
    ("start", "end", "sentence_start", "sentence_end"), "int64"
)
_LISTS = ("modality", "conditions", "limitation_ids", "rule_ids", "source_ids", "why", "substantiation_ids", "disclaimers")
_LADDERS = {
    "verdict": [verdict.value for verdict in sorted(Verdict, key=lambda verdict: verdict.severity)],
    "strength": [Strength.MODEST.value, Strength.STRONG.value, Strength.ABSOLUTE.value],
    "evidence_confidence": ["none", "low", "moderate", "high"],
}
"""Categories that have an order, least first: they sort and compare as one means them."""
_OPEN = ("field", "claim_type", "setting", "pack", "model", "version")
"""Categories that depend on the pack and on the frame."""

ROW_COLUMNS = {
    "listing_id": "str",
    "complete": "bool",
    "in_scope": "boolean",
    "setting": "category",
    "worst": "category",
    "contradicted": "int64",
    "overstated": "int64",
    "consistent": "int64",
    "near_misses": "int64",
    "unchecked": "object",
}
"""Columns of `audit_rows` and their dtypes."""
_NO_RESULT = {"complete": False} | dict.fromkeys((*(verdict.value for verdict in Verdict), "near_misses"), 0)


class NotReadWarning(UserWarning):
    """Copy in a frame was not read, or not in full: no finding there means nothing."""


def audit_frame(
    df: pd.DataFrame,
    text: Hashable | list[Hashable] = "text",
    *,
    id_column: Hashable | None = None,
    setting_column: Hashable | None = None,
    show: str = "all",
    auditor: Auditor | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Audit a frame of copy: a new frame with one row a finding, under the index label of the row it comes from.

    What could not be read (NaN, a number, another language …) is counted in `attrs["claimaudit"]` and warned of;
    `audit_rows` tells where. The frame that is given stays as it is.

    Parameters
    ----------
    df
        A frame with one listing a row.
    text
        The column that holds the copy, or a list of columns that hold the parts of it (title, bullets, description): they
        are read together, as one listing, the first as its title, and the result's `field` says where a finding stands. A
        missing part is left out.
    id_column
        The column that names the listings; their index labels if it is None, or where a cell is empty.
    setting_column
        The column that says in which setting a row is offered; inferred if it is None, or where a cell is empty.
    show
        `all` findings, the `flagged` ones, or the `near-misses` alone (their `verdict` is NaN).
    auditor
        An `Auditor` to use for many frames, in place of one made from the options.
    options
        `pack`, `model` and the fields of `AuditSettings`, as for `Auditor`.

    Returns
    -------
    DataFrame
        Columns `RECORD_FIELDS`; types, verdicts and the like are categories (verdict, strength and grade in their order),
        and columns, dtypes and categories are the same when there is no finding.

    Raises
    ------
    InputError
        A column is not there or stands twice, `text` names none or one twice, or `df` is no frame.
    SettingsError
        An option is unknown or impossible.

    Warns
    -----
    NotReadWarning
        Some copy was not read, or not in full.

    Examples
    --------
    >>> import pandas as pd
    >>> goods = pd.DataFrame({"description": ["Freckle pen. It does not hurt.", "USB cable, 2 m."]}, index=["pen", "cable"])
    >>> found = audit_frame(goods, text="description", speed="patterns")
    >>> found[["claim_type", "verdict", "text"]]
        claim_type       verdict           text
    pen   painless  contradicted  does not hurt
    >>> found.attrs["claimaudit"]["listings"], found.attrs["claimaudit"]["not_read"]
    (2, {})
    """
    check_show(show)
    source = _Source(df, text, id_column, setting_column)
    auditor = _auditor(auditor, options)
    positions: list[int] = []
    records: list[dict[str, Any]] = []
    manifest = _Manifest(auditor)
    for position, outcome in enumerate(source.audit(auditor)):
        manifest.add(outcome)
        shown = outcome.result.records(show) if outcome.result else []
        records.extend(shown)
        positions.extend([position] * len(shown))
    signature = auditor.signature
    categories = {
        "field": source.fields,
        "claim_type": auditor.pack.claim_types,
        "setting": (*auditor.pack.settings, _UNKNOWN),
        "pack": [signature.pack_id],
        "model": [signature.model],
        "version": [signature.version],
    }
    return manifest.sign(frame_of(records, categories=categories).set_axis(df.index.take(positions), axis=0))


def audit_rows(
    df: pd.DataFrame,
    text: Hashable | list[Hashable] = "text",
    *,
    id_column: Hashable | None = None,
    setting_column: Hashable | None = None,
    auditor: Auditor | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Audit a frame of copy: a new frame with one row for each row given, whatever was found there.

    `complete` is False where copy was not read, or not in full, and `unchecked` says why. `worst` is the gravest verdict,
    NaN if there is no finding; `setting` is the one that the copy is read in. Parameters, errors and warnings are
    those of `audit_frame`.

    Returns
    -------
    DataFrame
        Columns `ROW_COLUMNS`, index as given: `df.join(audit_rows(df))` sets them beside the rows.

    Examples
    --------
    >>> import pandas as pd
    >>> goods = pd.DataFrame({"description": ["Freckle pen. It does not hurt.", None]}, index=["pen", "cream"])
    >>> with warnings.catch_warnings(action="ignore"):
    ...     rows = audit_rows(goods, text="description", speed="patterns")
    >>> rows[["complete", "worst", "contradicted"]]
           complete         worst  contradicted
    pen        True  contradicted             1
    cream     False           NaN             0
    >>> rows.at["cream", "unchecked"]
    ["column 'description' is missing. Give the copy as a string."]
    """
    source = _Source(df, text, id_column, setting_column)
    auditor = _auditor(auditor, options)
    rows: list[dict[str, Any]] = []
    manifest = _Manifest(auditor)
    for outcome in source.audit(auditor):
        manifest.add(outcome)
        rows.append(outcome.as_row())
    frame = pd.DataFrame(rows, columns=list(ROW_COLUMNS))
    categories: dict[str, Sequence[str]] = {
        "setting": (*auditor.pack.settings, _UNKNOWN),
        "worst": _LADDERS["verdict"],
    }
    for name, kind in ROW_COLUMNS.items():
        if name in categories:
            frame[name] = _categorical(frame[name], categories[name], ordered=name == "worst")
        else:
            frame[name] = frame[name].astype(kind)  # type: ignore[call-overload]
    return manifest.sign(frame.set_axis(df.index, axis=0))


def frame_of(
    records: Sequence[dict[str, Any]],
    *,
    categories: Mapping[str, Iterable[str]] = MappingProxyType({}),
) -> pd.DataFrame:
    """Records as a data frame with the columns of `RECORD_FIELDS` and their dtypes, also when there are none.

    `categories` are those known beforehand, by column (`claim_type` say); the records may add others.
    """
    frame = pd.DataFrame(list(records), columns=list(RECORD_FIELDS))
    for name in RECORD_FIELDS:
        if name in _LADDERS:
            frame[name] = _categorical(frame[name], _LADDERS[name], ordered=True)
        elif name == "assertion":
            frame[name] = _categorical(frame[name], [status.value for status in Assertion])
        elif name in _OPEN:
            frame[name] = _categorical(frame[name], categories.get(name, ()))
        elif name in _LISTS:
            frame[name] = frame[name].astype("object")
        else:
            frame[name] = frame[name].astype(_NUMBERS.get(name, "str"))  # type: ignore[call-overload]
    return frame


_Accessor = TypeVar("_Accessor", bound=type)


def _register(accessor: _Accessor) -> _Accessor:
    """Register under `ACCESSOR`; once, so that a reload of this module does not read as a clash with another library."""
    present = getattr(pd.DataFrame, ACCESSOR, None)
    if getattr(present, "__module__", None) == __name__:
        delattr(pd.DataFrame, ACCESSOR)
    pd.api.extensions.register_dataframe_accessor(ACCESSOR)(accessor)
    return accessor


@_register
class ClaimAuditAccessor:
    """`df.claimaudit`: the audit of a frame of copy.

    Examples
    --------
    >>> import pandas as pd
    >>> import claimaudit.integrations.pandas
    >>> goods = pd.DataFrame({"copy": ["Freckle pen. It does not hurt."]})
    >>> goods.claimaudit.findings("copy", speed="patterns")["claim_type"].tolist()
    ['painless']
    >>> goods.claimaudit.rows("copy", speed="patterns")["contradicted"].tolist()
    [1]
    """

    def __init__(self, df: pd.DataFrame) -> None:
        self._df = df

    def findings(self, text: Hashable | list[Hashable] = "text", **options: Any) -> pd.DataFrame:
        """One row a finding: `audit_frame` of this frame."""
        return audit_frame(self._df, text, **options)

    def rows(self, text: Hashable | list[Hashable] = "text", **options: Any) -> pd.DataFrame:
        """One row for each row of this frame: `audit_rows`."""
        return audit_rows(self._df, text, **options)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one row: its result, or None and the reason why there is none."""

    listing_id: str
    result: AuditResult | None
    unchecked: tuple[Unchecked, ...]

    @property
    def breaking(self) -> tuple[Unchecked, ...]:
        return tuple(note for note in self.unchecked if note.breaks_audit)

    def as_row(self) -> dict[str, Any]:
        return {
            **(listing_row(self.result) if self.result else _NO_RESULT),
            "listing_id": self.listing_id,
            "unchecked": [self._told(note) for note in self.unchecked],
        }

    def _told(self, note: Unchecked) -> str:
        """A note, with the column that it is about where the listing has several."""
        several = self.result is not None and len(self.result.listing.parts) > 1
        return f"{note.field}: {note.message}" if several else note.message


class _Source:
    """The cells of a frame that hold copy, row by row."""

    def __init__(self, df: object, text: Hashable | list[Hashable], id_: Hashable | None, setting: Hashable | None) -> None:
        if not isinstance(df, pd.DataFrame):
            raise InputError(f"wanted a pandas DataFrame, got {type(df).__name__}. Convert it first (`series.to_frame()`).")
        texts = text if isinstance(text, list) else [text]
        if not texts:
            raise InputError("text names no column. Give the one that holds the copy.")
        self._texts = {str(name): _cells(df, name) for name in texts}
        if len(self._texts) < len(texts):
            raise InputError(f"text names a column twice: {', '.join(map(str, texts))}. Name each once, or rename one.")
        self._ids = [None] * len(df) if id_ is None else _cells(df, id_)
        self._settings = [None] * len(df) if setting is None else _cells(df, setting)
        self._index = df.index

    @property
    def fields(self) -> list[str]:
        return list(self._texts)

    def audit(self, auditor: Auditor) -> Iterator[_Outcome]:
        rows = zip(*self._texts.values(), strict=True)
        for label, id_, setting, cells in zip(self._index, self._ids, self._settings, rows, strict=True):
            listing_id = _name(label) if _is_empty(id_) else _name(id_)
            told = None if _is_empty(setting) or setting in (_UNKNOWN, "auto") else str(setting)
            yield _audit_row(auditor, listing_id, dict(zip(self._texts, cells, strict=True)), told)


def _name(value: Any) -> str:
    """An id as the readers of files write it: of whole numbers, which a gap in their column makes floats, without `.0`."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


class _Manifest:
    """How a frame was audited and what was not read: goes along as `attrs["claimaudit"]`, plain values alone."""

    def __init__(self, auditor: Auditor) -> None:
        self._signature = str(auditor.signature)
        self._listings = 0
        self._complete = 0
        self._not_read: Counter[str] = Counter()

    def add(self, outcome: _Outcome) -> None:
        self._listings += 1
        self._complete += not outcome.breaking
        self._not_read.update({note.reason for note in outcome.breaking})

    def sign(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with its manifest; warns if it does not stand for all that was given."""
        not_read = dict(sorted(self._not_read.items()))
        frame.attrs[ACCESSOR] = {
            "signature": self._signature,
            "listings": self._listings,
            "complete": self._complete,
            "not_read": not_read,
        }
        if not_read:
            reasons = ", ".join(f"{count} {reason}" for reason, count in not_read.items())
            warnings.warn(
                f"{self._listings - self._complete} of {self._listings} texts were not read, or not in full: {reasons}. "
                "That nothing was found there says nothing; `df.claimaudit.rows` tells which, and why.",
                NotReadWarning,
                stacklevel=3,
            )
        return frame


def _audit_row(auditor: Auditor, listing_id: str, cells: Mapping[str, object], setting: str | None) -> _Outcome:
    def unread(reason: str, message: str) -> _Outcome:
        return _Outcome(listing_id, None, (Unchecked(listing_id, reason, message),))

    texts = {field: cell for field, cell in cells.items() if isinstance(cell, str)}
    for field, cell in cells.items():
        if field not in texts and not _is_empty(cell):
            return unread(_NOT_TEXT, f"column '{field}' is {type(cell).__name__}, not text. Give the copy as a string.")
    if not texts:
        named = ", ".join(f"'{field}'" for field in cells)
        told = f"columns {named} are" if len(cells) > 1 else f"column {named} is"
        return unread(_MISSING, f"{told} missing. Give the copy as a string.")
    known = auditor.pack.settings
    if setting is not None and setting not in known:
        mend = "Correct it, or leave it out to have it inferred."
        return unread(_REFUSED, f"setting '{setting}' is none of {', '.join(known)}. {mend}")
    listing = Listing.of_row(listing_id, texts, cells, setting=setting)
    (item,) = audit_entries(auditor, NOTHING_ON_FILE, [Entry(listing, "", 0, {})])  # one bad row does not lose the others
    if isinstance(item, Rejected):
        return unread(_FAILED, item.message)
    _, result = item
    return _Outcome(listing_id, result, result.unchecked)


def _auditor(auditor: Auditor | None, options: dict[str, Any]) -> Auditor:
    if auditor is None:
        return Auditor(options.pop("pack", None), **options)
    if options:
        raise SettingsError(f"give an auditor or {', '.join(options)}, not both.")
    return auditor


def _cells(df: pd.DataFrame, name: Hashable) -> list[Any]:
    """The values of a column that stands in the frame, once."""
    columns: list[Any] = list(df.columns)
    held = columns.count(name)
    if not held:
        shown = ", ".join(map(str, columns[:20])) + (", …" if len(columns) > 20 else "")
        raise InputError(f"column '{name}' is not in the frame. Choose among: {shown or '(it has no columns)'}.")
    if held > 1:
        raise InputError(f"column '{name}' stands {held} times in the frame. Rename one.")
    return df[name].tolist()


def _is_empty(cell: object) -> bool:
    return bool(pd.api.types.is_scalar(cell) and (pd.isna(cell) or cell == ""))  # type: ignore[call-overload]


def _categorical(values: pd.Series[Any], first: Iterable[str], *, ordered: bool = False) -> pd.Categorical:
    categories = list(dict.fromkeys((*first, *values.dropna())))
    return pd.Categorical(values, categories=pd.Index(categories, dtype="str"), ordered=ordered)
