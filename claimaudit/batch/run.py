"""Scans a catalogue: a stream of listings, cut into blocks, audited on all cores, merged in order, and never begun twice.

The parent reads and cuts. A worker audits a whole block and writes its rows, encoded, as one file of a work folder beside
the output; what travels between processes is copy and counts, never results. The name of a block's file is made of the job
and of the block's content, so that a run that was killed finds what is done and still holds, whatever became of its input.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import platform
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from importlib import metadata
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from claimaudit.audit import Auditor, AuditSettings
from claimaudit.batch.dossier import Dossier, DossierFiles, sha256_of
from claimaudit.batch.patience import OutOfPatienceError, patience, patience_for
from claimaudit.batch.places import check_apart, check_place
from claimaudit.batch.pool import Pool, cores
from claimaudit.batch.readers import DEFAULT_COLUMNS, STDIN, Columns, Entry, Inputs, Rejected, find_files, read_listings
from claimaudit.batch.writers import Row, Table, Writer, format_of, writer_of
from claimaudit.decisions.baseline import (
    KNOWN,
    RAISED,
    STEP,
    WAIVED,
    Known,
    Recorder,
    flagged_as_known,
    keys_of,
    places_read,
)
from claimaudit.errors import InputError, OutputError, SettingsError
from claimaudit.reports.listings import listing_row
from claimaudit.resources import Pack, model_path
from claimaudit.types import AuditResult, ClaimType, Listing, Verdict, check_show, to_line

BLOCK_LISTINGS = 100
BLOCK_CHARACTERS = 2_000_000
"""A block ends at whichever comes first. What a kill costs is at most the blocks in hand."""
MANIFEST_FORMAT = 1

Shown = tuple[Entry, AuditResult]


# --- What a scan comes to ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Counts:
    """What was read and found. `verdicts` counts findings by claim type and verdict.

    `known` and `waived` findings are in a baseline and not reported; `raised` ones are, although it holds them.
    """

    listings: int = 0
    rejected: int = 0
    incomplete: int = 0
    out_of_scope: int = 0
    sentences: int = 0
    records: int = 0
    near_misses: int = 0
    review: int = 0
    verdicts: dict[ClaimType, dict[str, int]] = field(default_factory=dict)
    known: int = 0
    waived: int = 0
    raised: int = 0

    def add(self, result: AuditResult) -> None:
        self.listings += 1
        self.incomplete += not result.is_complete
        self.out_of_scope += not result.scope.in_scope
        self.sentences += len(result.sentences)
        self.near_misses += len(result.near_misses)
        self.review += sum(item.review for item in result.findings) + sum(item.review for item in result.near_misses)
        for finding in result.findings:
            self._count(finding.claim.type, finding.verdict.value, 1)
        standing = Counter(
            step.value for finding in (*result.findings, *result.suppressed) if (step := finding.why[-1]).kind == STEP
        )
        self.known += standing[KNOWN]
        self.waived += standing[WAIVED]
        self.raised += standing[RAISED]

    def update(self, others: Mapping[str, Any]) -> None:
        """Add counts as `asdict` gives them."""
        for name, value in others.items():
            if name != "verdicts":
                setattr(self, name, getattr(self, name) + value)
        for claim_type, found in others["verdicts"].items():
            for verdict, number in found.items():
                self._count(claim_type, verdict, number)

    def _count(self, claim_type: ClaimType, verdict: str, number: int) -> None:
        found = self.verdicts.setdefault(claim_type, {})
        found[verdict] = found.get(verdict, 0) + number

    def of(self, verdict: Verdict) -> int:
        return sum(found.get(verdict.value, 0) for found in self.verdicts.values())

    @property
    def flagged(self) -> int:
        return sum(self.of(verdict) for verdict in Verdict if verdict.is_flagged)

    @property
    def worst(self) -> int:
        """Severity of the gravest finding, 0 if there is none."""
        return max((verdict.severity for verdict in Verdict if self.of(verdict)), default=0)

    @property
    def is_complete(self) -> bool:
        return not (self.rejected or self.incomplete)


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """What a scan came to: counts, the files it wrote by their part in it, and how many blocks an earlier run had done."""

    counts: Counts
    files: Mapping[str, Path]
    blocks: int
    reused: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is. `read` and `total` are bytes of the inputs; `total` is None where it is not known."""

    listings: int
    flagged: int
    rejected: int
    read: int
    total: int | None


