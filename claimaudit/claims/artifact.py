"""A trained model on disk: JSON, arrays without pickle, ONNX graphs. Read only after every hash has been checked.

A folder holds `model.json` (format, name, pack, claim types, gate, combinations for pages and for snippets, the SHA-256 of
each other file), `linear.json`, `linear.npz`, `listing.json` and `listing.npz`, `exemplars.json`, and of a model with
encoders `encoder-small.onnx`, `encoder.onnx` and the `tokenizer.json` of both. No file of it can run code.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile, ZipInfo

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from claimaudit.claims.combine import LIMITS, PATTERN_FEATURES, Combination
from claimaudit.claims.encoder import Encoder
from claimaudit.claims.linear import SETTINGS, Lexicon, LinearModel, ListingModel
from claimaudit.errors import ModelError, first_fault
from claimaudit.types import ClaimType

FORMAT = 3
MANIFEST = "model.json"
MAX_FILE_BYTES = 200_000_000
MAX_MANIFEST_BYTES = 1_000_000
MAX_ARRAY_BYTES = 400_000_000
"""Of the arrays of one file together, unpacked: looked up before any is read, so that a small file fills no memory."""
LINEAR_FILES = ("linear.json", "linear.npz", "listing.json", "listing.npz", "exemplars.json")
TOKENIZER = "tokenizer.json"
ENCODERS = {"fast": "encoder-small.onnx", "accurate": "encoder.onnx"}
"""The graph that each speed reads with. A model may have none: then its only speed is `fast`, with the linear models."""
CHEAP = "cheap"
"""Beside those of the speeds, the combination of patterns and linear models alone: what the gate goes by."""


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
    snippets: dict[str, _Combination] = {}
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Artifact:
    """A model folder whose files are as their hashes say (`files`; those of an encoder are checked when it is asked for).

    `label` names it in messages, `hash` is that of the manifest. `combinations` and `snippets` are named by speed, or
    `CHEAP`.
    """

    folder: Path
    label: str
    name: str
    claim_types: tuple[ClaimType, ...]
    gate: float
    combinations: Mapping[str, Combination]
    snippets: Mapping[str, Combination]
    files: Mapping[str, str]
    hash: str

    @property
    def speeds(self) -> tuple[str, ...]:
        return tuple(speed for speed in ENCODERS if speed in self.combinations)

    def linear(self, lexicon: Lexicon | None = None) -> LinearModel:
        given = self._json("linear.json", dict)
        vocabularies = {name: self._texts(given.get(name), f"linear.json: '{name}'") for name in SETTINGS}
        arrays = _arrays(self.folder / "linear.npz", self.label)
        try:
            idf = {name: arrays[f"idf-{name}"] for name in SETTINGS}
            weights, bias = arrays["weights"], arrays["bias"]
        except KeyError as error:
            raise ModelError(f"{self.label}/linear.npz: {error} is missing. Train the model anew.") from None
        sizes = {name: len(terms) for name, terms in vocabularies.items()}
        fits = all(idf[name].shape == (size,) for name, size in sizes.items()) and bias.shape == weights.shape[1:]
        if not fits or weights.shape != (sum(sizes.values()), 2 * len(self.claim_types)):
            raise ModelError(f"{self.label}/linear.npz: weights of shape {weights.shape} do not fit the vocabularies.")
        return LinearModel(vocabularies, idf, weights, bias, lexicon)

    def listing(self, lexicon: Lexicon | None = None) -> ListingModel:
        vocabulary = self._texts(self._json("listing.json", list), "listing.json")
        arrays = _arrays(self.folder / "listing.npz", self.label)
        try:
            idf, weights, bias = (arrays[name] for name in ("idf", "weights", "bias"))
        except KeyError as error:
            raise ModelError(f"{self.label}/listing.npz: {error} is missing. Train the model anew.") from None
        if not weights.shape == idf.shape == (len(vocabulary),) or bias.shape != ():
            raise ModelError(f"{self.label}/listing.npz: weights of shape {weights.shape} do not fit the vocabulary.")
        return ListingModel(vocabulary, idf, weights, float(bias), lexicon)

    def encoder(self, speed: str) -> Encoder | None:
        """The one that a speed reads with; None in a model without encoders."""
        graph = ENCODERS[speed]
        if graph not in self.files:
            return None
        for name in (graph, TOKENIZER):
            _check_hash(self.folder / name, self.files[name], f"{self.label}/{name}")
        try:
            return Encoder(self.folder / graph, self.folder / TOKENIZER)
        except ImportError:
            raise
        except Exception as error:  # the libraries raise what they like
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ModelError(
                f"{self.label}: {graph} and {TOKENIZER} cannot be loaded: {why}. Train the model anew."
            ) from error

    def exemplars(self) -> dict[ClaimType, list[str]]:
        """Flagged training sentences by claim type, folded: what a finding of the model is likened to."""
        given = self._json("exemplars.json", dict)
        return {name: self._texts(texts, f"exemplars.json: '{name}'", distinct=False) for name, texts in given.items()}

    def _json(self, name: str, kind: type) -> Any:
        try:
            read = json.loads((self.folder / name).read_text("utf-8"))
        except (ValueError, RecursionError, OSError) as error:
            raise ModelError(f"{self.label}/{name}: not JSON that can be read ({error}). Train the model anew.") from None
        if not isinstance(read, kind):
            raise ModelError(f"{self.label}/{name}: a {kind.__name__} was expected. Train the model anew.")
        return read

    def _texts(self, given: Any, where: str, *, distinct: bool = True) -> list[str]:
        if not isinstance(given, list) or not set(map(type, given)) <= {str}:
            raise ModelError(f"{self.label}/{where}: a list of texts was expected. Train the model anew.")
        if distinct and (not given or len(set(given)) < len(given)):
            raise ModelError(f"{self.label}/{where}: the words are none, or one stands twice. Train the model anew.")
        return given


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
        raw = _bounded(manifest, MAX_MANIFEST_BYTES, f"{label}/{MANIFEST}")
        read = _Manifest.model_validate_json(raw)
    except OSError as error:
        raise ModelError(
            f"{label}/{MANIFEST}: cannot be read: {error.strerror}. Give a folder that holds a model."
        ) from None
    except ValidationError as error:
        key, message = first_fault(error)
        raise ModelError(f"{label}/{MANIFEST}: '{key}': {message}. Train the model anew.") from None
    if read.format != FORMAT:
        raise ModelError(
            f"{label}/{MANIFEST}: format {read.format}; this version reads format {FORMAT}. Train the model anew, or use "
            "the version of claimaudit that made it."
        )
    for name in _files_of(read.combinations):
        if name not in read.files:
            raise ModelError(f"{label}/{MANIFEST}: the hash of '{name}' is missing. Train the model anew.")
    if not math.isfinite(read.gate):
        raise ModelError(f"{label}/{MANIFEST}: 'gate' is {read.gate}. Train the model anew.")
    for name in (CHEAP, "fast"):
        if name not in read.combinations:
            raise ModelError(f"{label}/{MANIFEST}: the combination '{name}' is missing. Train the model anew.")
    for name in sorted({*read.combinations, *read.snippets} - {CHEAP, *ENCODERS}):
        raise ModelError(f"{label}/{MANIFEST}: there is no speed '{name}'. Remove it.")
    for name, wanted in read.files.items():
        if name not in _files_of(read.combinations):
            raise ModelError(f"{label}/{MANIFEST}: '{name}' is no file of a model. Remove it.")
        if name in LINEAR_FILES:
            _check_hash(folder / name, wanted, f"{label}/{name}")
    return Artifact(
        folder=folder,
        label=label,
        name=read.name,
        claim_types=tuple(read.claim_types),
        gate=read.gate,
        combinations={name: _combination(entry, name, label) for name, entry in read.combinations.items()},
        snippets={name: _combination(entry, name, label) for name, entry in read.snippets.items()},
        files=read.files,
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
    snippets: Mapping[str, Combination],
    linear: LinearModel,
    listing: ListingModel,
    exemplars: Mapping[ClaimType, Sequence[str]],
) -> None:
    """Write a model folder; the encoders' files, if the model has any, lie there already. The manifest comes last."""
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
    _write_json(
        folder / MANIFEST,
        {
            "format": FORMAT,
            "name": name,
            "pack": pack,
            "claim_types": list(claim_types),
            "gate": gate,
            "combinations": {speed: asdict(combination) for speed, combination in combinations.items()},
            "snippets": {speed: asdict(combination) for speed, combination in snippets.items()},
            "files": {name: _hash(folder / name) for name in _files_of(combinations)},
        },
        indent=1,
    )


