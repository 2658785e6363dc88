"""What the fuzzer drives: each target reads any bytes, and nothing but an error of our own may come out.

A target also checks what holds for every result: it lies inside the text, slices back, tiles and replays.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np

from claimaudit import Auditor, Listing, load_pack
from claimaudit.batch.readers import SUFFIXES, read_listings
from claimaudit.batch.writers import Csv, JsonLines
from claimaudit.claims.artifact import CHEAP, LINEAR_FILES, MANIFEST, write_artifact
from claimaudit.claims.combine import LIMITS, PATTERN_FEATURES, Combination
from claimaudit.claims.linear import SETTINGS, LinearModel, ListingModel
from claimaudit.errors import ClaimAuditError
from claimaudit.evidence.verdict import replay
from claimaudit.reports import html as html_report
from claimaudit.reports import text as text_report
from claimaudit.types import AuditResult
from tests.conftest import table_of

PLANTS = Path(__file__).parents[1] / "packs" / "houseplants"
READERS = (("home", "patterns"), ("clinic", "patterns"), (None, "patterns"), (None, "fast"))
"""Setting and speed by the first byte of an input."""


# --- Copy --------------------------------------------------------------------------------------------------------


def text(data: bytes) -> None:
    """Plain copy."""
    _audit(data, "text")


def html(data: bytes) -> None:
    """A page."""
    _audit(data, "html")


def report(data: bytes) -> None:
    """Copy of any kind, through every report that is text."""
    result = _audit(data, None)
    page = io.StringIO()
    html_report.write([result], page)
    written = page.getvalue()
    assert written.lower().count("<script") == 2, "the page holds its own script and its data alone"
    for line in table_of(JsonLines, [result]).splitlines():
        json.loads(line)
    table_of(Csv, [result])
    list(text_report.render([result], show="all"))


def _audit(data: bytes, markup: str | None) -> AuditResult:
    setting, speed = READERS[data[0] % len(READERS)] if data else READERS[0]
    try:
        copy = data[1:].decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        copy = data[1:].decode("utf-8", "replace")
    result = _auditor(setting, speed).audit(Listing("x", copy, markup=markup))
    check(result)
    return result


def check(result: AuditResult) -> None:
    """What holds for any result."""
    copy = result.listing.text
    place = 0
    for number, sent in enumerate(result.sentences):
        assert sent.index == number
        assert 0 <= sent.span.start <= sent.span.end <= len(copy)
        if result.listing.markup == "text":
            assert place <= sent.span.start < sent.span.end
            assert not copy[place : sent.span.start].strip(), "only white space lies between sentences"
            assert sent.readable.text == sent.span.of(copy)
            place = sent.span.end
    assert result.listing.markup != "text" or not copy[place:].strip()
    for item in (*result.findings, *result.near_misses):
        claim, sent = item.claim, item.claim.sentence
        assert sent.span.start <= claim.span.start < claim.span.end <= sent.span.end
        assert 0 <= claim.confidence <= 1
    for finding in result.findings:
        assert replay(finding.why, load_pack()) == finding.verdict
        assert not finding.is_flagged or (finding.limitations and finding.sources and finding.suggestion)
    for note in result.unchecked:
        assert note.span is None or 0 <= note.span.start <= note.span.end <= len(copy)
    json.loads(result.to_json())


@cache
def _auditor(setting: str | None, speed: str) -> Auditor:
    return Auditor(setting=setting, speed=speed)


# --- Files from outside ------------------------------------------------------------------------------------------

PACK_FILES = tuple(sorted(str(path.relative_to(PLANTS)) for path in PLANTS.rglob("*.yaml")))


def pack(data: bytes) -> None:
    """One file of a pack, chosen by the first byte; the others are whole."""
    folder = _scratch("pack")
    name = PACK_FILES[data[0] % len(PACK_FILES)] if data else PACK_FILES[0]
    whole = (PLANTS / name).read_bytes()
    try:
        (folder / name).write_bytes(data[1:])
        with suppress(ClaimAuditError):
            reading = _fresh_auditor(folder)
            reading.audit("An unkillable fern. It never wilts, is it not so? It may clean the air within 3 days.")
    finally:
        (folder / name).write_bytes(whole)


def _fresh_auditor(folder: Path) -> Auditor:
    from claimaudit.resources import _load_pack

    _load_pack.cache_clear()
    return Auditor(folder)


MODEL_FILES = (MANIFEST, *LINEAR_FILES)


def model(data: bytes) -> None:
    """One file of a model, chosen by the first byte; its hash is set right, so that its reader meets it."""
    folder = _scratch("model")
    name = MODEL_FILES[data[0] % len(MODEL_FILES)] if data else MODEL_FILES[0]
    manifest, whole = (folder / MANIFEST).read_bytes(), (folder / name).read_bytes()
    try:
        (folder / name).write_bytes(data[1:])
        if name != MANIFEST:
            told = json.loads(manifest)
            told["files"][name] = hashlib.sha256(data[1:]).hexdigest()
            (folder / MANIFEST).write_text(json.dumps(told), "utf-8")
        with suppress(ClaimAuditError):
            _model_of(folder).audit("Pen. It is painless, and spots never come back. Results may vary.")
    finally:
        (folder / name).write_bytes(whole)
        (folder / MANIFEST).write_bytes(manifest)


def _model_of(folder: Path) -> Auditor:
    from claimaudit.claims.model import _load

    _load.cache_clear()
    return Auditor(model=folder, speed="fast")


def write_model(folder: Path) -> None:
    """A model of a few words for the shipped pack."""
    types = load_pack().claim_types
    vocabularies = {
        name: ["painless", "never", "pen", "it is"] if name != "letters" else ["pai", "nev"] for name in SETTINGS
    }
    size = sum(map(len, vocabularies.values()))
    combination = Combination(dict.fromkeys((*LIMITS, *PATTERN_FEATURES), 0.5), -1.0, 0.5)
    idf = {name: np.ones(len(terms)) for name, terms in vocabularies.items()}
    write_artifact(
        folder,
        name=folder.name,
        pack="skin",
        claim_types=types,
        gate=0.1,
        combinations={CHEAP: combination, "fast": combination},
        snippets={},
        linear=LinearModel(vocabularies, idf, np.full((size, 2 * len(types)), 0.5), np.zeros(2 * len(types))),
        listing=ListingModel(["painless", "pen"], np.ones(2), np.ones(2), 0.0),
        exemplars={types[0]: ["it is painless"]},
    )


@cache
def _scratch(kind: str) -> Path:
    """A folder that a target may change, made once for each process."""
    root = Path(tempfile.mkdtemp(prefix=f"claimaudit-fuzz-{kind}-"))
    if kind == "pack":
        shutil.copytree(PLANTS, root / "houseplants")
        return root / "houseplants"
    if kind == "model":
        write_model(root / "skin-1")
        return root / "skin-1"
    return root


TABLE_SUFFIXES = tuple(sorted(SUFFIXES))


def table(data: bytes) -> None:
    """A file of listings, its format chosen by the first byte."""
    suffix = TABLE_SUFFIXES[data[0] % len(TABLE_SUFFIXES)] if data else ".csv"
    path = _scratch("table") / f"listings{suffix}"
    path.write_bytes(data[1:])
    with suppress(ClaimAuditError):
        for item in read_listings([str(path)]):
            str(item)


TARGETS: dict[str, Callable[[bytes], object]] = {
    "text": text,
    "html": html,
    "report": report,
    "pack": pack,
    "model": model,
    "table": table,
}
