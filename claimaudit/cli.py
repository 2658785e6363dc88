"""The command line: parse, call, print, exit. Each command is a thin face of a library function."""

from __future__ import annotations

import atexit
import errno
import gc
import io
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import date
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer
from typer.core import TyperGroup

from claimaudit.errors import ClaimAuditError, InputError, OutputError

if TYPE_CHECKING:
    from claimaudit.audit import Auditor
    from claimaudit.batch.dossier import Dossier
    from claimaudit.batch.readers import Entry, Rejected
    from claimaudit.batch.run import Counts, ScanSummary, Shown
    from claimaudit.decisions.baseline import Recorder
    from claimaudit.types import AuditResult

CLEAN, FOUND, COULD_NOT_RUN, INCOMPLETE = 0, 1, 2, 3
INTERRUPTED = 130


class _Commands(TyperGroup):
    """Ends a command that the system or the user stops with one line and the right status, before Typer ends it its way."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (OSError, KeyboardInterrupt, MemoryError) as error:
            raise typer.Exit(_stopped(error)) from error


app = typer.Typer(
    name="claimaudit",
    cls=_Commands,
    help="Audits marketing copy: finds the claims and flags those that the evidence does not carry.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
packs_app = typer.Typer(
    help="Look after packs: the data of one field of claims.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(packs_app, name="packs")
corpus_app = typer.Typer(help="Look after a pack's training corpus.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(corpus_app, name="corpus")
review_app = typer.Typer(help="Take in what reviewers decided.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(review_app, name="review")
labels_app = typer.Typer(
    help="Audited copy to annotation tools, corrected labels back.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(labels_app, name="labels")


class Format(StrEnum):
    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"
    JSON = "json"
    HTML = "html"


BATCH = (Format.JSONL, Format.CSV, Format.PARQUET)
"""Formats that a file is written in block by block, on all cores, resumably."""
WITH_SHOW = (Format.TABLE, *BATCH, Format.XLSX)
"""Formats that hold what `--show` chooses; the others hold whole results."""
WITH_KEEP = BATCH
"""Formats with a row a finding, to which `--keep` adds its columns."""


class Show(StrEnum):
    FLAGGED = "flagged"
    ALL = "all"
    NEAR_MISSES = "near-misses"


class FailOn(StrEnum):
    CONTRADICTED = "contradicted"
    OVERSTATED = "overstated"
    NEVER = "never"


class ReportFormat(StrEnum):
    TABLE = "table"
    JSON = "json"


class PageFormat(StrEnum):
    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


class DiffFormat(StrEnum):
    TABLE = "table"
    JSONL = "jsonl"


class Speed(StrEnum):
    ACCURATE = "accurate"
    FAST = "fast"
    PATTERNS = "patterns"


class Tool(StrEnum):
    LABEL_STUDIO = "label-studio"
    PRODIGY = "prodigy"


class Unit(StrEnum):
    CODE_POINTS = "code-points"
    UTF_16 = "utf-16"


class Split(StrEnum):
    TEST = "test"
    CALIBRATION = "calibration"
    TRAIN = "train"
    HELD_OUT = "held-out"
    CLEAN = "clean"


ModelOption = Annotated[
    Path | None, typer.Option("--model", help="Folder of a trained model. Default: the one of the pack.")
]
SpeedOption = Annotated[
    Speed | None, typer.Option("--speed", help="Default: accurate where there is a model, else patterns.")
]
AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", help="The day on which expiry and review dates are read, YYYY-MM-DD. Default: today."),
]
PackOption = Annotated[str | None, typer.Option("--pack", help="Name of a shipped pack, or a folder. Default: skin.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        from claimaudit._version import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _claimaudit(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and stop.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    pass


@app.command()
def scan(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Files (.txt .md .html .csv .tsv .jsonl .parquet .xlsx; .gz .zst), folders, URLs, or - for standard input."
        ),
    ],
    setting: Annotated[str, typer.Option(help="auto, or a setting of the pack (home, clinic) for all listings.")] = "auto",
    format_: Annotated[
        Format | None, typer.Option("--format", help="How to write the findings. Default: as the output ends, else table.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write here instead of standard output; jsonl, csv, parquet: on all cores, resumably.",
        ),
    ] = None,
    listings: Annotated[
        Path | None, typer.Option(help="Write one row a listing here, with a priority (.jsonl .csv .parquet .xlsx).")
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(help="Write rows that were not read here. Default: OUTPUT.rejects.jsonl, if there are any."),
    ] = None,
    show: Annotated[
        Show | None,
        typer.Option(help="Not for json and html, which hold all. Default: flagged in the table, all in the other formats."),
    ] = None,
    fail_on: Annotated[FailOn, typer.Option(help="Least verdict that makes the exit status 1.")] = FailOn.CONTRADICTED,
    jurisdiction: Annotated[str | None, typer.Option(help="Cite rules of these alone, separated by commas: us,uk.")] = None,
    speed: SpeedOption = None,
    model: ModelOption = None,
    text_column: Annotated[
        str,
        typer.Option(
            "--text", "--text-column", help="Column or key of the copy, or several that are one listing: title,bullets."
        ),
    ] = "text",
    id_column: Annotated[
        str | None, typer.Option(help="Column or key of the listing's id. Default: id where there is one.")
    ] = None,
    setting_column: Annotated[str, typer.Option(help="Column or key of the setting, if there is one.")] = "setting",
    keep: Annotated[
        str | None, typer.Option(help="Columns to carry along into every row of jsonl, csv, parquet: seller,sku.")
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="Of CSV and TSV; \\t is a tab. Default: detected.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of text, CSV and TSV. Default: detected.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that audit. Default: one a core.")] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Throw away what an interrupted scan has done.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first row that cannot be read.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary on standard error.")] = False,
    pack: PackOption = None,
    baseline: Annotated[
        Path | None, typer.Option(help="Report only what is not in this baseline; the rest is counted.")
    ] = None,
    write_baseline: Annotated[Path | None, typer.Option(help="Record what is flagged as known, for --baseline.")] = None,
    substantiation: Annotated[
        Path | None,
        typer.Option(help="Documents that the seller holds (.yaml .json .csv): what they cover is shown, and still counts."),
    ] = None,
    as_of: AsOfOption = None,
) -> None:
    """Audit copy and write the findings.

    To a file as jsonl, csv or parquet this is a batch job: on all cores, with OUTPUT.manifest.json beside it, and when it
    was interrupted the same command goes on where it was.

    Exit status: 0 nothing at or above --fail-on, 1 findings, 2 could not run, 3 something was not read (outranks 1). With
    --baseline, findings that it holds do not count.
    """
    from claimaudit.audit import Auditor, AuditSettings
    from claimaudit.batch.dossier import DossierFiles
    from claimaudit.batch.places import check_places
    from claimaudit.batch.progress import standing
    from claimaudit.batch.readers import Columns, read_listings
    from claimaudit.decisions.baseline import Recorder

    format_ = _format(format_, output)
    columns = Columns(
        text=_names(text_column) or (),
        id=id_column,
        setting=setting_column,
        keep=_names(keep) or (),
        delimiter="\t" if delimiter == "\\t" else delimiter,
        encoding=encoding,
    )
    settings = AuditSettings.of(
        speed=speed.value if speed else None,
        setting=None if setting == "auto" else setting,
        jurisdictions=_names(jurisdiction, lower=True),
    )
    shown = (show or (Show.FLAGGED if format_ is Format.TABLE else Show.ALL)).value
    day = _day(as_of) if as_of else None
    files = DossierFiles(
        baseline=None if baseline is None else str(baseline),
        substantiation=None if substantiation is None else str(substantiation),
        as_of=day.isoformat() if day else "",
    )
    if output is not None and format_ in BATCH:
        from claimaudit.batch.run import scan_catalogue

        job = partial(
            scan_catalogue,
            paths,
            output,
            format=format_.value,
            listings=listings,
            rejects=rejects,
            columns=columns,
            show=shown,
            workers=workers,
            restart=restart,
            strict=strict,
            pack=pack,
            model=model,
            settings=settings,
            baseline=baseline,
            write_baseline=write_baseline,
            substantiation=substantiation,
            as_of=day,
        )
        raise typer.Exit(_status(_batch(job, quiet=quiet, restart=restart), fail_on))
    for name, given in (("--listings", listings), ("--workers", workers), ("--restart", restart or None)):
        if given is not None:
            raise InputError(f"{name} needs an --output that ends in .jsonl, .csv or .parquet.")
    for name, is_given, formats in (("--show", show is not None, WITH_SHOW), ("--keep", keep is not None, WITH_KEEP)):
        if is_given and format_ not in formats:
            raise InputError(
                f"{name} is for the formats {', '.join(formats)}, not for {format_.value}. Leave it out, or take another."
            )
    written = [path for path in (output, rejects, write_baseline) if path is not None]
    check_places([*paths, *files.kept_from(write_baseline)], written)
    auditor = Auditor(pack, model=model, settings=settings)
    dossier = files.read(auditor.pack)
    recorder = Recorder(dossier.baseline) if write_baseline is not None else None
    with ExitStack() as places:
        bad = places.enter_context(_destination(rejects)) if rejects is not None else None
        stream = _Stream(auditor, dossier, recorder, bad, strict=strict)
        items = stream.results(
            read_listings(
                paths,
                columns=columns,
                settings=auditor.pack.settings,
                exclude=[*written, *files.paths],
            )
        )
        if format_ is Format.XLSX:
            assert output is not None  # `_format` has seen to it
            from claimaudit.reports import xlsx

            part = places.enter_context(_whole_file(output))
            xlsx.write((result for _, result in items), part, show=shown, not_read=stream.not_read)
        else:
            out = places.enter_context(_destination(output))
            _write(items, out, format_, shown, columns.keep, stream.not_read)
    if output is not None and not quiet:
        typer.echo(f"written: {output}", err=True)
    if baseline is not None and not quiet:
        typer.echo(f"claimaudit: {baseline}: {standing(stream.counts)}", err=True)
    if write_baseline is not None and recorder is not None:
        from claimaudit.reports.page import counted

        recorded = recorder.baseline()
        recorded.write(write_baseline)
        if not quiet:
            told = counted(len(recorded.entries), "finding")
            typer.echo(f"claimaudit: {write_baseline}: {told} recorded as known.", err=True)
    raise typer.Exit(_status(stream.counts, fail_on))


@app.command()
def repeat(
    manifest: Annotated[Path, typer.Argument(help="OUTPUT.manifest.json of a scan.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Write the findings here, in the format of that scan.")],
    listings: Annotated[Path | None, typer.Option(help="Write one row a listing here.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that audit. Default: one a core.")] = None,
    fail_on: Annotated[FailOn, typer.Option(help="Least verdict that makes the exit status 1.")] = FailOn.CONTRADICTED,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary on standard error.")] = False,
) -> None:
    """Make a scan again from its manifest, byte for byte.

    Refused where the version, the pack, the model or a local input is not the one of then, or where standard input was
    read. Exit status as for scan.
    """
    from claimaudit.batch.run import repeat_scan

    job = partial(repeat_scan, manifest, output, listings=listings, workers=workers)
    raise typer.Exit(_status(_batch(job, quiet=quiet), fail_on))


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="Records of the scan before, .jsonl or .csv.")],
    new: Annotated[Path, typer.Argument(help="Records of the scan after.")],
    format_: Annotated[DiffFormat, typer.Option("--format", help="How to write the changes.")] = DiffFormat.TABLE,
) -> None:
    """Compare two scans: findings that are new, gone, or judged otherwise, told by content, never by offsets.

    Exit status: 0 nothing is worse, 1 something is new or judged worse, 2 could not run.
    """
    from claimaudit.decisions.diff import diff as compare
    from claimaudit.reports.text import render_diff

    found = compare(old, new)
    as_json = format_ is DiffFormat.JSONL
    for line in (change.to_json() for change in found.changes) if as_json else render_diff(found):
        typer.echo(line)
    raise typer.Exit(FOUND if any(change.is_worse for change in found.changes) else CLEAN)


@review_app.command("apply")
def review_apply(
    decisions: Annotated[list[Path], typer.Argument(help="Exported decisions (.json, .csv) or workbooks (.xlsx).")],
    baseline: Annotated[Path, typer.Option(help="The baseline to take them into; made if it is not there.")],
    reviewer: Annotated[str | None, typer.Option(help="Who decided, where a row does not say.")] = None,
    days: Annotated[
        int, typer.Option(min=1, max=36_500, help="Days that a disagreement holds, from the day of the decision.")
    ] = 365,
    as_of: AsOfOption = None,
) -> None:
    """Take reviewers' decisions into a baseline. Doing so twice changes nothing.

    `agree` and `reword` make the finding known, `disagree` waives it for a time. A row that is wrong is named, and then
    nothing is written. Exit status: 0 taken in, 2 could not run.
    """
    from claimaudit.decisions.baseline import Baseline
    from claimaudit.decisions.review import apply, read_decisions
    from claimaudit.reports.page import counted

    before = Baseline.read(baseline) if baseline.exists() else Baseline()
    rows = [row for path in decisions for row in read_decisions(path)]
    applied = apply(before, rows, as_of=_day(as_of), days=days, reviewer=reviewer)
    applied.baseline.write(baseline)
    told = ", ".join(f"{count} {what}" for what, count in applied.counts.items())
    typer.echo(f"{baseline}: {counted(applied.counts.total(), 'decision')}: {told}.")


@app.command()
def explain(
    claim_type: Annotated[str, typer.Argument(metavar="TYPE", help="A claim type of the pack.")],
    setting: Annotated[str | None, typer.Option(help="Only what applies in this setting.")] = None,
    pack: PackOption = None,
) -> None:
    """What a claim type is about: its ladder, its ceilings, and the limitations behind it."""
    from claimaudit.reports.text import explain_type
    from claimaudit.resources import load_pack

    loaded = load_pack(pack)
    if claim_type not in loaded.claims:
        raise InputError(f"there is no claim type '{claim_type}'. Choose among {', '.join(loaded.claim_types)}.")
    if setting is not None and setting not in loaded.settings:
        raise InputError(f"there is no setting '{setting}'. Choose among {', '.join(loaded.settings)}.")
    for line in explain_type(loaded, claim_type, setting=setting):
        typer.echo(line)


@app.command()
def evidence(
    claim_type: Annotated[str | None, typer.Option("--type", help="Only what is about this claim type.")] = None,
    setting: Annotated[str | None, typer.Option(help="Only what applies in this setting.")] = None,
    modality: Annotated[str | None, typer.Option(help="Only what applies to this modality.")] = None,
    condition: Annotated[str | None, typer.Option(help="Only what applies to this condition.")] = None,
    jurisdiction: Annotated[str | None, typer.Option(help="Of the rules, only those of this jurisdiction.")] = None,
    format_: Annotated[
        PageFormat, typer.Option("--format", help="How to write it; markdown: the whole corpus as a page.")
    ] = PageFormat.TABLE,
    as_of: Annotated[str | None, typer.Option(help="Date for overdue reviews, YYYY-MM-DD. Default: today.")] = None,
    pack: PackOption = None,
) -> None:
    """Read the reference corpus: limitations, permissions and rules with figures, sources and review dates.

    Exit status: 0 shown, 2 could not run.
    """
    import json

    from claimaudit.reports.evidence import Selection, render, select, to_markdown, to_records
    from claimaudit.resources import load_pack

    loaded = load_pack(pack)
    chosen = Selection(claim_type, setting, modality, condition, jurisdiction)
    entries = select(loaded, chosen)
    with _destination(None) as out:
        if format_ is PageFormat.MARKDOWN:
            if chosen != Selection():
                raise InputError("--format markdown writes the whole corpus. Leave the choice out, or take another format.")
            out.write(to_markdown(loaded))
        elif format_ is PageFormat.JSON:
            out.write(json.dumps(to_records(entries), indent=2, ensure_ascii=False) + "\n")
        else:
            out.writelines(line + "\n" for line in render(entries, as_of=_day(as_of)))


@app.command()
def sentences(
    path: Annotated[str, typer.Argument(help="A file, or - for standard input.")],
) -> None:
    """Show how copy is split: offsets, kind, and the heading, lead-in and question of each sentence.

    Exit status: 0 shown, 2 could not run, 3 something was not read.
    """
    from claimaudit.batch.readers import Rejected, read_listings
    from claimaudit.reports.page import printable
    from claimaudit.text.sentences import split_sentences

    rejected = 0
    for item in read_listings([path]):
        if isinstance(item, Rejected):
            _say(f"claimaudit: {item}")
            rejected += 1
            continue
        typer.echo(f"── {printable(item.listing.id)}")
        for sent in split_sentences(item.listing):
            context = " ".join(
                f"{name}={index}"
                for name, index in (("heading", sent.heading), ("lead-in", sent.lead_in), ("question", sent.question))
                if index is not None
            )
            typer.echo(
                f"{sent.index:4}  {sent.span.start:6}–{sent.span.end:<6} {sent.kind:8} {context:34} {printable(sent.text)}"
            )
    if rejected:
        raise typer.Exit(INCOMPLETE)


@app.command()
def evaluate(
    gold: Annotated[
        Path | None, typer.Argument(metavar="GOLD", help="Labelled documents, JSON Lines. Or choose a --split.")
    ] = None,
    split: Annotated[Split | None, typer.Option(help="Evaluate on this split of the pack's own training corpus.")] = None,
    pack: PackOption = None,
    model: ModelOption = None,
    speed: SpeedOption = None,
    by: Annotated[list[str] | None, typer.Option(help="Score by this field of the documents too. Repeatable.")] = None,
    core: Annotated[str | None, typer.Option(help="Score these claim types together too, separated by commas.")] = None,
    with_setting: Annotated[
        bool, typer.Option("--with-setting", help="Tell the audit the setting that gold knows. Default: it is inferred.")
    ] = False,
    errors: Annotated[int, typer.Option(min=0, help="Show so many of the worst false flags, and so many misses.")] = 5,
    format_: Annotated[ReportFormat, typer.Option("--format", help="How to write the scores.")] = ReportFormat.TABLE,
    html: Annotated[Path | None, typer.Option(help="Write a page with plots here as well.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write here instead of standard output.")] = None,
) -> None:
    """Measure the audit on labelled copy: scores with intervals, verdicts, calibration, review band, worst errors.

    Exit status: 0 measured, 2 could not run.
    """
    from claimaudit.audit import Auditor
    from claimaudit.batch.places import check_places
    from claimaudit.evaluation import evaluate as measure
    from claimaudit.evaluation import read_gold, split_gold
    from claimaudit.reports.evaluation import render, to_html

    if (gold is None) == (split is None):
        raise InputError("give either GOLD, a file of labelled documents, or --split, not both and not neither.")
    check_places([gold] if gold is not None else [], [path for path in (output, html) if path is not None])
    auditor = Auditor(pack, model=model, speed=speed.value if speed else None)
    if gold is not None:
        labelled = read_gold(gold, auditor.pack)
    else:
        assert split is not None
        labelled = split_gold(auditor.pack, split.value)
    chosen = _names(core) or ()
    with ExitStack() as places:  # opened first: a place that cannot be written is said before the work, not after it
        out = places.enter_context(_destination(output))
        page = places.enter_context(_destination(html)) if html is not None else None
        result = measure(labelled, auditor, core=chosen, by=by or (), with_setting=with_setting, errors=errors)
        if format_ is ReportFormat.JSON:
            out.write(result.to_json(indent=2) + "\n")
        else:
            out.writelines(line + "\n" for line in render(result))
        if page is not None:
            page.write(to_html(result))


@app.command()
def train(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the model; its name is the model's name.")],
    pack: PackOption = None,
    without_encoders: Annotated[
        bool,
        typer.Option("--without-encoders", help="Linear models alone: minutes, not hours."),
    ] = False,
    start: Annotated[
        Path | None,
        typer.Option(
            "--start", help="Folder of a model whose encoders are taught further as a corpus grows: a quarter of the time."
        ),
    ] = None,
) -> None:
    """Train a model from a pack's training corpus, measure it on the splits kept apart, and write both.

    Encoders need the extra train (PyTorch).
    """
    from claimaudit.resources import load_pack
    from claimaudit.training import train as make

    if start is not None and without_encoders:
        raise InputError("only encoders are taught further: give either --start or --without-encoders.")
    with_encoders = not without_encoders
    make(load_pack(pack), output, name=output.resolve().name, with_encoders=with_encoders, start=start, report=typer.echo)


@packs_app.command("check")
def packs_check(
    path: Annotated[str, typer.Argument(help="Name of a shipped pack, or a folder.")],
    as_of: AsOfOption = None,
) -> None:
    """Check a pack: that it loads, that its examples hold, and which entries are due for review."""
    from claimaudit.packs import examples, failures
    from claimaudit.reports.page import printable
    from claimaudit.resources import load_pack

    loaded = load_pack(path)
    day = _day(as_of)
    wrong = list(failures(loaded))
    for line in wrong:
        _say(line)
    for entry in loaded.stale(day):
        typer.echo(f"{entry.origin}: '{entry.id}' was due for review by {entry.review_by}.", err=True)
    patterns = sum(len(file.patterns) for file in loaded.claims.values())
    typer.echo(
        f"{loaded.name} {printable(loaded.version)} ({loaded.hash[:12]}): "
        f"{len(loaded.claims)} claim types, {patterns} patterns, "
        f"{len(loaded.cues.cues)} cues, {len(loaded.limitations)} limitations and permissions, {len(loaded.rules)} rules, "
        f"{len(loaded.sources)} sources; {sum(1 for _ in examples(loaded))} examples, {len(wrong)} failing"
    )
    if wrong:
        raise typer.Exit(FOUND)


@corpus_app.command("check")
def corpus_check(pack: PackOption = None) -> None:
    """Validate the training corpus: its form, its labels, its splits. Errors name file and line."""
    from claimaudit.claims.corpus import read_corpus
    from claimaudit.resources import load_pack

    corpus = read_corpus(load_pack(pack))
    typer.echo(
        f"{len(corpus.documents)} documents, {len(corpus.pairs)} pairs, {len(corpus.lines)} lines, "
        f"{len(corpus.second_readings)} second readings: valid"
    )


@corpus_app.command("stats")
def corpus_stats(pack: PackOption = None) -> None:
    """Count the training corpus: documents, labels, splits, agreement, repeated runs. JSON."""
    import json

    from claimaudit.claims.corpus import read_corpus, stats
    from claimaudit.resources import load_pack

    typer.echo(json.dumps(stats(read_corpus(load_pack(pack))), indent=2, ensure_ascii=False))


@labels_app.command("export")
def labels_export(
    paths: Annotated[list[str], typer.Argument(help="Copy to audit, as for scan.")],
    to: Annotated[Tool, typer.Option("--to", help="The tool that will read it.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Write the tasks here.")],
    config: Annotated[
        Path | None, typer.Option(help="Write what sets up the tool here: the labelling interface, or the list of labels.")
    ] = None,
    offsets: Annotated[Unit, typer.Option(help="What offsets count.")] = Unit.CODE_POINTS,
    setting: Annotated[str, typer.Option(help="auto, or a setting of the pack (home, clinic) for all listings.")] = "auto",
    speed: SpeedOption = None,
    model: ModelOption = None,
    text_column: Annotated[
        str, typer.Option("--text", "--text-column", help="Column or key of the copy, or several.")
    ] = "text",
    id_column: Annotated[
        str | None, typer.Option(help="Column or key of the listing's id. Default: id where there is one.")
    ] = None,
    setting_column: Annotated[str, typer.Option(help="Column or key of the setting, if there is one.")] = "setting",
    pack: PackOption = None,
) -> None:
    """Audit copy and write it as tasks, with findings and near misses as labels to correct.

    HTML goes out as its readable text. Exit status: 0 written, 2 could not run, 3 something was not read.
    """
    from claimaudit.audit import Auditor
    from claimaudit.batch.dossier import DossierFiles
    from claimaudit.batch.places import check_places
    from claimaudit.batch.readers import Columns, read_listings
    from claimaudit.labels import label_studio, prodigy
    from claimaudit.labels.regions import Offsets, tasks_of

    tool = prodigy if to is Tool.PRODIGY else label_studio
    written = [path for path in (output, config) if path is not None]
    check_places(paths, written)
    auditor = Auditor(
        pack, model=model, speed=speed.value if speed else None, setting=None if setting == "auto" else setting
    )
    stream = _Stream(auditor, DossierFiles().read(auditor.pack), None, None, strict=False)
    columns = Columns(text=_names(text_column) or (), id=id_column, setting=setting_column)
    items = stream.results(read_listings(paths, columns=columns, settings=auditor.pack.settings, exclude=written))
    tasks = (task for _, result in items for task in tasks_of(result, Offsets(offsets.value)))
    with ExitStack() as places:
        out = places.enter_context(_destination(output))
        setup = places.enter_context(_destination(config)) if config is not None else None
        tool.write_tasks(tasks, out)
        if setup is not None:
            setup.write(tool.setup(auditor.pack))
    raise typer.Exit(_status(stream.counts, FailOn.NEVER))


@labels_app.command("import")
def labels_import(
    file: Annotated[Path, typer.Argument(help="What the tool exported: Label Studio's JSON, Prodigy's JSONL.")],
    from_: Annotated[Tool, typer.Option("--from", help="The tool that wrote it.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Write the labelled documents here, JSON Lines.")],
    author: Annotated[str, typer.Option(help="Whose labels they are; splits.yaml of the corpus names each author.")],
    copy: Annotated[Path | None, typer.Option(help="The file that was exported, where the tool left the text out.")] = None,
    offsets: Annotated[
        Unit, typer.Option(help="What offsets count; the other is tried where a label's words do not agree.")
    ] = Unit.CODE_POINTS,
    pack: PackOption = None,
) -> None:
    """Take corrected labels in, as documents that evaluate reads as gold and train learns from.

    A document comes out whole or not at all. Exit status: 0 all taken in, 2 could not run, 3 some were left out.
    """
    from claimaudit.batch.places import check_places
    from claimaudit.labels import label_studio, prodigy
    from claimaudit.labels.documents import to_documents
    from claimaudit.labels.regions import Offsets
    from claimaudit.reports.page import counted
    from claimaudit.resources import load_pack
    from claimaudit.types import to_line

    check_places([path for path in (file, copy) if path is not None], [output])
    tool = prodigy if from_ is Tool.PRODIGY else label_studio
    texts = tool.read_copy(copy) if copy is not None else None
    taken = to_documents(tool.read_tasks(file), load_pack(pack), author=author, offsets=Offsets(offsets.value), copy=texts)
    with _destination(output) as out:
        out.writelines(to_line(document.model_dump(mode="json")) for document in taken.documents)
    for note in taken.notes:
        _say(f"claimaudit: {note}")
    for problem in taken.problems:
        _say(f"claimaudit: left out: {problem}")
    labels = sum(len(document.labels) for document in taken.documents)
    counts = [counted(len(taken.documents), "document"), counted(labels, "label")]
    counts += [f"{count} {reason}" for reason, count in taken.skipped.items()]
    typer.echo(f"{output}: {', '.join(counts)}; {counted(len(taken.problems), 'problem')}")
    if taken.problems:
        raise typer.Exit(INCOMPLETE)


def _format(format_: Format | None, output: Path | None) -> Format:
    """The format asked for, else the one that the name of the output tells, else a table."""
    if format_ is None:
        suffix = output.suffix.lower().removeprefix(".") if output is not None else ""
        suffix = "jsonl" if suffix == "ndjson" else suffix
        return Format(suffix) if suffix in [known.value for known in Format] else Format.TABLE
    if output is None and format_ in (Format.PARQUET, Format.XLSX):
        raise InputError(f"--format {format_.value} needs an --output: it is no text.")
    return format_


def _batch(job: Callable[..., ScanSummary], *, quiet: bool, restart: bool = False) -> Counts:
    """Run a batch job with its progress and its summary on standard error."""
    from claimaudit.batch.progress import reporting, summary
    from claimaudit.batch.run import go_on

    try:
        with reporting(quiet=quiet) as progress:
            done = job(progress=progress)
    except KeyboardInterrupt:
        typer.echo(f"claimaudit: interrupted. To go on, {go_on(restart)}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    for line in summary(done, quiet=quiet):
        typer.echo(line, err=True)
    return done.counts


def _status(counts: Counts, fail_on: FailOn) -> int:
    if not counts.is_complete:
        return INCOMPLETE
    least = {FailOn.CONTRADICTED: 2, FailOn.OVERSTATED: 1, FailOn.NEVER: 3}[fail_on]
    return FOUND if counts.worst >= least else CLEAN


class _Stream:
    """Audits listings in order as they come, counts, and says on standard error what was not read."""

    def __init__(
        self, auditor: Auditor, dossier: Dossier, recorder: Recorder | None, rejects: TextIO | None, *, strict: bool
    ) -> None:
        from claimaudit.batch.run import Counts

        self._auditor = auditor
        self._dossier = dossier
        self._recorder = recorder
        self._rejects = rejects
        self._strict = strict
        self.counts = Counts()
        self.not_read: list[str] = []

    def results(self, entries: Iterator[Entry | Rejected]) -> Iterator[Shown]:
        from claimaudit.batch.readers import Rejected
        from claimaudit.batch.run import audit_entries

        for item in audit_entries(self._auditor, self._dossier, entries):
            if isinstance(item, Rejected):
                self._reject(item)
                continue
            self.counts.add(item[1])
            if self._recorder is not None:
                self._recorder.add(item[1])
            yield item

    def _reject(self, rejected: Rejected) -> None:
        from claimaudit.types import to_line

        if self._strict:
            raise InputError(str(rejected))
        _say(f"claimaudit: not read: {rejected}")
        self.counts.rejected += 1
        self.not_read.append(str(rejected))
        if self._rejects is not None:
            self._rejects.write(to_line(rejected.as_record()))


def _write(
    items: Iterator[Shown], out: TextIO, format_: Format, show: str, keep: Sequence[str], not_read: Sequence[str]
) -> None:
    from claimaudit.batch.run import finding_rows
    from claimaudit.batch.writers import Csv, JsonLines, Table
    from claimaudit.reports import html, records, text
    from claimaudit.types import writable

    if format_ in (Format.JSONL, Format.CSV):
        table = Table.of_findings(keep)
        writer = Csv(table) if format_ is Format.CSV else JsonLines(table)
        out.write(writer.header().decode("utf-8"))
        for entry, result in items:
            out.write(writer.encode(finding_rows(entry, result, show=show)).decode("utf-8"))
        return
    results: Iterator[AuditResult] = (result for _, result in items)
    if format_ is Format.HTML:
        html.write(results, out, not_read=not_read)
    elif format_ is Format.JSON:
        records.write_json(list(results), out)
    else:
        for line in text.render(results, show=show, not_read=not_read):
            out.write(writable(line) + "\n")


@contextmanager
def _destination(output: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that appears under its name only when it is whole."""
    if output is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    with _whole_file(output) as part, part.open("w", encoding="utf-8", newline="") as out:
        yield out


