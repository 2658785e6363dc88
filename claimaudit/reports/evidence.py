"""The reference corpus for people: what applies to a type, a setting or a modality, at a terminal or as a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date

from claimaudit.claims.scope import closure
from claimaudit.errors import InputError
from claimaudit.reports.page import printable
from claimaudit.reports.text import wrapped
from claimaudit.resources import Pack
from claimaudit.types import Limitation, Rule, Source, Strength

Entry = Limitation | Rule
ANY = "any"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which entries of the reference corpus to show; None leaves a field open.

    `modality` and `condition` choose the entries that hold for them: those that name them or what stands above them, and
    those that hold for any.
    """

    claim_type: str | None = None
    setting: str | None = None
    modality: str | None = None
    condition: str | None = None
    jurisdiction: str | None = None


def select(pack: Pack, selection: Selection = Selection()) -> tuple[Entry, ...]:
    """The limitations and permissions, then the rules, that a selection chooses, in the pack's order.

    Raises
    ------
    InputError
        The selection names what the pack does not know; the message lists what it knows.
    """
    modalities, conditions = closure(pack.scope.modalities), closure(pack.scope.conditions)
    known = {
        "claim_type": pack.claim_types,
        "setting": pack.settings,
        "modality": tuple(modalities),
        "condition": tuple(conditions),
        "jurisdiction": pack.jurisdictions,
    }
    for field in fields(selection):
        value = getattr(selection, field.name)
        if value is not None and value not in known[field.name]:
            what = field.name.replace("_", " ")
            raise InputError(f"there is no {what} '{value}'. Choose among {', '.join(known[field.name])}.")
    entries: tuple[Entry, ...] = (*pack.limitations, *pack.rules)
    return tuple(
        entry
        for entry in entries
        if (selection.claim_type is None or selection.claim_type in entry.claim_types)
        and entry.setting in (ANY, selection.setting or entry.setting)
        and _covers(entry.modality, selection.modality, modalities)
        and _covers(entry.conditions, selection.condition, conditions)
        and not (isinstance(entry, Rule) and entry.jurisdiction != (selection.jurisdiction or entry.jurisdiction))
    )


def _covers(named: Iterable[str], chosen: str | None, parents: Mapping[str, frozenset[str]]) -> bool:
    """Whether an entry that names these holds for the one chosen."""
    return chosen is None or ANY in named or not parents[chosen].isdisjoint(named)


def render(entries: Sequence[Entry], *, as_of: date) -> Iterator[str]:
    """Lines that tell each entry with its ceiling, figures and sources; one whose review was due before `as_of` says so."""
    for entry in entries:
        yield from map(printable, _entry(entry, as_of))
    stale = sum(_is_stale(entry, as_of) for entry in entries)
    yield f"{_counted(entries)}" + (f"; {stale} overdue for review on {as_of.isoformat()}" if stale else "")


def _entry(entry: Entry, as_of: date) -> Iterator[str]:
    yield f"── {_title(entry)}"
    yield from wrapped(_holds(entry))
    yield from wrapped(entry.statement)
    for label, text in _details(entry):
        yield from wrapped(f"{label}: {text}")
    for source in entry.sources:
        yield from wrapped(f"source: {_cited(source)}")
    overdue = f"; REVIEW OVERDUE since {entry.review_by}" if _is_stale(entry, as_of) else f", next by {entry.review_by}"
    yield from wrapped(f"reviewed {entry.reviewed_on}{overdue}")
    yield ""


def to_records(entries: Sequence[Entry]) -> list[dict[str, object]]:
    """The entries as plain values, sources by id."""
    return [
        {
            "kind": _kind(entry),
            "id": entry.id,
            "jurisdiction": entry.jurisdiction if isinstance(entry, Rule) else None,
            "authority": entry.authority if isinstance(entry, Rule) else None,
            "provision": f"{entry.instrument}, {entry.provision}" if isinstance(entry, Rule) else None,
            "claim_types": list(entry.claim_types),
            "setting": entry.setting,
            "modality": list(entry.modality),
            "conditions": list(entry.conditions),
            "statement": entry.statement,
            "ceiling": entry.acceptable if isinstance(entry, Rule) else entry.ceiling,
            "wording": None if isinstance(entry, Rule) else entry.wording,
            "figures": [] if isinstance(entry, Rule) else [[figure.fact, figure.source] for figure in entry.figures],
            "source_ids": [source.id for source in entry.sources],
            "confidence": entry.confidence,
            "reviewed_on": entry.reviewed_on,
            "review_by": entry.review_by,
        }
        for entry in entries
    ]


