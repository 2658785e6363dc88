"""What annotation tools have in common: a text with regions, each with a claim type and what a reader says of it.

Labels lie on the readable text: plain copy as given, HTML as a person sees it. Offsets inside the library are code points;
some tools count UTF-16 units, in which an emoji is two, and some take "\\r\\n" for one character.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from claimaudit.errors import InputError
from claimaudit.text.markup import read_page
from claimaudit.types import AuditResult, ClaimType, Finding, NearMiss, Span

NO_CLAIM = "none"
"""Instead of a verdict: nobody's promise, or no claim at all."""


class Offsets(StrEnum):
    """What an offset counts."""

    CODE_POINTS = "code-points"
    UTF_16 = "utf-16"


@dataclass(frozen=True, slots=True)
class Region:
    """A claim as a tool holds it. Offsets count what the tool counts; None is what it does not say."""

    id: str
    type: ClaimType
    start: int
    end: int
    text: str | None = None
    verdict: str | None = None
    strength: str | None = None
    assertion: str | None = None
    confidence: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A text to label, or labelled: one field of a listing.

    `where` names it in messages, `made_by` who proposed the regions.
    """

    where: str
    listing_id: str
    field: str
    text: str | None
    regions: tuple[Region, ...]
    setting: str | None = None
    product_class: str | None = None
    made_by: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A task that nobody labelled, and why."""

    reason: str


Key = tuple[str, str]
"""Listing id and field."""


# --- Out -----------------------------------------------------------------------------------------------------


def tasks_of(result: AuditResult, offsets: Offsets = Offsets.CODE_POINTS) -> Iterator[Task]:
    """The copy of a listing with its findings and near misses as regions; a task for each field that holds words."""
    items: list[Finding | NearMiss] = [*result.findings, *result.near_misses]
    items.sort(key=lambda item: (item.claim.sentence.index, item.claim.span))
    for listing in dict.fromkeys(sent.listing for sent in result.sentences):
        text = read_page(listing.text, markup=listing.markup).readable.text
        starts: dict[int, int] = {}
        place = 0
        for sent in result.sentences:
            if sent.listing == listing:
                starts[sent.index] = text.index(sent.readable.text, place)
                place = starts[sent.index] + len(sent.readable.text)
        here = [item for item in items if item.claim.sentence.listing == listing]
        yield Task(
            where=listing.id,
            listing_id=listing.id,
            field=listing.field,
            text=text,
            regions=tuple(_region(f"c{number}", item, starts, text, offsets) for number, item in enumerate(here, 1)),
            setting=listing.setting or result.scope.setting,
            product_class=result.scope.product_class,
            made_by=str(result.signature),
        )


def _region(name: str, item: Finding | NearMiss, starts: Mapping[int, int], text: str, offsets: Offsets) -> Region:
    claim = item.claim
    first = starts[claim.sentence.index]
    start, end = (first + place for place in claim.sentence.readable.covered(claim.span))
    return Region(
        id=name,
        type=claim.type,
        start=_width(text[:start], offsets),
        end=_width(text[:end], offsets),
        text=text[start:end],
        verdict=item.verdict.value if isinstance(item, Finding) else NO_CLAIM,
        strength=claim.strength.value,
        assertion=claim.assertion.value,
        confidence=claim.confidence,
        note=item.message if isinstance(item, Finding) else item.reason,
    )


# --- In ------------------------------------------------------------------------------------------------------