def put_in_place(made: Path, folder: Path) -> None:
    """Move a model that was made elsewhere on the same disk into its folder, in the place of an earlier one."""
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(made.iterdir(), key=lambda file: file.name == MANIFEST)  # without its manifest it is refused
    for left in {TOKENIZER, *ENCODERS.values()} - {file.name for file in files}:
        (folder / left).unlink(missing_ok=True)  # of the earlier one
    for file in files:
        file.replace(folder / file.name)


def _files_of(combinations: Collection[str]) -> tuple[str, ...]:
    """The files of a model that has these combinations."""
    return (*LINEAR_FILES, *((TOKENIZER, *ENCODERS.values()) if "accurate" in combinations else ()))


def _write_json(path: Path, value: Any, indent: int | None = None) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=indent) + "\n", "utf-8")


def _combination(entry: _Combination, speed: str, label: str) -> Combination:
    known = {*LIMITS, *PATTERN_FEATURES}
    if not set(entry.weights) <= known or not all(map(math.isfinite, [*entry.weights.values(), entry.bias])):
        raise ModelError(f"{label}/{MANIFEST}: the combination '{speed}' has unknown or impossible weights.")
    return Combination({**dict.fromkeys(known, 0.0), **entry.weights}, entry.bias, entry.cut)


def _check_hash(path: Path, wanted: str, name: str) -> None:
    if not path.is_file():
        raise ModelError(f"{name}: the file is missing. Restore the folder, or train the model anew.")
    if hashlib.sha256(_bounded(path, MAX_FILE_BYTES, name)).hexdigest() != wanted:
        raise ModelError(
            f"{name}: truncated or changed since the model was made. Restore the folder, or train the model anew."
        )


