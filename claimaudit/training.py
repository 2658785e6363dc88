"""A model of a pack made, measured and written down: what `claimaudit train` does."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from claimaudit._version import __version__
from claimaudit.audit import PATTERNS, Auditor
from claimaudit.claims.artifact import put_in_place, read_artifact
from claimaudit.claims.classify import ClaimFinder
from claimaudit.claims.corpus import read_corpus
from claimaudit.claims.model import Speed, load_model
from claimaudit.claims.scope import ScopeReader
from claimaudit.claims.training.build import build_model
from claimaudit.claims.training.examples import read_documents
from claimaudit.evaluation import Evaluation, evaluate, split_gold
from claimaudit.resources import Pack

METRICS = "metrics.json"
MEASURED_ON = ("test", "held-out")
"""Splits that nothing was fitted on: other authors, and a product class that no model has met."""
_PACKAGES = ("numpy", "scikit-learn", "onnxruntime", "tokenizers", "torch", "transformers")


def train(
    pack: Pack,
    folder: Path,
    *,
    name: str,
    with_encoders: bool = False,
    start: Path | None = None,
    report: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Train a model of a pack, measure it, and write both to a folder.

    Parameters
    ----------
    folder
        Gets the model and `metrics.json` when both are made; files of an earlier model are replaced.
    name
        The model's name in signatures, `skin-1` say.
    with_encoders
        Train those of both speeds, too (needs the extra `train`). Without, the only speed is `fast`, with the linear models.
    start
        The folder of a model for the same claim types. Its encoders are taught further, in a quarter of the time, and not
        trained from the pre-trained weights.

    Returns
    -------
    dict
        What `metrics.json` holds: hashes of the data, versions, and scores by split and speed.

    Raises
    ------
    PackError
        The pack has no training corpus, or one without the splits that are needed.
    ModelError
        The weights to start from are not installed, or `start` is not such a folder.
    """
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside it, so that hours that are broken off leave an earlier model as it was.
    with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as place:
        made = Path(place)
        build_model(pack, made, name=name, with_encoders=with_encoders, start=start, report=report)
        metrics = measure(pack, made, report=report)
        (made / METRICS).write_text(json.dumps(metrics, indent=1, ensure_ascii=False) + "\n", "utf-8")
        put_in_place(made, folder)
    return metrics


def measure(pack: Pack, folder: Path, *, report: Callable[[str], None] = print) -> dict[str, Any]:
    """Scores of the model in a folder on the splits that nothing was fitted on, beside those of the patterns alone."""
    artifact = read_artifact(folder)
    scores: dict[str, dict[str, Any]] = {}
    gates: dict[str, dict[str, float]] = {}
    corpus = read_corpus(pack)
    for split in MEASURED_ON:
        if not corpus.split(split):
            continue
        gold = split_gold(pack, split)
        scores[split] = {}
        if Speed.ACCURATE in artifact.speeds:
            gates[split] = measure_gate(pack, folder, split)
        for speed in (PATTERNS, *artifact.speeds):
            auditor = Auditor(pack, speed=speed, model=None if speed == PATTERNS else folder)
            result = evaluate(gold, auditor, errors=0)
            scores[split][speed] = _summary(result)
            report(f"{split}, {speed}: F1 {result.overall.f1.value:.3f}")
    return {
        "model": artifact.name,
        "model_hash": artifact.hash,
        "pack": f"{pack.name}-{pack.version}",
        "pack_hash": pack.hash,
        "corpus_hash": corpus_hash(pack),
        "claimaudit": __version__,
        "python": platform.python_version(),
        "packages": {package: _version(package) for package in _PACKAGES},
        "gate": gates,
        "scores": scores,
    }


def measure_gate(pack: Pack, folder: Path, split: str) -> dict[str, float]:
    """Of a split, the share of sentences that the gate lets through, and its recall: of the flagged ones (0..1).

    A sentence goes through with the window that it stands in.
    """
    model, finder = load_model(pack, Speed.ACCURATE, folder), ClaimFinder(pack)
    total = opened = flagged = found = 0
    for read in read_documents(read_corpus(pack).split(split), ScopeReader(pack)):
        places: set[int] = set()
        if read.scope.in_scope:
            places = model.let_through(read.sentences, read.scope, finder.hear(read.sentences, read.scope))
        wanted = {e.index for e in read.examples if any(target.is_flagged for target in e.targets.values())}
        total, opened = total + len(read.examples), opened + len(places)
        flagged, found = flagged + len(wanted), found + len(wanted & places)
    return {"share": round(opened / max(1, total), 4), "recall": round(found / max(1, flagged), 4)}


def corpus_hash(pack: Pack) -> str:
    """SHA-256 over the names and bytes of the files of a pack's training corpus."""
    digest = hashlib.sha256()
    root = pack.root / "training"
    for path in sorted(path for path in root.rglob("*") if path.suffix in (".jsonl", ".yaml")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _summary(result: Evaluation) -> dict[str, Any]:
    """The figures of an evaluation without its single errors."""
    whole = result.to_dict()
    left_out = {"gold", "core_types", "core", "by", "false_flags", "misses", "incomplete"}
    return {name: value for name, value in whole.items() if name not in left_out}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