def read_rows(path: Path) -> Iterator[tuple[str, dict[str, Any] | InputError]]:
    """The objects of a file, a JSON array or JSON Lines, each with where it stands; a row that is none comes as the error.

    Raises
    ------
    InputError
        The file cannot be read, or is neither.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}. Check the path.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 (byte {error.start}). Export it again.") from None
    rows: Iterable[tuple[str, Any]]
    if text.lstrip().startswith("["):
        try:
            rows = [(f"{path}: task {number}", row) for number, row in enumerate(json.loads(text), 1)]
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}: not JSON ({error}). Export it again.") from None
    else:
        rows = _lines(text, path)
    for where, row in rows:
        if isinstance(row, dict | InputError):
            yield where, row
        else:
            yield where, InputError(f"{where}: an object was expected, got {type(row).__name__}. Export it again.")


def _lines(text: str, path: Path) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):  # not splitlines: JSON may hold other line separators
        if line.strip():
            where = f"{path}:{number}"
            try:
                yield where, json.loads(line)
            except (ValueError, RecursionError) as error:
                yield where, InputError(f"{where}: not JSON ({error}). Write one object a line.")


def copy_of(rows: Iterable[tuple[Mapping[str, Any], str]]) -> dict[Key, str]:
    """Texts by listing and field, of pairs of what a row says of itself and its text."""
    return {(str(said["listing_id"]), str(said.get("field", "text"))): text for said, text in rows if "listing_id" in said}


def place_regions(text: str, regions: Sequence[Region], offsets: Offsets) -> list[Span | InputError]:
    """Where regions lie in a text, in code points, without white space at their ends.

    A region that brings its words is checked against them; where they do not agree, its offsets are read as the other unit,
    and with "\\r\\n" as one character. One without words is read as the others of its task.
    """
    other = next(unit for unit in Offsets if unit is not offsets)
    rulers = [_ruler(text, unit, joined) for joined in (False, True)[: 1 + ("\r\n" in text)] for unit in (offsets, other)]
    agreeing = [_agreeing(text, region, rulers) for region in regions]
    usual = next((found[0] for found in agreeing if found and 0 not in found), 0)
    placed: list[Span | InputError] = []
    for region, found in zip(regions, agreeing, strict=True):
        try:
            if region.text is not None and not found:
                raise InputError(
                    f"region '{region.id}' [{region.start}, {region.end}) says {_shown(region.text)}, and there stands "
                    f"{_shown(_cut(text, rulers[0], region))}, in whatever unit. Mark it again, or give the "
                    "copy that was labelled."
                )
            ruler = rulers[found[0] if found and usual not in found else usual]
            placed.append(_placed(text, region, ruler, offsets))
        except InputError as error:
            placed.append(error)
    return placed


def _agreeing(text: str, region: Region, rulers: Sequence[Mapping[int, int]]) -> list[int]:
    """The rulers by which the region's own words stand at its offsets."""
    if region.text is None:
        return []
    return [number for number, ruler in enumerate(rulers) if _words(_cut(text, ruler, region)) == _words(region.text)]


def _placed(text: str, region: Region, ruler: Mapping[int, int], offsets: Offsets) -> Span:
    start, end = ruler.get(region.start), ruler.get(region.end)
    if start is None or end is None or start >= end:
        raise InputError(
            f"region '{region.id}' [{region.start}, {region.end}) is empty or not in the text of {len(text)} characters, "
            f"counted in {offsets.value}. Choose the other --offsets, or mark it again."
        )
    words = text[start:end]
    start, end = start + len(words) - len(words.lstrip()), end - len(words) + len(words.rstrip())
    if start >= end:
        raise InputError(f"region '{region.id}' [{region.start}, {region.end}) holds no words. Delete it.")
    return Span(start, end)


def _ruler(text: str, offsets: Offsets, joined: bool) -> dict[int, int]:
    """Code points by a tool's offsets; with `joined`, "\\r\\n" counts as one."""
    ruler: dict[int, int] = {}
    offset = 0
    for place, character in enumerate(text):
        ruler.setdefault(offset, place)
        if not (joined and text.startswith("\r\n", place)):
            offset += _width(character, offsets)
    ruler[offset] = len(text)
    return ruler


def _width(text: str, offsets: Offsets) -> int:
    if offsets is Offsets.CODE_POINTS or text.isascii():
        return len(text)
    return len(text) + sum(character > "\uffff" for character in text)


def _cut(text: str, ruler: Mapping[int, int], region: Region) -> str:
    start, end = ruler.get(region.start), ruler.get(region.end)
    return "" if start is None or end is None else text[start:end]


def _words(text: str) -> str:
    """A region's words for comparing; some tools write a line break in them as the two characters `\\n`."""
    return "".join(text.replace("\\n", " ").split())


def said(row: Mapping[str, Any], key: str) -> str | None:
    """A text that a row holds under a key, None if it holds none."""
    value = row.get(key)
    return value if isinstance(value, str) else None


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:59] + "…")