def _bounded(path: Path, most: int, name: str) -> bytes:
    """The content of a file that is not too large."""
    if path.stat().st_size > most:
        raise ModelError(f"{name}: larger than {most:,} bytes, so it is not read.")
    return path.read_bytes()


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _arrays(path: Path, label: str) -> dict[str, np.ndarray]:
    """The arrays of an `.npz` file; what each claims to be is checked before anything is made of it."""
    name = f"{label}/{path.name}"
    try:
        with ZipFile(io.BytesIO(path.read_bytes())) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if size > MAX_ARRAY_BYTES:
                raise ModelError(f"{name}: unpacks to {size:,} bytes, more than the {MAX_ARRAY_BYTES:,} allowed.")
            return {member.filename.removesuffix(".npy"): _array(archive, member) for member in members}
    except (ValueError, OSError, EOFError, NotImplementedError, RuntimeError, BadZipFile, zlib.error) as error:
        raise ModelError(f"{name}: not an array file that can be read ({error}).") from None


def _array(archive: ZipFile, member: ZipInfo) -> np.ndarray:
    """One array of finite numbers, of at most two dimensions."""
    with archive.open(member) as stream:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError(f"'{member.filename}' is of another version")
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        if dtype.kind != "f" or dtype.hasobject or len(shape) > 2 or min(shape, default=0) < 0:
            raise ValueError(f"'{member.filename}' holds no numbers in rows and columns")
        wanted = math.prod(shape) * dtype.itemsize
        if wanted > member.file_size:
            raise ValueError(f"'{member.filename}' says that it holds {wanted:,} bytes, and does not")
        array = np.frombuffer(stream.read(wanted), dtype).reshape(shape, order="F" if is_fortran else "C")
    if not np.isfinite(array).all():
        raise ValueError(f"'{member.filename}' holds a value that is no finite number")
    return array
