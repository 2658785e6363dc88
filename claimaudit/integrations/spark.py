"""Spark frames of copy in, Spark frames of findings out, through Arrow; public as `claimaudit.spark`.

One pass gives one row for each row of a frame (`audit_listings`), its findings among it; `findings_of` lays these out one a
row, and `audit_dataframe` is both. A worker process loads pack and model once and audits row by row, so that nothing depends
on partitions, batches or order. Workers need claimaudit, and a pack or model that is given, where the driver has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claimaudit.audit import Auditor, AuditSettings
from claimaudit.batch.dossier import NOTHING_ON_FILE
from claimaudit.batch.readers import Columns, Rejected, as_bytes, read_cell, read_row
from claimaudit.batch.run import audit_entries
from claimaudit.batch.writers import Table, printable
from claimaudit.errors import InputError, SettingsError
from claimaudit.reports.listings import LISTING_FIELDS, listing_row
from claimaudit.resources import Pack
from claimaudit.types import RECORD_FIELDS, check_show

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

EXTRA = "pip install 'claimaudit[spark]'"
FINDINGS = "findings"
REJECTED = "rejected"

_ROWS = 256
"""Listings of a batch that goes back to Spark: what a worker holds at a time, beside the batch that it was given."""
_KINDS = {"text": "STRING", "bool": "BOOLEAN", "int64": "BIGINT", "float64": "DOUBLE", "list": "ARRAY<STRING>"}


def audit_dataframe(
    df: DataFrame,
    text_col: str | Sequence[str] = "text",
    *,
    id_col: str = "id",
    setting_col: str | None = None,
    keep: Sequence[str] = (),
    show: str = "all",
    pack: str | Path | None = None,
    model: str | Path | None = None,
    settings: AuditSettings | None = None,
    **options: Any,
) -> DataFrame:
    """Audit a frame of copy: a new frame with one row a finding, the rows that `scan_catalogue` writes, in no order.

    A row that cannot be read has no finding here: `audit_listings` says which, and why.

    Parameters
    ----------
    df
        A frame with one listing a row.
    text_col
        The column that holds the copy, or several: fields of one listing, the title first.
    id_col
        The column that names a listing. An id that stands twice is not looked for.
    setting_col
        The column that says in which setting a row is offered. None: `setting` where there is one.
    keep
        Columns to carry along, as text.
    show
        `all` findings, the `flagged` ones, or the `near-misses` alone.
    pack, model, settings, options
        As for `Auditor`; packs and models by name or folder.

    Returns
    -------
    DataFrame
        Columns `RECORD_FIELDS` and `keep`, in the types of `findings_ddl`.

    Raises
    ------
    InputError
        pyspark is not installed, `df` is no frame of it, or a column is not there, stands twice or holds no text.
    SettingsError
        An option is unknown or impossible, or a column to keep has the name of one of the result's.
    PackError, ModelError
        As for `Auditor`.
    """
    return findings_of(
        audit_listings(
            df,
            text_col,
            id_col=id_col,
            setting_col=setting_col,
            keep=keep,
            show=show,
            pack=pack,
            model=model,
            settings=settings,
            **options,
        )
    )


def audit_listings(
    df: DataFrame,
    text_col: str | Sequence[str] = "text",
    *,
    id_col: str = "id",
    setting_col: str | None = None,
    keep: Sequence[str] = (),
    show: str = "all",
    pack: str | Path | None = None,
    model: str | Path | None = None,
    settings: AuditSettings | None = None,
    **options: Any,
) -> DataFrame:
    """Audit a frame of copy: a new frame with one row for each row given, whatever was found there.

    Where a row could not be read, `rejected` says why, with the mend; `complete` is false, and what an audit would tell is
    null. Persist or write the frame before taking its findings out with `findings_of`, so that the copy is audited once.
    Parameters and errors are those of `audit_dataframe`.

    Returns
    -------
    DataFrame
        Columns `LISTING_FIELDS`, `rejected`, `keep` and `findings` (an array of structs), in the types of `listings_ddl`.
    """
    _require_spark()
    from pyspark.sql import functions as F  # noqa: N812

    check_show(show)
    if isinstance(pack, Pack):
        raise SettingsError("give the name or the folder of a pack, so that the workers can load it.")
    if settings is not None and options:
        raise SettingsError(f"give settings or {', '.join(options)}, not both.")
    settings = settings or AuditSettings.of(**options)
    if settings.jurisdictions is not None:
        settings = replace(settings, jurisdictions=tuple(settings.jurisdictions))
    texts = (text_col,) if isinstance(text_col, str) else tuple(text_col)
    columns = Columns(text=texts, id=id_col, setting=setting_col or "setting", keep=tuple(keep))
    _check_columns(df, columns, setting_col)
    loading = _Loading(None if pack is None else str(pack), None if model is None else str(model), settings)
    names = tuple(name for name in columns.wanted if name in df.columns)
    worker = _Worker(replace(loading, signature=str(loading.auditor().signature)), columns, names, show)
    # By number, for PySpark's mapInArrow takes the dot in a name for a path.
    read = df.select(*(F.col(_quoted(name)).alias(f"_{number}") for number, name in enumerate(names)))
    return read.mapInArrow(worker.audit, listings_ddl(keep))


def findings_of(listings: DataFrame) -> DataFrame:
    """The findings of a frame that `audit_listings` made, one a row, with the columns that were kept."""
    _require_spark()
    from pyspark.sql import functions as F  # noqa: N812

    own = {*LISTING_FIELDS, REJECTED, FINDINGS}
    return listings.select(F.inline(FINDINGS), *(F.col(_quoted(name)) for name in listings.columns if name not in own))


def findings_ddl(keep: Sequence[str] = ()) -> str:
    """Columns of `audit_dataframe` as Spark's DDL: those of the Arrow schema of Parquet, all of them nullable.

    >>> findings_ddl(["seller"]).split(", ")[-2:]
    ['`disclaimers` ARRAY<STRING>', '`seller` STRING']
    """
    return ", ".join(_declared(Table.of_findings(keep), " "))


def listings_ddl(keep: Sequence[str] = ()) -> str:
    """Columns of `audit_listings` as Spark's DDL.

    >>> listings_ddl(["seller"]).split(", ")[16:19]
    ['`rejected` STRING', '`seller` STRING', '`findings` ARRAY<STRUCT<`listing_id`: STRING']
    """
    table = Table.of_listings((REJECTED, *keep))
    finding = ", ".join(_declared(Table.of_findings(), ": "))
    return ", ".join([*_declared(table, " "), f"{_quoted(FINDINGS)} ARRAY<STRUCT<{finding}>>"])


def _declared(table: Table, between: str) -> Iterator[str]:
    for name in table.columns:
        yield f"{_quoted(name)}{between}{_KINDS[table.kind(name)]}"


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


# --- What is checked on the driver -------------------------------------------------------------------------------


def _require_spark() -> None:
    try:
        import pyarrow  # noqa: F401
        import pyspark.sql  # noqa: F401
    except ImportError:
        raise InputError(f"Spark frames are audited with the extra 'spark': {EXTRA}.") from None


def _check_columns(df: object, columns: Columns, setting_col: str | None) -> None:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import CharType, StringType, VarcharType

    if not isinstance(df, DataFrame):
        raise InputError(f"wanted a Spark DataFrame, got {type(df).__name__}. Make it one with spark.createDataFrame.")
    held = df.columns
    for name in (*columns.text, columns.id_name, *columns.keep, *([setting_col] if setting_col else [])):
        if name not in held:
            raise InputError(f"column '{name}' is not in the frame. Choose among: {', '.join(held)}.")
    for name in columns.wanted:
        if held.count(name) > 1:
            raise InputError(f"column '{name}' stands {held.count(name)} times in the frame. Rename one.")
    for name in columns.text:
        kind = df.schema[name].dataType
        if not isinstance(kind, StringType | CharType | VarcharType):
            raise InputError(f"column '{name}' is {kind.simpleString()}, not text. Name another, or cast it to string.")
    own = {*LISTING_FIELDS, *RECORD_FIELDS, REJECTED, FINDINGS}
    for name in columns.keep:
        if name.lower() in own:  # Spark tells no case
            raise SettingsError(f"keep: '{name}' is a column of the result already. Rename that column of the frame.")


# --- What runs on the workers ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Loading:
    """What an auditor is made of, and the signature of the driver's, which a worker's must have."""

    pack: str | None
    model: str | None
    settings: AuditSettings
    signature: str | None = None

    def auditor(self) -> Auditor:
        return Auditor(self.pack, model=self.model, settings=self.settings)


@lru_cache(maxsize=2)
def _loaded(loading: _Loading) -> Auditor:
    """The auditor of a worker process. Spark goes on using the process, so it is loaded once for many partitions."""
    auditor = loading.auditor()
    if str(auditor.signature) != loading.signature:
        raise SettingsError(
            f"a worker would audit with {auditor.signature}, the driver with {loading.signature}. "
            "Install the same version, pack and model on both."
        )
    return auditor


@dataclass(frozen=True, slots=True)
class _Worker:
    """What is sent to the workers: plain values. `names` are those of the batches' columns in the frame, in order."""

    loading: _Loading
    columns: Columns
    names: tuple[str, ...]
    show: str

    def audit(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Record batches of rows of the frame to record batches of audited listings."""
        import pyarrow as pa

        auditor = _loaded(self.loading)
        schema = _arrow_schema(self.columns.keep)
        for batch in batches:
            for start in range(0, batch.num_rows, _ROWS):
                rows = self._audited(auditor, self._rows(batch.slice(start, _ROWS)))
                yield pa.RecordBatch.from_pylist(list(rows), schema=schema)

    def _rows(self, batch: Any) -> list[dict[str, Any]]:
        """Rows of a record batch; strings as bytes, so that one that is not UTF-8 costs its row alone."""
        import pyarrow as pa

        cells = [as_bytes(column, pa).to_pylist() for column in batch.columns]
        return [dict(zip(self.names, row, strict=True)) for row in zip(*cells, strict=True)]

    def _audited(self, auditor: Auditor, rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        items = [read_row(row, self.columns, settings=auditor.pack.settings) for row in rows]
        for row, item in zip(rows, audit_entries(auditor, NOTHING_ON_FILE, items), strict=True):
            if isinstance(item, Rejected):
                kept = {name: read_cell(name, row) for name in self.columns.keep}
                listing_id = read_cell(self.columns.id_name, row)
                about = {"listing_id": listing_id, "complete": False, REJECTED: item.message, **kept}
                findings = []
            else:
                entry, result = item
                about = {**listing_row(result), **entry.kept}
                findings = [printable(record) for record in result.records(self.show)]
            yield {**printable(about), FINDINGS: findings}


def _arrow_schema(keep: Sequence[str]) -> Any:
    """The Arrow schema of `listings_ddl`."""
    import pyarrow as pa

    findings = pa.list_(pa.struct(_nullable(Table.of_findings().arrow_schema())))
    listings = _nullable(Table.of_listings((REJECTED, *keep)).arrow_schema())
    return pa.schema([*listings, pa.field(FINDINGS, findings)])


def _nullable(schema: Any) -> Iterator[Any]:
    """Fields as Spark's DDL declares them: all may be null, and so may the items of lists."""
    import pyarrow as pa

    for field in schema:
        yield pa.field(field.name, pa.list_(pa.string()) if pa.types.is_list(field.type) else field.type)
