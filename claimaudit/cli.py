"""The command line: parse, call, print, exit. Each command is a thin face of a library function."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from claimaudit.errors import ClaimAuditError, InputError

if TYPE_CHECKING:
    from claimaudit.audit import Auditor
    from claimaudit.batch.readers import Rejected
    from claimaudit.types import AuditResult, Listing

CLEAN, FOUND, COULD_NOT_RUN, INCOMPLETE = 0, 1, 2, 3

app = typer.Typer(
    name="claimaudit",
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
labels_app = typer.Typer(
    help="Audited copy to annotation tools, corrected labels back.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(labels_app, name="labels")


class Format(StrEnum):
    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"
    JSON = "json"
    HTML = "html"


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
PackOption = Annotated[str | None, typer.Option("--pack", help="Name of a shipped pack, or a folder. Default: skin.")]


@app.command()
def scan(
    paths: Annotated[
        list[str], typer.Argument(help="Files (.txt .md .html .jsonl .csv .tsv), folders, or - for standard input.")
    ],
    setting: Annotated[str, typer.Option(help="auto, or a setting of the pack (home, clinic) for all listings.")] = "auto",
    format_: Annotated[Format, typer.Option("--format", help="How to write the findings.")] = Format.TABLE,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write here instead of standard output.")] = None,
    show: Annotated[Show | None, typer.Option(help="Default: flagged in the table, all in the other formats.")] = None,
    fail_on: Annotated[FailOn, typer.Option(help="Least verdict that makes the exit status 1.")] = FailOn.CONTRADICTED,
    jurisdiction: Annotated[str | None, typer.Option(help="Cite rules of these alone, separated by commas: us,uk.")] = None,
    speed: SpeedOption = None,
    model: ModelOption = None,
    id_column: Annotated[str, typer.Option(help="Column or key of the listing's id.")] = "id",
    text_column: Annotated[str, typer.Option(help="Column or key of the copy.")] = "text",
    setting_column: Annotated[str, typer.Option(help="Column or key of the setting, if there is one.")] = "setting",
    pack: PackOption = None,
) -> None:
    """Audit copy and write the findings.

    Exit status: 0 nothing at or above --fail-on, 1 findings, 2 could not run, 3 something was not read (outranks 1).
    """
    from claimaudit.audit import Auditor
    from claimaudit.batch.readers import Columns, read_listings

    auditor = Auditor(
        pack,
        model=model,
        speed=speed.value if speed else None,
        setting=None if setting == "auto" else setting,
        jurisdictions=_names(jurisdiction, lower=True),
    )
    run = _Run(auditor, fail_on)
    columns = Columns(id=id_column, text=text_column, setting=setting_column)
    results = run.results(read_listings(paths, columns=columns))
    shown = show or (Show.FLAGGED if format_ is Format.TABLE else Show.ALL)
    with _destination(output) as out:
        _write(results, out, format_, shown, run.not_read)
    raise typer.Exit(run.status())


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
    """Show how copy is split: offsets, kind, and the heading, lead-in and question of each sentence."""
    from claimaudit.batch.readers import Rejected, read_listings
    from claimaudit.text.sentences import split_sentences

    for item in read_listings([path]):
        if isinstance(item, Rejected):
            typer.echo(f"claimaudit: {item}", err=True)
            continue
        typer.echo(f"── {item.id}")
        for sent in split_sentences(item):
            context = " ".join(
                f"{name}={index}"
                for name, index in (("heading", sent.heading), ("lead-in", sent.lead_in), ("question", sent.question))
                if index is not None
            )
            typer.echo(f"{sent.index:4}  {sent.span.start:6}–{sent.span.end:<6} {sent.kind:8} {context:34} {sent.text}")


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
    from claimaudit.evaluation import evaluate as measure
    from claimaudit.evaluation import read_gold, split_gold
    from claimaudit.reports.evaluation import render, to_html

    if (gold is None) == (split is None):
        raise InputError("give either GOLD, a file of labelled documents, or --split, not both and not neither.")
    if html is not None and output is not None and html.resolve() == output.resolve():
        raise InputError(f"--html and --output are both {html}. Give each its own file.")
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
    fast_only: Annotated[
        bool, typer.Option("--fast-only", help="Without the encoder: minutes, not hours, and no extra is needed.")
    ] = False,
) -> None:
    """Train a model from a pack's training corpus, measure it on the splits kept apart, and write both."""
    from claimaudit.claims.training.recipe import Recipe
    from claimaudit.resources import load_pack
    from claimaudit.training import train as make

    make(load_pack(pack), output, name=output.name, recipe=None if fast_only else Recipe(), report=typer.echo)