def to_markdown(pack: Pack) -> str:
    """The whole reference corpus as one page of Markdown, made from the data alone (no date of today in it)."""
    limitations = [entry for entry in pack.limitations if entry.kind == "limitation"]
    permissions = [entry for entry in pack.limitations if entry.kind == "permission"]
    entries: tuple[Entry, ...] = (*pack.limitations, *pack.rules)
    reviewed = [entry.reviewed_on for entry in entries]
    due = min(entry.review_by for entry in entries)
    lines = [
        f"# {pack.title}: the reference corpus",
        "",
        f"Made from `corpora/{pack.name}` by `make docs`: {_counted(entries)}, {len(pack.sources)} sources.",
        f"Reviewed between {min(reviewed)} and {max(reviewed)}; the first review is due by {due}.",
        "Not legal or medical advice.",
        "",
        "## Claim types",
        "",
        "| type | absolute | strong | modest |",
        "| --- | --- | --- | --- |",
    ]
    for name, file in pack.claims.items():
        rungs = (f"{file.verdicts[strength].value}: {file.ladder[strength]}" for strength in Strength)
        lines.append(f"| **{name}**: {_cell(file.about)} | " + " | ".join(_cell(rung) for rung in rungs) + " |")
    lines += ["", "Verdicts by default; a limitation with a ceiling of its own says so below.", ""]
    for heading, group in (("Limitations", limitations), ("Permissions", permissions), ("Rules", pack.rules)):
        lines += [f"## {heading}", ""]
        for entry in group:
            lines += _section(entry)
    lines += ["## Sources", "", f"Full citations stand in `corpora/{pack.name}/sources.yaml`.", ""]
    for source in pack.sources.values():
        place = f"<{source.link}>" if source.link else source.citation
        lines.append(f"- <a id='{source.id}'></a>**{source.id}** ({source.kind}): {source.supports} {place}")
    return "\n".join(lines) + "\n"


def _section(entry: Entry) -> list[str]:
    return [
        f"### {_title(entry)}",
        "",
        entry.statement,
        "",
        *(f"- {label}: {text}" for label, text in _details(entry)),
        f"- {_holds(entry)}",
        f"- reviewed {entry.reviewed_on}, next by {entry.review_by}; sources: "
        + ", ".join(f"[{source.id}](#{source.id})" for source in entry.sources),
        "",
    ]


def _kind(entry: Entry) -> str:
    return "rule" if isinstance(entry, Rule) else entry.kind


def _title(entry: Entry) -> str:
    return f"{entry.id} ({entry.jurisdiction}: {entry.authority})" if isinstance(entry, Rule) else entry.id


def _holds(entry: Entry) -> str:
    about = entry.claim_types or (entry.families if isinstance(entry, Rule) else ())
    return (
        f"{_kind(entry)} on {', '.join(about)}; setting: {entry.setting}; modality: {', '.join(entry.modality)}; "
        f"conditions: {', '.join(entry.conditions)}; {entry.confidence} confidence"
    )


def _details(entry: Entry) -> Iterator[tuple[str, str]]:
    if isinstance(entry, Rule):
        yield "instrument", f"{entry.instrument}, {entry.provision}"
        yield "acceptable", entry.acceptable
        return
    yield "ceiling", entry.ceiling
    if entry.verdicts:
        yield "verdicts", ", ".join(f"{strength.value} {verdict.value}" for strength, verdict in entry.verdicts.items())
    if entry.softer:
        yield "verdicts", "one softer than those of its claim types"
    if entry.named_in_sentence:
        yield "holds", "where the sentence itself names the condition"
    if entry.not_beside:
        yield "does not hold", f"beside {', '.join(entry.not_beside)}"
    yield "would hold", entry.wording
    for figure in entry.figures:
        yield "figure", f"{figure.fact} [{figure.source}]"
    if entry.notes:
        yield "note", entry.notes


def _cited(source: Source) -> str:
    return f"{source.citation}. {source.link}" if source.link else f"{source.citation}."


def _is_stale(entry: Entry, as_of: date) -> bool:
    return entry.review_by < as_of.isoformat()


def _counted(entries: Iterable[Entry]) -> str:
    counts = Counter(_kind(entry) for entry in entries)
    return ", ".join(f"{counts[kind]} {kind}{'s' * (counts[kind] != 1)}" for kind in ("limitation", "permission", "rule"))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")