def audit_entries(auditor: Auditor, dossier: Dossier, items: Iterable[Entry | Rejected]) -> Iterator[Shown | Rejected]:
    """Audit what `read_listings` gives, in order, and set each result beside the dossier.

    A listing that makes the audit fail is rejected, and the others go on.
    """
    for item in items:
        if isinstance(item, Rejected):
            yield item
            continue
        seconds = patience_for(len(item.listing.text))
        try:
            with patience(seconds):
                result = dossier.apply(auditor.audit(item.listing))
        except MemoryError:
            raise
        except OutOfPatienceError:
            mend = "Split it; if it is short, report it, or look for the phrase of the pack that takes so long."
            yield Rejected(item.file, item.row, None, f"the audit was not done after {seconds:,.0f} seconds", mend)
        except Exception as error:
            reason = f"the audit failed ({type(error).__name__}: {error})"
            yield Rejected(item.file, item.row, None, reason, "Please report it, with the copy if you may.")
        else:
            yield item, result


def finding_rows(entry: Entry, result: AuditResult, *, show: str) -> list[Row]:
    """The records of a listing with the columns carried along."""
    return [{**record, **entry.kept} for record in result.records(show)]


# --- The job -----------------------------------------------------------------------------------------------------


def scan_catalogue(
    sources: Sequence[str],
    output: str | Path,
    *,
    format: str | None = None,
    listings: str | Path | None = None,
    rejects: str | Path | None = None,
    columns: Columns = DEFAULT_COLUMNS,
    show: str = "all",
    workers: int | None = None,
    restart: bool = False,
    strict: bool = False,
    pack: str | Path | None = None,
    model: str | Path | None = None,
    settings: AuditSettings | None = None,
    baseline: str | Path | None = None,
    write_baseline: str | Path | None = None,
    substantiation: str | Path | None = None,
    as_of: date | None = None,
    progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> ScanSummary:
    """Audit all listings of some sources and write the findings to a file, on several cores, resumably.

    Killed at any moment and called again with the same arguments it goes on where it was. The files are the same bytes as
    those of an undisturbed run, whatever the number of workers, and appear under their names only when they are whole. With
    several workers a script needs the guard `if __name__ == "__main__":`.

    Parameters
    ----------
    sources
        As for `read_listings`.
    output
        File of the findings: `.jsonl`, `.csv`, `.parquet` or `.xlsx`. Beside it come `OUTPUT.manifest.json` and, while the
        scan runs, the folder `OUTPUT.work`.
    format
        `jsonl`, `csv`, `parquet` or `xlsx`, where the name of the output does not tell.
    listings
        File for one row a listing (`claimaudit.reports.listings`), in the format that its name tells.
    rejects
        File for the rows that were not read, JSON Lines. Default: `OUTPUT.rejects.jsonl`, if there are any.
    columns
        Names of the columns.
    show
        `all` findings, the `flagged` ones, or the `near-misses` alone.
    workers
        Processes that audit. Default: one for each core; 1 audits in this process.
    restart
        Whether to throw away what an interrupted run has done.
    strict
        Whether to stop at the first row that cannot be read.
    pack, model, settings, options
        As for `Auditor`; packs and models by name or folder.
    baseline
        Findings that it holds are counted and not reported (`claimaudit.decisions.baseline`).
    write_baseline
        Record what is flagged as known here, keeping the decisions and waivers of `baseline`.
    substantiation
        Documents that sellers hold (`claimaudit.substantiation`).
    as_of
        The day on which waivers and documents must hold. Default: the day on which the scan was begun.
    progress
        Called now and then, from this process.

    Raises
    ------
    InputError
        An input cannot be opened or is damaged, or (`strict`) a row was rejected.
    OutputError
        A file cannot be written, another run is at work on it, or an interrupted run of another job lies there.
    PackError, ModelError, SettingsError
        As for `Auditor`.
    """
    check_show(show)
    if workers is not None and workers < 1:
        raise SettingsError(f"workers must be at least 1, got {workers}.")
    if isinstance(pack, Pack):
        raise SettingsError("a scan needs the name or the folder of a pack, so that its workers can load it.")
    if settings is not None and options:
        raise SettingsError(f"give settings or {', '.join(options)}, not both.")
    settings = settings or AuditSettings.of(**options)
    dossier = DossierFiles(
        baseline=None if baseline is None else str(baseline),
        substantiation=None if substantiation is None else str(substantiation),
    )
    read: list[str | Path] = [*sources, *dossier.kept_from(write_baseline)]
    targets = _Targets.of(output, listings, rejects, format, read, write_baseline)
    begun = _begun_on(targets.work) if as_of is None and not restart else None
    dossier = replace(dossier, as_of=(as_of or begun or date.today()).isoformat())
    plan = _Plan(
        pack=None if pack is None else str(pack),
        model=None if model is None else str(model),
        settings=settings,
        show=show,
        keep=columns.keep,
        strict=strict,
        formats=targets.formats,
        dossier=dossier,
        records_known=write_baseline is not None,
        restart=restart,
    )
    auditor = plan.auditor()
    beside = dossier.read(auditor.pack)
    writers = plan.writers()
    job = _described(plan, auditor, sources, columns)
    inputs = Inputs()
    with _WorkFolder(targets.work, job, restart=restart) as work:
        apart = [*targets.written, *dossier.paths]
        items = read_listings(sources, columns=columns, settings=auditor.pack.settings, inputs=inputs, exclude=apart)
        scan = _Scan(work, inputs, progress)
        todo = scan.todo(_blocks(_strict(items) if strict else items, job["sha256"], inputs))
        first = list(_take(todo, 2))
        number = workers or cores()
        if number == 1 or len(first) < 2:
            for block in chain(first, todo):
                scan.note(block, _audit_block(auditor, beside, plan, writers, work.folder, *block.for_worker()))
        else:
            with Pool(number, _start, (plan, work.folder), go_on=go_on(restart)) as pool:
                for block, counts in pool.map(_work, chain(first, todo), arguments=_Block.for_worker):
                    scan.note(block, counts)
        files = _finish(scan, targets, plan, job, inputs, auditor)
        if write_baseline is not None:
            recorder = Recorder(beside.baseline)
            for places, found, keys in scan.known():
                recorder.note(places, found, keys)
            recorder.baseline().write(Path(write_baseline))
            files["baseline"] = Path(write_baseline)
    return ScanSummary(scan.counts, files, len(scan.blocks), scan.reused)


def go_on(restart: bool) -> str:
    """How to go on with a scan that was stopped; with a second `--restart` it would begin anew."""
    return f"start the same command again{', without --restart' if restart else ''}: what is done is kept."


def _take(blocks: Iterator[_Block], number: int) -> Iterator[_Block]:
    for _, block in zip(range(number), blocks, strict=False):
        yield block


def _strict(items: Iterator[Entry | Rejected]) -> Iterator[Entry | Rejected]:
    for item in items:
        if isinstance(item, Rejected):
            raise InputError(str(item))
        yield item


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a worker needs to know. `formats` are those of the findings and of the listings, if these are wanted.

    `restart` changes nothing but what an error says of going on.
    """

    pack: str | None
    model: str | None
    settings: AuditSettings
    show: str
    keep: tuple[str, ...]
    strict: bool
    formats: Mapping[str, str]
    dossier: DossierFiles
    records_known: bool
    restart: bool = False

    def auditor(self) -> Auditor:
        return Auditor(self.pack, model=self.model, settings=self.settings)

    def writers(self) -> dict[str, Writer]:
        tables = {"findings": Table.of_findings(self.keep), "listings": Table.of_listings(self.keep)}
        return {name: writer_of(format_, tables[name]) for name, format_ in self.formats.items()}


def _described(plan: _Plan, auditor: Auditor, sources: Sequence[str], columns: Columns) -> dict[str, Any]:
    """All that decides the bytes of the outputs but the input: two runs with the same description are one job."""
    signature = auditor.signature
    job: dict[str, Any] = {
        "version": signature.version,
        "pack": {"given": plan.pack, "name": signature.pack, "sha256": signature.pack_hash},
        "model": {"given": plan.model, "name": signature.model, "sha256": _model_hash(plan, auditor)},
        "settings": asdict(plan.settings),
        "show": plan.show,
        "sources": list(sources),
        "columns": asdict(columns),
        "formats": dict(plan.formats),
        "dossier": plan.dossier.described(),
        "records_known": plan.records_known,
        "block": {"listings": BLOCK_LISTINGS, "characters": BLOCK_CHARACTERS},
    }
    job = json.loads(json.dumps(job))
    return {**job, "sha256": hashlib.sha256(json.dumps(job, sort_keys=True).encode("utf-8")).hexdigest()}


def _model_hash(plan: _Plan, auditor: Auditor) -> str | None:
    """Of the manifest of the model's folder, which holds the hashes of its other files."""
    if plan.settings.speed == "patterns":
        return None
    folder = model_path(auditor.pack) if plan.model is None else Path(plan.model)
    return None if folder is None else sha256_of(folder / "model.json")


# --- Blocks ------------------------------------------------------------------------------------------------------


class _Block(NamedTuple):
    """Some items of the stream as JSON; `digest` is that of the job and the items, `read` the bytes read so far."""

    number: int
    digest: str
    payload: bytes
    read: int

    def for_worker(self) -> tuple[int, str, bytes]:
        return self.number, self.digest, self.payload

    @property
    def name(self) -> str:
        return _file_of(self.number, self.digest)


def _file_of(number: int, digest: str) -> str:
    return f"{number:07d}-{digest[:20]}"


def _blocks(items: Iterable[Entry | Rejected], job: str, inputs: Inputs) -> Iterator[_Block]:
    """The stream in blocks whose edges depend on the stream alone."""
    number = characters = 0
    gathered: list[list[Any]] = []
    for item in items:
        gathered.append(_packed(item))
        if isinstance(item, Entry):
            characters += len(item.listing.text)
        if len(gathered) >= BLOCK_LISTINGS or characters >= BLOCK_CHARACTERS:
            yield _block(number, gathered, job, inputs.read)
            number, characters, gathered = number + 1, 0, []
    if gathered:
        yield _block(number, gathered, job, inputs.read)


def _block(number: int, items: list[list[Any]], job: str, read: int) -> _Block:
    payload = json.dumps(items, separators=(",", ":")).encode("ascii")
    return _Block(number, hashlib.sha256(job.encode("ascii") + payload).hexdigest(), payload, read)


def _packed(item: Entry | Rejected) -> list[Any]:
    if isinstance(item, Rejected):
        return [item.file, item.row, item.column, item.reason, item.mend]
    listing, file, row, kept = item
    texts = [[part.field, part.text] for part in listing.parts or (listing,)]
    return [file, row, listing.id, listing.setting, listing.markup, texts, dict(kept)]


def _unpacked(values: list[Any]) -> Entry | Rejected:
    if len(values) == 5:
        return Rejected(*values)
    file, row, id_, setting, markup, texts, kept = values
    if len(texts) == 1:
        ((name, text),) = texts
        listing = Listing(id_, text, setting, name, markup)
    else:
        listing = Listing.of_fields(id_, dict(texts), setting=setting)
    return Entry(listing, file, row, kept)


def _audit_block(
    auditor: Auditor,
    dossier: Dossier,
    plan: _Plan,
    writers: Mapping[str, Writer],
    folder: Path,
    number: int,
    digest: str,
    payload: bytes,
) -> dict[str, Any]:
    """Audit a block and write its file; its counts."""
    rows: dict[str, list[Row]] = {name: [] for name in writers}
    rejected: list[Rejected] = []
    known: list[str] = []
    counts = Counts()
    for item in audit_entries(auditor, dossier, map(_unpacked, json.loads(payload))):
        if isinstance(item, Rejected):
            if plan.strict:
                raise InputError(str(item))
            rejected.append(item)
            continue
        entry, result = item
        counts.add(result)
        rows["findings"].extend(finding_rows(entry, result, show=plan.show))
        if "listings" in rows:
            rows["listings"].append({**listing_row(result), **entry.kept})
        if plan.records_known:
            found = [each.to_json() for each in flagged_as_known(result)]
            known.append(to_line({"places": places_read(result), "found": found, "keys": keys_of(result)}))
    counts.rejected = len(rejected)
    counts.records = len(rows["findings"])
    parts = {name: writer.encode(rows[name]) for name, writer in writers.items()}
    parts["rejects"] = "".join(to_line(item.as_record()) for item in rejected).encode("utf-8")
    parts["known"] = "".join(known).encode("utf-8")
    _write_block(folder / _file_of(number, digest), asdict(counts), parts, restart=plan.restart)
    return asdict(counts)


def _write_block(path: Path, counts: dict[str, Any], parts: Mapping[str, bytes], *, restart: bool) -> None:
    """A block's file: a line of JSON with counts and the sizes of the parts, then these. It appears whole or not at all."""
    head = json.dumps({"counts": counts, "parts": {name: len(data) for name, data in parts.items()}})
    part = path.with_name(f"{path.name}.{os.getpid()}.part")  # a worker of a killed run may still be at it
    with _writing(path, restart), part.open("wb") as out:
        out.write(head.encode("utf-8") + b"\n")
        out.writelines(parts.values())
        out.flush()
        os.fsync(out.fileno())
    with _writing(path, restart):
        os.replace(part, path)


def _read_head(stream: BinaryIO, size: int) -> dict[str, Any] | None:
    """The first line of a block's file; None if the file is not whole."""
    try:
        head: dict[str, Any] = json.loads(stream.readline())
        return head if size == stream.tell() + sum(head["parts"].values()) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _read_part(path: Path, name: str) -> bytes:
    with path.open("rb") as stream:
        head = _read_head(stream, os.fstat(stream.fileno()).st_size)
        if head is None:
            raise OutputError(f"{path}: damaged since it was written. Start again with --restart.")
        for part, size in head["parts"].items():
            if part == name:
                return stream.read(size)
            stream.seek(size, os.SEEK_CUR)
    raise OutputError(f"{path}: holds no '{name}'. Start again with --restart.")


# --- In a worker -------------------------------------------------------------------------------------------------

_worker: tuple[Auditor, Dossier, _Plan, dict[str, Writer], Path] | None = None


def _start(plan: _Plan, folder: Path) -> None:
    global _worker
    auditor = plan.auditor()
    _worker = (auditor, plan.dossier.read(auditor.pack), plan, plan.writers(), folder)
    gc.freeze()  # pack and model stay for good: no use in looking for garbage among them


def _work(number: int, digest: str, payload: bytes) -> dict[str, Any]:
    assert _worker is not None  # `_start` has run
    return _audit_block(*_worker, number, digest, payload)


# --- In the parent -----------------------------------------------------------------------------------------------


class _Scan:
    """The books of a run: which blocks there are, what they came to, and how far it is."""

    def __init__(self, work: _WorkFolder, inputs: Inputs, progress: Callable[[Progress], None] | None) -> None:
        self._work = work
        self._inputs = inputs
        self._progress = progress
        self._read = 0
        self.counts = Counts()
        self.blocks: list[str] = []
        self.reused = 0

    def todo(self, blocks: Iterable[_Block]) -> Iterator[_Block]:
        """The blocks that no earlier run has done."""
        for block in blocks:
            self.blocks.append(block.name)
            counts = self._work.counts_of(block.name)
            if counts is None:
                yield block
            else:
                self.reused += 1
                self.note(block, counts)

    def note(self, block: _Block, counts: Mapping[str, Any]) -> None:
        self.counts.update(counts)
        self._read = max(self._read, block.read)
        if self._progress is not None:
            found = self.counts
            self._progress(Progress(found.listings, found.flagged, found.rejected, self._read, self._inputs.total))

    def parts(self, name: str) -> Iterator[bytes]:
        """A part of every block, in order."""
        return (_read_part(self._work.folder / block, name) for block in self.blocks)

    def known(self) -> Iterator[tuple[list[tuple[str, str]], list[Known], list[str]]]:
        """Of each listing the fields that were read whole, what was flagged and the keys of all, for a new baseline."""
        for part in self.parts("known"):
            for line in part.splitlines():  # of bytes: a text would break at U+2028 of a listing's id, too
                row = json.loads(line)
                found = [Known.from_row(json.loads(each), str(self._work.folder)) for each in row["found"]]
                yield [(listing_id, field) for listing_id, field in row["places"]], found, row["keys"]


class _WorkFolder(AbstractContextManager["_WorkFolder"]):
    """The folder of finished blocks. It stays when a run fails, and goes when it has succeeded."""

    def __init__(self, folder: Path, job: Mapping[str, Any], *, restart: bool) -> None:
        self.folder = folder
        self._job = job
        self._restart = restart
        self._open = ExitStack()

    def __enter__(self) -> _WorkFolder:
        about = self.folder / _JOB
        with _writing(self.folder, self._restart):
            self.folder.mkdir(exist_ok=True)
            names = set(os.listdir(self.folder))
            if _JOB not in names and not names <= {_LOCK, f".{_JOB}.part"}:
                raise OutputError(f"{self.folder}: is not the work of a scan. Move it, or write elsewhere.")
            self._open.enter_context(_locked(self.folder))
            if self._restart:
                for name in names - {_LOCK}:
                    (self.folder / name).unlink()
        before = _read_json(about)
        if before is not None and before != self._job:
            self._open.close()
            other = ", ".join(name for name in self._job if name != "sha256" and before.get(name) != self._job[name])
            raise OutputError(
                f"{self.folder}: holds the work of an interrupted scan with other options ({other}). Give the same ones to "
                "go on with it; to throw it away, delete that folder or give --restart to scan."
            )
        if before is None:
            _write_json(about, self._job, restart=self._restart)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            with suppress(OSError):
                for name in sorted(os.listdir(self.folder), key=lambda name: name == _JOB):
                    (self.folder / name).unlink()  # what tells whose work it is goes last, should this be killed too
            shutil.rmtree(self.folder, ignore_errors=True)
        self._open.close()

    def counts_of(self, block: str) -> dict[str, Any] | None:
        """What a block came to, if it is done."""
        try:
            with (self.folder / block).open("rb") as stream:
                head = _read_head(stream, os.fstat(stream.fileno()).st_size)
        except FileNotFoundError:
            return None
        return head["counts"] if head else None


_JOB, _LOCK = "job.json", "lock"


def _begun_on(folder: Path) -> date | None:
    """The day of an interrupted scan, so that one that goes on after midnight is the same."""
    dossier = (_read_json(folder / _JOB) or {}).get("dossier")
    return date.fromisoformat(dossier["as_of"]) if dossier else None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder for this run alone; the system lets go when the process ends, however it ends."""
    with (folder / _LOCK).open("w") as lock:
        try:
            import fcntl
        except ImportError:  # not on Windows: there two runs on one output are the user's business
            yield
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(f"{folder}: another scan is at work here. Wait for it, or write elsewhere.") from None
        yield


@dataclass(frozen=True, slots=True)
class _Targets:
    """Where things are written. `files` are those asked for, by name; the rejects have a default and may be absent."""

    files: Mapping[str, Path]
    formats: Mapping[str, str]
    rejects: Path
    must_reject: bool
    baseline: Path | None = None

    @classmethod
    def of(
        cls,
        output: str | Path,
        listings: str | Path | None,
        rejects: str | Path | None,
        format_: str | None,
        read: Sequence[str | Path],
        write_baseline: str | Path | None = None,
    ) -> _Targets:
        files = {"findings": Path(output)}
        formats = {"findings": format_of(files["findings"], format_)}
        if listings is not None:
            files["listings"] = Path(listings)
            formats["listings"] = format_of(files["listings"])
        targets = cls(
            files,
            formats,
            Path(rejects) if rejects else _beside(Path(output), ".rejects.jsonl"),
            rejects is not None,
            None if write_baseline is None else Path(write_baseline),
        )
        targets._check(read)
        return targets

    @property
    def manifest(self) -> Path:
        return _beside(self.files["findings"], ".manifest.json")

    @property
    def work(self) -> Path:
        return _beside(self.files["findings"], ".work")

    @property
    def written(self) -> list[Path]:
        asked_for = [self.baseline] if self.baseline is not None else []
        return [*self.files.values(), self.rejects, self.manifest, self.work, *asked_for]

    def _check(self, read: Sequence[str | Path]) -> None:
        """What can be said before the work, not after it."""
        check_apart(read, self.written)
        for path in self.written:
            if path != self.work:
                check_place(path)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _finish(
    scan: _Scan,
    targets: _Targets,
    plan: _Plan,
    job: Mapping[str, Any],
    inputs: Inputs,
    auditor: Auditor,
) -> dict[str, Path]:
    """Merge the blocks and let all files appear, each whole; the manifest last."""
    files, writers = dict(targets.files), plan.writers()
    if scan.counts.rejected or targets.must_reject:
        files["rejects"] = targets.rejects
    with ExitStack() as cleanup:
        parts = {}
        for name, path in files.items():
            parts[name] = part = path.with_name(f".{path.name}.part")
            cleanup.callback(part.unlink, missing_ok=True)
            with _writing(path, plan.restart), part.open("wb") as out:
                if name == "rejects":
                    out.writelines(scan.parts(name))
                else:
                    writers[name].merge(scan.parts(name), out)
                out.flush()
                os.fsync(out.fileno())
        manifest = _manifest(scan, job, inputs, auditor, {name: (files[name], part) for name, part in parts.items()})
        with _writing(targets.manifest, plan.restart):
            for name, part in parts.items():
                os.replace(part, files[name])
        if "rejects" not in files:
            targets.rejects.unlink(missing_ok=True)  # of an earlier scan: it would be taken for this one's
        _write_json(targets.manifest, manifest, restart=plan.restart, indent=1)
    return {**files, "manifest": targets.manifest}


def _manifest(
    scan: _Scan, job: Mapping[str, Any], inputs: Inputs, auditor: Auditor, parts: Mapping[str, tuple[Path, Path]]
) -> dict[str, Any]:
    """How the outputs were made: enough to make them again, byte for byte. It names no time, so that it repeats as well."""
    counts = asdict(scan.counts)
    counts["verdicts"] = {name: dict(sorted(found.items())) for name, found in sorted(counts["verdicts"].items())}
    return {
        "format": MANIFEST_FORMAT,
        "signature": str(auditor.signature),
        "job": dict(job),
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in ("numpy", "onnxruntime", "pyarrow", "scipy", "tokenizers")},
        "inputs": [file.described() for file in inputs.files],
        "counts": counts,
        "outputs": {
            name: {"path": str(path), "size": part.stat().st_size, "sha256": sha256_of(part)}
            for name, (path, part) in parts.items()
        },
    }


def repeat_scan(
    manifest: str | Path,
    output: str | Path,
    *,
    listings: str | Path | None = None,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> ScanSummary:
    """Make a scan again from its manifest. Relative paths in it count from the working directory.

    Raises
    ------
    InputError
        It is no manifest of this format, the scan read standard input, or the version, the pack, the model or a local input
        is not the one of then.
    OutputError
        As for `scan_catalogue`.
    """
    told = _read_json(Path(manifest))
    if told is None or told.get("format") != MANIFEST_FORMAT:
        raise InputError(f"{manifest}: no manifest of format {MANIFEST_FORMAT}. Give the one that stands beside an output.")
    job = told["job"]
    dossier = _dossier_of(job)
    check_apart([manifest], [Path(path) for path in (output, listings) if path is not None])
    targets = _Targets.of(output, listings, None, job["formats"]["findings"], [*job["sources"], *dossier.paths])
    _check_inputs(manifest, told, exclude=[*targets.written, *dossier.paths])
    settings, names = dict(job["settings"]), job["columns"]
    if settings["jurisdictions"] is not None:
        settings["jurisdictions"] = tuple(settings["jurisdictions"])
    columns = Columns(**{**names, "text": tuple(names["text"]), "keep": tuple(names["keep"])})
    plan = _Plan(
        pack=job["pack"]["given"],
        model=job["model"]["given"],
        settings=AuditSettings.of(**settings),
        show=job["show"],
        keep=columns.keep,
        strict=False,
        formats=job["formats"],
        dossier=dossier,
        records_known=job["records_known"],
    )
    now = _described(plan, plan.auditor(), job["sources"], columns)
    other = ", ".join(name for name in job if name != "sha256" and job[name] != now[name])
    if other:
        raise InputError(f"{manifest}: the scan was made with another {other}. Install or restore what it names.")
    return scan_catalogue(
        job["sources"],
        output,
        format=job["formats"]["findings"],
        listings=listings,
        columns=columns,
        show=plan.show,
        workers=workers,
        pack=plan.pack,
        model=plan.model,
        settings=plan.settings,
        baseline=plan.dossier.baseline,
        substantiation=plan.dossier.substantiation,
        as_of=date.fromisoformat(plan.dossier.as_of) if plan.dossier.as_of else None,
        progress=progress,
    )


def _check_inputs(manifest: str | Path, told: Mapping[str, Any], *, exclude: Sequence[Path]) -> None:
    """That the sources of a manifest lead to the files of then, and to no others."""
    sources = told["job"]["sources"]
    if STDIN in sources:
        raise InputError(f"{manifest}: the scan read standard input, which nobody kept. Save it to a file and scan that.")
    then = {file["name"]: file["sha256"] for file in told["inputs"] if "://" not in file["name"]}
    now = set(find_files([name for name in sources if "://" not in name], exclude=exclude))
    for name in sorted(then.keys() - now):
        raise InputError(f"{name}: missing since the scan of {manifest}. Restore it.")
    for name in sorted(now - then.keys()):
        raise InputError(f"{name}: not there when {manifest} was written. Move it out of what is scanned.")
    for name, digest in then.items():
        if sha256_of(name) != digest:
            raise InputError(f"{name}: changed since the scan of {manifest} (its SHA-256 is another). Restore it.")


def _dossier_of(job: Mapping[str, Any]) -> DossierFiles:
    told = job["dossier"]
    if told is None:
        return DossierFiles()
    given = {name: told[name] and told[name]["given"] for name in ("baseline", "substantiation")}
    return DossierFiles(**given, as_of=told["as_of"])


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        read = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _write_json(path: Path, value: Mapping[str, Any], *, restart: bool, indent: int | None = None) -> None:
    part = path.with_name(f".{path.name}.part")
    with _writing(path, restart):
        with part.open("w", encoding="utf-8") as out:
            out.write(json.dumps(value, indent=indent) + "\n")
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, path)


@contextmanager
def _writing(path: Path, restart: bool) -> Iterator[None]:
    """An error of the system while writing, as one of ours."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}. Mend that and {go_on(restart)}") from error