@contextmanager
def _whole_file(output: Path) -> Iterator[Path]:
    """A place to write beside a file, which takes its name only when it is whole."""
    part = output.with_name(f".{output.name}.part")
    try:
        yield part
        os.replace(part, output)
    except BrokenPipeError:
        raise  # a reader of standard output who leaves says nothing of this file
    except OSError as error:
        raise OutputError(f"{output}: cannot be written: {error.strerror}. Choose another place.") from error
    finally:
        part.unlink(missing_ok=True)


def _names(given: str | None, *, lower: bool = False) -> tuple[str, ...] | None:
    """The names of an option that takes several, separated by commas."""
    if given is None:
        return None
    return tuple((name.lower() if lower else name).strip() for name in given.split(",") if name.strip())


def _day(as_of: str | None) -> date:
    """The date of an option, or today's."""
    try:
        return date.fromisoformat(as_of) if as_of else date.today()
    except ValueError:
        raise InputError(f"--as-of: {as_of!r} is no date. Write YYYY-MM-DD.") from None


def main() -> None:
    """Entry point of the `claimaudit` command."""
    # Pack and model stay for good: looking for garbage among them took a fifth of a scan, and a quarter second at the end.
    gc.set_threshold(100_000)
    atexit.register(gc.freeze)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # copy holds more than a console's own encoding may
    try:
        app()
    except (ClaimAuditError, OSError, KeyboardInterrupt, MemoryError) as error:
        sys.exit(_stopped(error))
    except Exception:  # Python's own status for it is that of findings
        traceback.print_exc()
        sys.exit(COULD_NOT_RUN)


