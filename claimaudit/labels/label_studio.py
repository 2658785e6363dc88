"""Label Studio: tasks with predictions, the labelling interface of a pack, and annotated tasks back.

A claim is a region (`labels`) whose verdict, strength and assertion are choices of that region: results that share its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO
from xml.etree import ElementTree

from claimaudit.errors import InputError
from claimaudit.labels.regions import NO_CLAIM, Key, Region, Skipped, Task, copy_of, read_rows, said
from claimaudit.resources import Pack
from claimaudit.types import Assertion, Strength, Verdict, to_line

CLAIM, COPY, SETTING = "claim", "copy", "setting"
"""Names of the controls: what is labelled, the text, and in what setting its listing is sold."""
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "verdict": (*(verdict.value for verdict in Verdict), NO_CLAIM),
    "assertion": tuple(assertion.value for assertion in Assertion),
    "strength": tuple(strength.value for strength in Strength),
}
"""What is chosen for each region, and among what."""
UNKNOWN = "unknown"


def setup(pack: Pack) -> str:
    """The labelling interface of a pack, XML: its claim types as labels, its settings, and the choices of each region."""
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Header", value="$listing_id")
    _choices(view, SETTING, (*pack.settings, UNKNOWN))
    labels = ElementTree.SubElement(view, "Labels", name=CLAIM, toName=COPY)
    for claim_type in pack.claim_types:
        ElementTree.SubElement(labels, "Label", value=claim_type, hint=pack.claims[claim_type].about)
    ElementTree.SubElement(view, "Text", name=COPY, value="$text", saveTextResult="yes")
    for name, values in ATTRIBUTES.items():
        ElementTree.SubElement(view, "Header", value=name, size="5")
        required = {"required": "true", "requiredMessage": f"Each claim needs its {name}."}
        _choices(view, name, values, perRegion="true", **required)
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def _choices(view: ElementTree.Element, name: str, values: Iterable[str], **attributes: str) -> None:
    element = ElementTree.SubElement(
        view, "Choices", {"name": name, "toName": COPY, "choice": "single", "showInline": "true", **attributes}
    )
    for value in values:
        ElementTree.SubElement(element, "Choice", value=value)


def write_tasks(tasks: Iterable[Task], out: TextIO) -> None:
    """Write tasks for Label Studio's import, one JSON array."""
    out.write("[")
    for number, task in enumerate(tasks):
        out.write((",\n" if number else "\n") + to_line(to_row(task)).rstrip("\n"))
    out.write("\n]\n")


def to_row(task: Task) -> dict[str, Any]:
    """A task: `data`, and the regions as its one prediction."""
    data = {
        "text": task.text,
        "listing_id": task.listing_id,
        "field": task.field,
        "setting": task.setting or UNKNOWN,
        "product_class": task.product_class or UNKNOWN,
    }
    results = [_result("setting", "choices", {"choices": [data["setting"]]}, SETTING)]
    for region in task.regions:
        place = {"start": region.start, "end": region.end, "text": region.text}
        label = _result(region.id, "labels", {**place, "labels": [region.type]}, CLAIM)
        results.append({**label, "score": region.confidence, "meta": {"text": [region.note]}})
        for name in ATTRIBUTES:
            results.append(_result(region.id, "choices", {**place, "choices": [getattr(region, name)]}, name))
    score = max((region.confidence or 0.0 for region in task.regions), default=0.0)
    return {"data": data, "predictions": [{"model_version": task.made_by, "score": score, "result": results}]}


def _result(name: str, kind: str, value: Mapping[str, Any], control: str) -> dict[str, Any]:
    return {"id": name, "from_name": control, "to_name": COPY, "type": kind, "value": dict(value)}


def read_tasks(path: Path) -> Iterator[Task | Skipped | InputError]:
    """The annotations of an export in the format JSON, each as a task; what cannot be read comes as the error.

    Of a task that was annotated several times, each annotation counts, unless one is marked as ground truth.
    """
    for where, row in read_rows(path):
        if isinstance(row, InputError):
            yield row
            continue
        try:
            yield from _tasks(row, f"{where} (id {row['id']})" if "id" in row else where)
        except InputError as error:
            yield error


def read_copy(path: Path) -> dict[Key, str]:
    """The texts of a file of tasks, by listing id and field."""
    rows = [row.get("data") for _, row in read_rows(path) if isinstance(row, dict)]
    return copy_of((data, data["text"]) for data in rows if isinstance(data, dict) and isinstance(data.get("text"), str))


def _tasks(row: Mapping[str, Any], where: str) -> Iterator[Task | Skipped | InputError]:
    if CLAIM in row and "annotations" not in row:
        raise InputError(f"{where}: it does not say which verdict is whose. Export as JSON, not as JSON-MIN.")
    data = row.get("data")
    if not isinstance(data, dict):
        raise InputError(f"{where}: there is no 'data'. Export the tasks with their data.")
    annotations = _objects(row.get("annotations"))
    live = [one for one in annotations if not one.get("was_cancelled")]
    if not live:
        yield Skipped("skipped by the reader" if annotations else "not annotated")
    for annotation in [one for one in live if one.get("ground_truth")] or live:
        name = f"{where}, annotation {annotation['id']}" if "id" in annotation else where
        try:
            yield _task(annotation, data, name)
        except InputError as error:  # the other readers of the task are heard all the same
            yield error


def _task(annotation: Mapping[str, Any], data: Mapping[str, Any], where: str) -> Task:
    if not isinstance(annotation.get("result"), list):
        raise InputError(f"{where}: there is no 'result'. Export the tasks with their annotations.")
    results = _objects(annotation["result"])
    chosen = (_first(one, "choices") for one in results if one.get("from_name") == SETTING)
    return Task(
        where=where,
        listing_id=said(data, "listing_id") or "",
        field=said(data, "field") or "text",
        text=said(data, "text"),
        regions=tuple(_regions(results, where)),
        setting=next(chosen, said(data, "setting")),
        product_class=said(data, "product_class"),
    )


def _objects(values: Any) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def _regions(results: list[dict[str, Any]], where: str) -> Iterator[Region]:
    chosen: dict[str, dict[str, str]] = {}
    for one in results:
        if one.get("from_name") in ATTRIBUTES:
            chosen.setdefault(str(one.get("id")), {})[one["from_name"]] = _first(one, "choices") or ""
    labels = [one for one in results if one.get("type") == "labels"]
    unlabelled = sorted(chosen.keys() - {str(one.get("id")) for one in labels})
    if unlabelled:
        raise InputError(f"{where}: region '{unlabelled[0]}' has choices and no claim type. Label it, or delete it.")
    for one in labels:
        value, name = one.get("value"), str(one.get("id"))
        if not isinstance(value, dict) or not all(type(value.get(edge)) is int for edge in ("start", "end")):
            raise InputError(
                f"{where}: region '{name}' has no whole numbers as 'start' and 'end'. Label a Text, no HyperText."
            )
        types = value.get("labels")
        if not isinstance(types, list) or not types:
            raise InputError(f"{where}: region '{name}' has no claim type. Label it, or delete it.")
        for claim_type in types:
            attributes = chosen.get(name, {})
            yield Region(
                id=name,
                type=str(claim_type),
                start=value["start"],
                end=value["end"],
                text=said(value, "text"),
                verdict=attributes.get("verdict"),
                strength=attributes.get("strength"),
                assertion=attributes.get("assertion"),
            )


def _first(result: Mapping[str, Any], kind: str) -> str | None:
    value = result.get("value")
    values = value.get(kind) if isinstance(value, dict) else None
    return str(values[0]) if isinstance(values, list) and values else None
