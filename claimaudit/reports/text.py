"""Findings for a person at a terminal."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from claimaudit.decisions.diff import Change, Diff, Kind
from claimaudit.reports.page import printable, told_disguise
from claimaudit.resources import Pack
from claimaudit.types import AuditResult, ClaimType, Evasion, Finding, NearMiss, Strength

WIDTH = 100
_SAID = ("disclaimer", "substantiation", "baseline")
"""Steps of a finding's `why` that stand in the table."""
MOST_DISGUISES = 5
"""Of a listing, shown in the table; all of them stand in the other formats."""


def render(results: Iterable[AuditResult], *, show: str = "flagged", not_read: Sequence[str] = ()) -> Iterator[str]:
    """Lines of a report: each listing with its findings, and a closing summary.

    Parameters
    ----------
    results
        Audited listings.
    show
        `flagged`, `all` or `near-misses`.
    not_read
        What could not be read at all; counted when all results are through, so it may grow until then.
    """
    counts: Counter[str] = Counter()
    listings = incomplete = sentences = outside = suppressed = covered = doubtful = 0
    for result in results:
        listings += 1
        sentences += len(result.sentences)
        incomplete += not result.is_complete
        outside += not result.scope.in_scope
        suppressed += len(result.suppressed)
        covered += sum(bool(finding.substantiation) for finding in result.findings)
        counts.update(finding.verdict.value for finding in result.findings)
        doubtful += sum(item.review for item in result.near_misses)
        yield from map(printable, _listing(result, show))
    flagged = counts["contradicted"] + counts["overstated"]
    yield (
        f"{listings} listing{'s' * (listings != 1)}, {sentences} sentences: {flagged} flagged "
        f"({counts['contradicted']} contradicted, {counts['overstated']} overstated), {counts['consistent']} consistent"
        + (f"; {doubtful} held back, for review (--show near-misses)" if doubtful else "")
        + (f"; {outside} out of scope" if outside else "")
        + (f"; {covered} covered by substantiation on file" if covered else "")
        + (f"; {suppressed} in the baseline" if suppressed else "")
        + (f"; {incomplete} not read whole" if incomplete else "")
        + (f"; {len(not_read)} not read" if not_read else "")
    )


def _listing(result: AuditResult, show: str) -> Iterator[str]:
    items = result.items(show)
    if not items and not result.unchecked and not result.evasion:
        return
    scope = result.scope
    read_as = f", read as {scope.assumed_setting}" if scope.setting != scope.assumed_setting else ""
    yield f"── {result.listing.id}  [{scope.setting}{read_as}]"
    for item in items:
        yield from _item(item)
    if result.evasion:
        yield from _evasion(result.evasion)
    for note in result.unchecked:
        where = f" at {note.span.start}–{note.span.end}" if note.span else ""
        yield f"   unchecked{where}: {note.message}"
    yield ""


def _evasion(evasion: Evasion) -> Iterator[str]:
    yield ""
    yield f"   EVASION       {', '.join(evasion.families)}"
    yield from wrapped(evasion.message)
    for disguise in evasion.disguises[:MOST_DISGUISES]:
        yield from wrapped(told_disguise(disguise))
    more = len(evasion.disguises) - MOST_DISGUISES
    if more > 0:
        yield f"     and {more} more (--format json)"


def _item(item: Finding | NearMiss) -> Iterator[str]:
    claim = item.claim
    verdict = item.verdict.value if isinstance(item, Finding) else "near miss"
    yield ""
    for_review = "  (for review)" if item.review else ""
    yield f"   {verdict.upper():13} {claim.type} {claim.span.start}–{claim.span.end}{for_review}"
    yield from wrapped(f"claim: “{claim.text}” ({claim.strength.value}, {claim.assertion.value})")
    if claim.text != claim.sentence.text:
        yield from wrapped(f"in: “{_shortened(claim.sentence.text)}”")
    if isinstance(item, NearMiss):
        yield from wrapped(f"why: {item.reason}")
        return
    for step in item.why:
        if step.kind in _SAID:
            yield from wrapped(str(step))
    for ground in (item.limitations or item.permissions)[:1]:
        yield from wrapped(f"evidence: {ground.statement} [{ground.id}, {ground.confidence} confidence]")
        yield from wrapped(f"source: {ground.sources[0].citation}")
    more = max(len(item.limitations) - 1, 0)
    if item.is_flagged:
        yield from wrapped(f"more: {more} limitation{'s' * (more != 1)}, {len(item.rules)} rules (--format json)")
        yield from wrapped(f"would hold: {item.suggestion}")


def wrapped(text: str) -> list[str]:
    """A paragraph of the report, folded and indented."""
    return textwrap.wrap(text, WIDTH, initial_indent="     ", subsequent_indent="       ", break_long_words=False)


def _shortened(text: str, limit: int = 400) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def render_diff(diff: Diff) -> Iterator[str]:
    """Lines that tell what changed between two scans, and a closing summary."""
    for change in diff.changes:
        yield from map(printable, _change(change))
    counts = ", ".join(f"{diff.count(kind)} {kind.value}" for kind in Kind)
    yield f"{counts}, {diff.same} the same"


def _change(change: Change) -> Iterator[str]:
    was, now = (verdict.value if verdict else "nothing" for verdict in (change.old, change.new))
    field = f" [{change.field}]" if change.field != "text" else ""
    yield f"{change.kind.value.upper():8} {change.claim_type}: {was} → {now}  {change.listing_id}{field}"
    yield from wrapped(f"“{_shortened(change.sentence)}”")


def explain_type(pack: Pack, claim_type: ClaimType, *, setting: str | None = None) -> Iterator[str]:
    """Lines that explain a claim type: its ladder with the default verdicts, then the entries of the reference corpus."""
    return map(printable, _explained(pack, claim_type, setting))


def _explained(pack: Pack, claim_type: ClaimType, setting: str | None) -> Iterator[str]:
    file = pack.claims[claim_type]
    yield f"{claim_type}: {file.title}, {file.about}"
    yield ""
    for strength in Strength:
        yield f"  {strength.value:9} {file.verdicts[strength].value:13} {file.ladder[strength]}"
    yield ""
    yield "  hedged or limited: one verdict softer, once; denied: consistent; asked, conditional, reported, wished or"
    yield "  compared: no finding, but a near miss"
    if file.not_for:
        yield f"  not judged in the setting: {', '.join(file.not_for)}"
    for kind in ("limitation", "permission"):
        entries = [
            entry
            for entry in pack.limitations
            if entry.kind == kind
            and claim_type in entry.claim_types
            and (setting is None or entry.setting in ("any", setting))
        ]
        yield ""
        yield f"{len(entries)} {kind}{'s' * (len(entries) != 1)}"
        for entry in entries:
            holds = f"{entry.setting}; {', '.join(entry.modality)}; {', '.join(entry.conditions)}"
            yield f"  {entry.id} ({holds}; {entry.confidence})"
            yield from wrapped(entry.statement)
            yield from wrapped(f"ceiling: {entry.ceiling}")