_OF_OUTPUT = frozenset([errno.ENOSPC, errno.EFBIG, errno.EIO, errno.EDQUOT])


def _stopped(error: BaseException) -> int:
    """Say in one line why a command did not come to its end; its exit status."""
    status = COULD_NOT_RUN
    said = str(error)
    if isinstance(error, KeyboardInterrupt):
        status, said = INTERRUPTED, "interrupted."
    elif isinstance(error, MemoryError):
        said = "out of memory. Give fewer --workers, or split the input."
    elif isinstance(error, BrokenPipeError):
        said = ""  # who closed the pipe knows
    elif isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        said = "too many open files. Allow more (ulimit -n), or give fewer --workers."
    elif isinstance(error, OSError):
        where = error.filename or ("standard output" if error.errno in _OF_OUTPUT else "the system refused")
        said = f"{where}: {error.strerror or error}."
    if isinstance(error, OSError):
        _give_up_output()
    if said:
        with suppress(OSError):
            _say(f"claimaudit: {said}")
    return status


def _say(line: str) -> None:
    """A line on standard error; further lines of it are indented, so that no text of outside looks like a message."""
    from claimaudit.reports.page import printable

    typer.echo("\n  ".join(printable(part) for part in line.split("\n")), err=True)


def _give_up_output() -> None:
    """Let what is left for standard output go nowhere, so that ending does not complain of it again."""
    with suppress(OSError, ValueError):
        descriptor = sys.stdout.fileno()
        os.close(descriptor)  # first, in case that no further file can be opened
        nowhere = os.open(os.devnull, os.O_WRONLY)
        if nowhere != descriptor:
            os.dup2(nowhere, descriptor)


if __name__ == "__main__":
    main()