@packs_app.command("check")
def packs_check(
    path: Annotated[str, typer.Argument(help="Name of a shipped pack, or a folder.")],
    as_of: Annotated[str | None, typer.Option(help="Date for the review of entries, YYYY-MM-DD. Default: today.")] = None,
) -> None:
    """Check a pack: that it loads, that its examples hold, and which entries are due for review."""
    from claimaudit.packs import examples, failures
    from claimaudit.resources import load_pack

    loaded = load_pack(path)
    day = _day(as_of)
    wrong = list(failures(loaded))
    for line in wrong:
        typer.echo(line, err=True)
    for entry in loaded.stale(day):
        typer.echo(f"{entry.origin}: '{entry.id}' was due for review by {entry.review_by}.", err=True)
    patterns = sum(len(file.patterns) for file in loaded.claims.values())
    typer.echo(
        f"{loaded.name} {loaded.version} ({loaded.hash[:12]}): {len(loaded.claims)} claim types, {patterns} patterns, "
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
        f"{len(corpus.documents)} documents, {len(corpus.pairs)} pairs, {len(corpus.second_readings)} second readings: valid"
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
    id_column: Annotated[str, typer.Option(help="Column or key of the listing's id.")] = "id",
    text_column: Annotated[str, typer.Option(help="Column or key of the copy.")] = "text",
    setting_column: Annotated[str, typer.Option(help="Column or key of the setting, if there is one.")] = "setting",
    pack: PackOption = None,
) -> None:
    """Audit copy and write it as tasks, with findings and near misses as labels to correct.

    HTML goes out as its readable text. Exit status: 0 written, 2 could not run, 3 something was not read.
    """
    from claimaudit.audit import Auditor
    from claimaudit.batch.readers import Columns, read_listings
    from claimaudit.labels import label_studio, prodigy
    from claimaudit.labels.regions import Offsets, tasks_of

    tool = prodigy if to is Tool.PRODIGY else label_studio
    auditor = Auditor(
        pack, model=model, speed=speed.value if speed else None, setting=None if setting == "auto" else setting
    )
    run = _Run(auditor, FailOn.NEVER)
    columns = Columns(id=id_column, text=text_column, setting=setting_column)
    results = run.results(read_listings(paths, columns=columns))
    tasks = (task for result in results for task in tasks_of(result, Offsets(offsets.value)))
    with ExitStack() as places:
        out = places.enter_context(_destination(output))
        setup = places.enter_context(_destination(config)) if config is not None else None
        tool.write_tasks(tasks, out)
        if setup is not None:
            setup.write(tool.setup(auditor.pack))
    raise typer.Exit(run.status())


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
    from claimaudit.labels import label_studio, prodigy
    from claimaudit.labels.documents import to_documents
    from claimaudit.labels.regions import Offsets, to_line
    from claimaudit.reports.page import counted
    from claimaudit.resources import load_pack

    tool = prodigy if from_ is Tool.PRODIGY else label_studio
    texts = tool.read_copy(copy) if copy is not None else None
    taken = to_documents(tool.read_tasks(file), load_pack(pack), author=author, offsets=Offsets(offsets.value), copy=texts)
    with _destination(output) as out:
        out.writelines(to_line(document.model_dump(mode="json")) for document in taken.documents)
    for note in taken.notes:
        typer.echo(f"claimaudit: {note}", err=True)
    for problem in taken.problems:
        typer.echo(f"claimaudit: left out: {problem}", err=True)
    labels = sum(len(document.labels) for document in taken.documents)
    counts = [counted(len(taken.documents), "document"), counted(labels, "label")]
    counts += [f"{count} {reason}" for reason, count in taken.skipped.items()]
    typer.echo(f"{output}: {', '.join(counts)}; {counted(len(taken.problems), 'problem')}")
    if taken.problems:
        raise typer.Exit(INCOMPLETE)


class _Run:
    """Audits a stream of listings and keeps what the exit status needs."""

    def __init__(self, auditor: Auditor, fail_on: FailOn) -> None:
        self._auditor = auditor
        self._fail_on = fail_on
        self._worst = 0
        self.not_read: list[str] = []
        self._incomplete = False

    def results(self, items: Iterator[Listing | Rejected]) -> Iterator[AuditResult]:
        from claimaudit.batch.readers import Rejected

        for item in items:
            if isinstance(item, Rejected):
                self._reject(item)
                continue
            try:
                result = self._auditor.audit(item)
            except InputError as error:
                self._reject(error)
                continue
            self._worst = max([self._worst, *(finding.verdict.severity for finding in result.findings)])
            self._incomplete |= not result.is_complete
            yield result

    def _reject(self, reason: object) -> None:
        typer.echo(f"claimaudit: not read: {reason}", err=True)
        self.not_read.append(str(reason))
        self._incomplete = True

    def status(self) -> int:
        if self._incomplete:
            return INCOMPLETE
        least = {FailOn.CONTRADICTED: 2, FailOn.OVERSTATED: 1, FailOn.NEVER: 3}[self._fail_on]
        return FOUND if self._worst >= least else CLEAN


def _write(results: Iterator[AuditResult], out: TextIO, format_: Format, show: Show, not_read: Sequence[str]) -> None:
    from claimaudit.reports import html, records, text

    if format_ is Format.TABLE:
        for line in text.render(results, show=show.value):
            out.write(line.encode("utf-8", "replace").decode("utf-8") + "\n")
    elif format_ is Format.JSONL:
        records.write_jsonl(results, out, show=show.value)
    elif format_ is Format.CSV:
        records.write_csv(results, out, show=show.value)
    elif format_ is Format.HTML:
        html.write(results, out, not_read=not_read)
    else:
        records.write_json(list(results), out)


@contextmanager
def _destination(output: Path | None) -> Iterator[TextIO]:
    """Standard output, or a file that appears under its name only when it is whole."""
    if output is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
        yield sys.stdout
        sys.stdout.flush()
        return
    part = output.with_name(f".{output.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as out:
            yield out
        os.replace(part, output)
    except OSError as error:
        raise InputError(f"{output}: cannot be written: {error.strerror}. Choose another place.") from error
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
    try:
        app()
    except ClaimAuditError as error:
        typer.echo(f"claimaudit: {error}", err=True)
        sys.exit(COULD_NOT_RUN)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that closing stdout does not complain again
        sys.exit(COULD_NOT_RUN)


if __name__ == "__main__":
    main()
