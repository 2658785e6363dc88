"""Prodigy: JSON Lines for span categorisation, and annotated ones back.

What a reader can change is a span's label, so the label says it all: `painless/contradicted`; `painless/asked` where nobody
promises it; `painless/none` where there is no claim. Strength and assertion ride along on the spans that were proposed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from claimaudit.errors import InputError
from claimaudit.labels.regions import NO_CLAIM, Key, Region, Skipped, Task, copy_of, read_rows, said
from claimaudit.resources import Pack
from claimaudit.types import NO_VERDICT, Assertion, Verdict, to_line

SAID = (*(verdict.value for verdict in Verdict), *(one.value for one in Assertion if one in NO_VERDICT), NO_CLAIM)
"""What stands behind the slash of a label."""


def setup(pack: Pack) -> str:
    """All labels of a pack, one a line: what `--label FILE` reads."""
    return "".join(f"{claim_type}/{said}\n" for claim_type in pack.claim_types for said in SAID)


def write_tasks(tasks: Iterable[Task], out: TextIO) -> None:
    """Write tasks for Prodigy, one a line."""
    out.writelines(to_line(to_row(task)) for task in tasks)


def to_row(task: Task) -> dict[str, Any]:
    """A task with its regions as spans, and what is known of the listing as `meta`."""
    spans = [
        {
            "start": region.start,
            "end": region.end,
            "label": f"{region.type}/{_said(region)}",
            "text": region.text,
            "strength": region.strength,
            "assertion": region.assertion,
            "score": region.confidence,
        }
        for region in task.regions
    ]
    meta = {
        "listing_id": task.listing_id,
        "field": task.field,
        "setting": task.setting,
        "product_class": task.product_class,
        "made_by": task.made_by,
    }
    return {"text": task.text, "spans": spans, "meta": {name: value for name, value in meta.items() if value is not None}}


def _said(region: Region) -> str | None:
    is_nobodys = region.verdict == NO_CLAIM and region.assertion in NO_VERDICT
    return region.assertion if is_nobodys else region.verdict


def read_tasks(path: Path) -> Iterator[Task | Skipped | InputError]:
    """The accepted rows of an annotated file, each as a task; what cannot be read comes as the error."""
    for where, row in read_rows(path):
        if isinstance(row, InputError):
            yield row
            continue
        try:
            yield _task(row, where)
        except InputError as error:
            yield error


def read_copy(path: Path) -> dict[Key, str]:
    """The texts of a file of rows, by listing id and field."""
    rows = [row for _, row in read_rows(path) if isinstance(row, dict)]
    return copy_of((_meta(row), row["text"]) for row in rows if isinstance(row.get("text"), str))


def _meta(row: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = row.get("meta")
    return meta if isinstance(meta, dict) else {}


def _task(row: Mapping[str, Any], where: str) -> Task | Skipped:
    answer = row.get("answer", "accept")
    if answer != "accept":
        return Skipped(f"answered '{answer}'")
    spans = row.get("spans")
    if not isinstance(spans, list):
        raise InputError(f"{where}: there are no 'spans'. Give what `prodigy db-out` wrote of a spans recipe.")
    meta = _meta(row)
    return Task(
        where=where,
        listing_id=said(meta, "listing_id") or "",
        field=said(meta, "field") or "text",
        text=said(row, "text"),
        regions=tuple(_region(span, f"span {number}", where) for number, span in enumerate(spans, 1)),
        setting=said(meta, "setting"),
        product_class=said(meta, "product_class"),
    )


def _region(span: Any, name: str, where: str) -> Region:
    if not isinstance(span, dict) or not all(type(span.get(edge)) is int for edge in ("start", "end")):
        raise InputError(f"{where}: {name} has no whole numbers as 'start' and 'end'. Mark it again.")
    claim_type, _, verdict = (said(span, "label") or "").partition("/")
    assertion = said(span, "assertion")
    if verdict in NO_VERDICT:
        verdict, assertion = NO_CLAIM, verdict
    elif assertion in NO_VERDICT:
        assertion = None  # proposed for another label than the one that now stands
    return Region(
        id=name,
        type=claim_type,
        start=span["start"],
        end=span["end"],
        text=said(span, "text"),
        verdict=verdict or None,
        strength=said(span, "strength"),
        assertion=assertion,
    )
