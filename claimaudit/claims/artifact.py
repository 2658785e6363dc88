"""A trained model on disk: JSON, arrays without pickle, an ONNX graph. Read only after every hash has been checked.

A folder holds `model.json` (format, name, claim types, gate, combinations, and the SHA-256 of each other file),
`linear.json`, `linear.npz`, `listing.json` and `listing.npz`, `encoder.onnx` and `tokenizer.json`, and `exemplars.json`. No
file of it can run code.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from claimaudit.claims.combine import LIMITS, PATTERN_FEATURES, Combination
from claimaudit.claims.encoder import Encoder
from claimaudit.claims.linear import SETTINGS, Lexicon, LinearModel, ListingModel
from claimaudit.errors import ModelError
from claimaudit.types import ClaimType

FORMAT = 1
MANIFEST = "model.json"
MAX_FILE_BYTES = 200_000_000
LINEAR_FILES = ("linear.json", "linear.npz", "listing.json", "listing.npz", "exemplars.json")
ENCODER_FILES = ("encoder.onnx", "tokenizer.json")


class _Combination(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    weights: dict[str, float]
    bias: float
    cut: float = Field(ge=0, le=1)


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    format: int
    name: str
    pack: str
    claim_types: list[str]
    gate: float
    combinations: dict[str, _Combination]
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Artifact:
    """A model folder whose files are as their hashes say. `label` names it in messages, `hash` is that of the manifest."""

    folder: Path
    label: str
    name: str
    pack: str
    claim_types: tuple[ClaimType, ...]
    gate: float
    combinations: Mapping[str, Combination]
    hash: str

    def linear(self, lexicon: Lexicon | None = None) -> LinearModel:
        vocabularies = self._json("linear.json")
        arrays = _arrays(self.folder / "linear.npz", self.label)
        try:
            idf = {name: arrays[f"idf-{name}"] for name in SETTINGS}
            sizes = {name: len(vocabularies[name]) for name in SETTINGS}
            weights, bias = arrays["weights"], arrays["bias"]
        except (KeyError, TypeError) as error:
            raise ModelError(f"{self.label}/linear.npz: {error} is missing. Train the model anew.") from None
        if weights.shape != (sum(sizes.values()), 2 * len(self.claim_types)) or bias.shape != weights.shape[1:]:
            raise ModelError(f"{self.label}/linear.npz: weights of shape {weights.shape} do not fit the vocabularies.")
        return LinearModel(vocabularies, idf, weights, bias, lexicon)

    def listing(self, lexicon: Lexicon | None = None) -> ListingModel:
        vocabulary = self._json("listing.json")
        arrays = _arrays(self.folder / "listing.npz", self.label)
        try:
            idf, weights, bias = (arrays[name] for name in ("idf", "weights", "bias"))
        except KeyError as error:
            raise ModelError(f"{self.label}/listing.npz: {error} is missing. Train the model anew.") from None
        if not weights.shape == idf.shape == (len(vocabulary),):
            raise ModelError(f"{self.label}/listing.npz: weights of shape {weights.shape} do not fit the vocabulary.")
        return ListingModel(vocabulary, idf, weights, float(bias), lexicon)

    def encoder(self) -> Encoder:
        return Encoder(self.folder / "encoder.onnx", self.folder / "tokenizer.json")

    def exemplars(self) -> dict[ClaimType, list[str]]:
        """Flagged training sentences by claim type, folded: what a finding of the model is likened to."""
        return dict(self._json("exemplars.json"))

    def _json(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text("utf-8"))


def read_artifact(folder: Path) -> Artifact:
    """Check a model folder and read its manifest.

    Raises
    ------
    ModelError
        No manifest, another format, a file missing, truncated, changed or too large.
    """
    label = folder.name
    manifest = folder / MANIFEST
    try:
        raw = manifest.read_bytes()
        read = _Manifest.model_validate_json(raw)
    except OSError as error:
        raise ModelError(
            f"{label}/{MANIFEST}: cannot be read: {error.strerror}. Give a folder that holds a model."
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"{label}/{MANIFEST}: '{where}': {first['msg']}. Train the model anew.") from None
    if read.format != FORMAT:
        raise ModelError(
            f"{label}/{MANIFEST}: format {read.format}; this version reads format {FORMAT}. Train the model anew, or use "
            "the version of claimaudit that made it."
        )
    for name in (*LINEAR_FILES, *(ENCODER_FILES if "accurate" in read.combinations else ())):
        if name not in read.files:
            raise ModelError(f"{label}/{MANIFEST}: the hash of '{name}' is missing. Train the model anew.")
    for name, wanted in read.files.items():
        _check_hash(folder / name, wanted, f"{label}/{name}")
    return Artifact(
        folder=folder,
        label=label,
        name=read.name,
        pack=read.pack,
        claim_types=tuple(read.claim_types),
        gate=read.gate,
        combinations={name: _combination(entry, name, label) for name, entry in read.combinations.items()},
        hash=hashlib.sha256(raw).hexdigest(),
    )


def write_artifact(
    folder: Path,
    *,
    name: str,
    pack: str,
    claim_types: Sequence[ClaimType],
    gate: float,
    combinations: Mapping[str, Combination],
    linear: LinearModel,
    listing: ListingModel,
    exemplars: Mapping[ClaimType, Sequence[str]],
) -> None:
    """Write a model folder; the encoder's files, if the model has one, lie there already. The manifest comes last."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(folder / "linear.json", {name: list(terms) for name, terms in linear.vocabularies.items()})
    arrays: dict[str, Any] = {f"idf-{name}": values for name, values in linear.idf.items()}
    arrays |= {"weights": linear.weights.astype(np.float16), "bias": linear.bias}
    with (folder / "linear.npz").open("wb") as out:
        np.savez_compressed(out, **arrays)
    _write_json(folder / "listing.json", list(listing.vocabulary))
    with (folder / "listing.npz").open("wb") as out:
        np.savez_compressed(out, idf=listing.idf, weights=listing.weights.astype(np.float16), bias=np.float32(listing.bias))
    _write_json(folder / "exemplars.json", {claim_type: list(texts) for claim_type, texts in exemplars.items()})
    names = (*LINEAR_FILES, *(ENCODER_FILES if "accurate" in combinations else ()))
    _write_json(
        folder / MANIFEST,
        {
            "format": FORMAT,
            "name": name,
            "pack": pack,
            "claim_types": list(claim_types),
            "gate": gate,
            "combinations": {speed: asdict(combination) for speed, combination in combinations.items()},
            "files": {name: _hash(folder / name) for name in names},
        },
        indent=1,
    )


def _write_json(path: Path, value: Any, indent: int | None = None) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=indent) + "\n", "utf-8")


def _combination(entry: _Combination, speed: str, label: str) -> Combination:
    known = {*LIMITS, *PATTERN_FEATURES}
    if not set(entry.weights) <= known or not all(map(math.isfinite, [*entry.weights.values(), entry.bias])):
        raise ModelError(f"{label}/{MANIFEST}: the combination '{speed}' has unknown or impossible weights.")
    return Combination({**dict.fromkeys(known, 0.0), **entry.weights}, entry.bias, entry.cut)


def _check_hash(path: Path, wanted: str, name: str) -> None:
    if Path(path.name).name != path.name or not path.is_file():
        raise ModelError(f"{name}: the file is missing. Restore the folder, or train the model anew.")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ModelError(f"{name}: larger than {MAX_FILE_BYTES:,} bytes, so it is not read.")
    if _hash(path) != wanted:
        raise ModelError(
            f"{name}: truncated or changed since the model was made. Restore the folder, or train the model anew."
        )


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _arrays(path: Path, label: str) -> dict[str, np.ndarray]:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (ValueError, OSError) as error:
        raise ModelError(f"{label}/{path.name}: not an array file that can be read ({error}).") from None
