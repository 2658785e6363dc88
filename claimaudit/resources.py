"""Finds, reads, validates and hashes the data of a pack. The only module that knows where data lie.

A pack is a folder, one field of marketing claims: `pack.yaml`, `scope.yaml`, `vocabulary.yaml`, `cues.yaml`,
`claims/<type>.yaml`, `limitations.yaml`, `rules.yaml`, `sources.yaml`, and perhaps `words.txt`. Errors name file and line.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from claimaudit.errors import PackError
from claimaudit.types import Assertion, ClaimType, Figure, Limitation, Rule, Source, Strength, Verdict

DEFAULT_PACK = "skin"
MAX_FILE_BYTES = 8_000_000  # a pack file is text that people review; more than this is a mistake or an attack
MAX_YAML_NODES = 400_000
MAX_YAML_DEPTH = 20
MAX_CLAIM_FILES = 500

_PACKAGE = Path(__file__).resolve().parent
_DATA_ROOTS = (_PACKAGE / "_data", _PACKAGE.parent)  # an installed wheel, then a checkout


# --- YAML that keeps its lines -------------------------------------------------------------------------------


class _Mapping(dict[str, Any]):
    """A YAML mapping that remembers the line it begins at and the line of each key."""

    line: int
    key_lines: dict[str, int]


class _Sequence(list[Any]):
    """A YAML sequence that remembers the line of each item."""

    item_lines: list[int]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Resolves `true`, `false`, `null` and decimal integers; every other scalar stays the text it is.

    YAML 1.1 reads `NO` as False, `1.10` as 1.1 and `12:30` as 750; a pack means what it spells.
    """


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:null|~|)$"), ["n", "~", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9]\d*)$"), list("-0123456789"))


def _construct_mapping(loader: Any, node: yaml.MappingNode) -> _Mapping:
    mapping = _Mapping()
    mapping.line = node.start_mark.line + 1
    mapping.key_lines = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        line = key_node.start_mark.line + 1
        if key in mapping:
            raise PackError(f"{line}: the key '{key}' stands twice (first in line {mapping.key_lines[key]}). Keep one.")
        mapping.key_lines[key] = line
        mapping[key] = loader.construct_object(value_node, deep=True)
    return mapping


def _construct_sequence(loader: Any, node: yaml.SequenceNode) -> _Sequence:
    sequence = _Sequence(loader.construct_object(item, deep=True) for item in node.value)
    sequence.item_lines = [item.start_mark.line + 1 for item in node.value]
    return sequence


_Loader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)
_Loader.add_constructor("tag:yaml.org,2002:seq", _construct_sequence)


def read_yaml(path: Path, *, name: str) -> Any:
    """The content of a YAML file, with lines kept; `name` is how errors call the file.

    Raises
    ------
    PackError
        The file is missing, too large, nested too deeply, not UTF-8, not YAML, or repeats a key.
    """
    try:
        if path.exists() and not path.is_file():
            raise PackError(f"{name}: not a file. Put a file there.")
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise PackError(f"{name}: the file is missing. A pack needs it; add it.") from None
    except OSError as error:
        raise PackError(f"{name}: cannot be read: {error.strerror}.") from error
    if len(data) > MAX_FILE_BYTES:
        raise PackError(f"{name}: more than the {MAX_FILE_BYTES:,} bytes allowed. Split or shorten it.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise PackError(f"{name}:{line}: not UTF-8 at byte {error.start}. Save the file as UTF-8.") from None
    try:
        depth = 0
        for events, event in enumerate(yaml.parse(text, Loader=_Loader)):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_YAML_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise PackError(f"{name}:{line}: nested more than {MAX_YAML_DEPTH} deep. Flatten it.")
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise PackError(f"{name}:{line}: YAML aliases are not allowed here. Write the value out.")
            if events > MAX_YAML_NODES:
                raise PackError(f"{name}: more than {MAX_YAML_NODES:,} entries. Split or shorten it.")
        return yaml.load(text, Loader=_Loader)
    except PackError as error:
        message = str(error)
        raise (error if message.startswith(name) else PackError(f"{name}:{message}")) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f":{mark.line + 1}" if mark else ""
        raise PackError(f"{name}{where}: not valid YAML: {error.problem}. Mend the line.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PackError(f"{name}: not valid YAML: {error}") from None


# --- What the files may hold ---------------------------------------------------------------------------------

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
IsoDate = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Phrases = list[Annotated[str, StringConstraints(min_length=1, max_length=2000)]]
Confidence = Literal["high", "moderate", "low"]


class _Entry(BaseModel):
    # Schemas are built on first use: that halves the time `claimaudit --help` takes to import.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class PackFile(_Entry):
    """`pack.yaml`: what the pack is called, which claim types it has, in order, and which settings."""

    name: Id
    version: str
    title: str
    description: str = ""
    claim_types: list[Id]
    settings: list[Id] = Field(min_length=1)
    product_setting: Id
    service_setting: Id


class VocabularyFile(_Entry):
    """`vocabulary.yaml`: named classes of words, used in phrases as `<name>`."""

    words: dict[Id, Annotated[Phrases, Field(min_length=1)]]


class CueEntry(_Entry):
    """Words that tell how a claim is said, and where the claim must stand for them to apply.

    With `or_lists` a cue that stops at commas goes on through a list that ends in "or": "won't lift scars, shrink pores
    or …".
    """

    id: Id
    category: Assertion
    any: Phrases
    where: Literal["sentence", "lead_in", "heading", "question"] = "sentence"
    direction: Literal["before", "after", "around"] = "before"
    within: int = 8
    stop: Phrases = []
    crosses_commas: bool = True
    or_lists: bool = False
    unless: Phrases = []
    types: list[Id] = []
    not_types: list[Id] = []
    independent: bool = False
    on: list[str] = []
    off: list[str] = []
    note: str = ""


class DisclaimerEntry(_Entry):
    """Words that make a sentence a disclaimer, and the claim types that it can qualify."""

    id: Id
    any: Phrases
    unless: Phrases = []
    types: list[Id] = []
    not_types: list[Id] = []
    on: list[str] = Field(min_length=1)
    off: list[str] = Field(min_length=1)


class CuesFile(_Entry):
    """`cues.yaml`: assertion cues, whose `order` says which status wins when several apply, and disclaimers."""

    order: list[Assertion]
    stops: Phrases
    cues: list[CueEntry]
    disclaimers: list[DisclaimerEntry] = []


class ScopeCue(_Entry):
    any: Phrases
    weight: int = 1


class ScopeClass(_Entry):
    """A modality or a condition. A `circumstance` (for whom, where, with what) leaves open what a claim is about."""

    id: Id
    under: list[Id] = []
    any: Phrases
    weight: int = 1
    circumstance: bool = False


class FieldScope(_Entry):
    """Whether the pack applies: the cues inside less those outside must reach a threshold.

    It rises with the text's length from `threshold` (one sentence) to `threshold_long` (`long` sentences and more).
    """

    inside: list[ScopeCue]
    outside: list[ScopeCue]
    threshold: int
    threshold_long: int | None = None
    long: int = 10
    title_factor: int = 2

    def threshold_for(self, sentences: int) -> float:
        """The threshold for a text of so many sentences."""
        top = self.threshold if self.threshold_long is None else self.threshold_long
        share = min(max(sentences - 1, 0) / max(self.long - 1, 1), 1.0)
        return self.threshold + (top - self.threshold) * share


class ScopeFile(_Entry):
    """`scope.yaml`: words that tell whether the pack applies, the setting, modalities and conditions, and whether the text
    is by somebody who sells nothing (`independent`: a newspaper, a regulator, a forum)."""

    field: FieldScope
    settings: dict[Id, list[ScopeCue]]
    setting_margin: int = 1
    product: list[ScopeCue]
    independent: list[ScopeCue] = []
    independent_threshold: int = 3
    modalities: list[ScopeClass]
    conditions: list[ScopeClass]


class PatternEntry(_Entry):
    """One pattern of a claim type. `any` are the words of the claim; the other keys say when they count."""

    id: Id
    strength: Strength | dict[Id, Strength]
    any: Phrases
    with_: Phrases = Field(default=[], alias="with")
    unless: Phrases = []
    about: Phrases = []
    under: Phrases = []
    question: Phrases = []
    setting: Id | None = None
    modality: list[Id] = []
    not_modality: list[Id] = []
    assertion: Assertion | None = None
    confidence: int = 90
    note: str = ""
    flag: list[str | dict[Id, str]] = []
    pass_: list[str | dict[Id, str]] = Field(default=[], alias="pass")

    @model_validator(mode="after")
    def _has_examples(self) -> PatternEntry:
        modest = self.strength is Strength.MODEST
        if not modest and not self.flag:
            raise ValueError("needs at least one `flag` line that it must flag")
        if not self.pass_:
            raise ValueError("needs at least one `pass` line that must not be flagged")
        return self


class ClaimFile(_Entry):
    """`claims/<type>.yaml`: what the type is about, its default ceiling, and its patterns."""

    type: Id
    title: str
    about: str
    ladder: dict[Strength, str]
    verdicts: dict[Strength, Verdict]
    not_for: list[Id] = []
    modest_limits: bool = False
    message: dict[Verdict, str]
    suggestion: str
    patterns: list[PatternEntry]


class CeilingEntry(_Entry):
    text: str
    verdicts: dict[Strength, Verdict] | None = None
    softer: bool = False
    named_in_sentence: bool = False
    not_beside: list[Id] = []


class FigureEntry(_Entry):
    fact: str
    source: Id


class LimitationEntry(_Entry):
    kind: Literal["limitation", "permission"]
    id: Id
    claim_types: list[Id] = Field(min_length=1)
    setting: Id
    modality: list[Id] = Field(min_length=1)
    conditions: list[Id] = Field(min_length=1)
    about: Phrases = []
    statement: str
    ceiling: CeilingEntry
    wording: str
    figures: list[FigureEntry] = []
    sources: list[Id] = Field(min_length=1)
    confidence: Confidence
    reviewed_on: IsoDate
    review_by: IsoDate
    notes: str = ""


class SourceEntry(_Entry):
    id: Id
    kind: Id
    citation: str
    supports: str
    verified: Literal["read", "memory"]
    doi: str | None = None
    pmid: str | int | None = None
    url: str | None = None


class RuleEntry(_Entry):
    id: Id
    jurisdiction: Id
    authority: str
    instrument: str
    provision: str
    claim_types: list[Id]
    families: list[Id] = []
    setting: Id
    modality: list[Id]
    conditions: list[Id]
    statement: str
    acceptable: str
    sources: list[Id] = Field(min_length=1)
    confidence: Confidence
    reviewed_on: IsoDate
    review_by: IsoDate


M = TypeVar("M", bound=_Entry)


def _line_of(data: Any, path: tuple[int | str, ...]) -> int:
    """The line that an error path of pydantic points to, or the nearest known one above it."""
    line = getattr(data, "line", 1)
    for key in path:
        if isinstance(data, _Mapping):
            line = data.key_lines.get(str(key), data.line)
            data = data.get(str(key))
        elif isinstance(data, _Sequence) and isinstance(key, int) and key < len(data):
            line = data.item_lines[key]
            data = data[key]
        else:
            break
    return line


def _explain(error: Any, data: Any) -> str:
    location = tuple(error["loc"])
    key = ".".join(str(part) for part in location) or "file"
    if error["type"] == "extra_forbidden":
        return f"unknown key '{location[-1]}'. Remove it or correct its name."
    if error["type"] == "missing":
        return f"'{location[-1]}' is missing. Add it."
    value = error.get("input")
    shown = f", got {value!r}" if isinstance(value, str | int | bool) else ""
    message = error["msg"].removeprefix("Value error, ")
    return f"'{key}': {message}{shown}."


def _validate(model: type[M], data: Any, *, name: str) -> M:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        more = f" ({error.error_count() - 1} more in this file)" if error.error_count() > 1 else ""
        raise PackError(f"{name}:{_line_of(data, tuple(first['loc']))}: {_explain(first, data)}{more}") from None


def _validate_list(model: type[M], data: Any, *, name: str) -> list[tuple[M, str]]:
    """Each entry of a list file with its origin, `file:line`."""
    if not isinstance(data, _Sequence) or not data:
        raise PackError(f"{name}: expected a list of entries, at least one.")
    entries: list[tuple[M, str]] = []
    seen: dict[str, int] = {}
    for item, line in zip(data, data.item_lines, strict=True):
        if not isinstance(item, _Mapping):
            raise PackError(f"{name}:{line}: expected an entry with keys, got {item!r}.")
        try:
            entry = model.model_validate(item)
        except ValidationError as error:
            first = error.errors()[0]
            at = _line_of(item, tuple(first["loc"]))
            raise PackError(f"{name}:{at}: {_explain(first, item)}") from None
        key = str(getattr(entry, "id", line))
        if key in seen:
            raise PackError(f"{name}:{line}: the id '{key}' stands twice (first in line {seen[key]}). Rename one.")
        seen[key] = line
        entries.append((entry, f"{name}:{line}"))
    return entries


# --- The pack ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in a pack an entry stands, for errors."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """All that the engine knows about one field, validated. Compare packs by `hash`."""

    name: str
    version: str
    title: str
    root: Path
    hash: str
    file: PackFile
    vocabulary: Mapping[str, tuple[str, ...]]
    cues: CuesFile
    scope: ScopeFile
    claims: Mapping[ClaimType, ClaimFile]
    limitations: tuple[Limitation, ...]
    rules: tuple[Rule, ...]
    sources: Mapping[str, Source]
    origins: Mapping[str, Origin]
    words: frozenset[str] = frozenset()
    """Ordinary words of the field's copy, from `words.txt`: none of them is taken for another word in disguise."""

    @property
    def claim_types(self) -> tuple[ClaimType, ...]:
        return tuple(self.file.claim_types)

    @property
    def settings(self) -> tuple[str, ...]:
        return tuple(self.file.settings)

    @property
    def jurisdictions(self) -> tuple[str, ...]:
        return tuple(sorted({rule.jurisdiction for rule in self.rules}))

    def stale(self, as_of: date) -> tuple[Limitation | Rule, ...]:
        """Entries whose review date lies before `as_of`."""
        entries: tuple[Limitation | Rule, ...] = (*self.limitations, *self.rules)
        return tuple(entry for entry in entries if entry.review_by < as_of.isoformat())


def pack_path(pack: str | Path | None = None) -> Path:
    """The folder of a pack: a path as it is, a bare name from the data that ship with the library.

    Raises
    ------
    PackError
        There is no such folder.
    """
    if pack is None:
        pack = DEFAULT_PACK
    given = Path(pack)
    if isinstance(pack, str) and given.name == pack:
        for root in _DATA_ROOTS:
            if (root / "corpora" / pack / "pack.yaml").is_file():
                return root / "corpora" / pack
    if (given / "pack.yaml").is_file():
        return given
    raise PackError(f"{pack}: no pack here. Give the name of a shipped pack or a folder that holds a pack.yaml.")


def is_shipped(pack: Pack) -> bool:
    """Whether a pack is one of those that come with the library."""
    return any(pack.root.parent == root / "corpora" for root in _DATA_ROOTS)


def model_path(pack: Pack) -> Path | None:
    """The folder of the newest model that ships for a shipped pack, `models/<pack>-<number>`; None if there is none."""
    for root in _DATA_ROOTS:
        if pack.root.parent == root / "corpora":
            found = [
                (int(number), folder)
                for folder in (root / "models").glob(f"{pack.name}-*")
                if (number := folder.name.removeprefix(f"{pack.name}-")).isdigit() and (folder / "model.json").is_file()
            ]
            return max(found)[1] if found else None
    return None


def load_pack(pack: str | Path | None = None) -> Pack:
    """Read, validate and hash a pack.

    Parameters
    ----------
    pack
        Name of a shipped pack, or a folder; None for the default, `skin`.

    Raises
    ------
    PackError
        With file and line: an unknown or missing key, an id that is not defined, a review date before its review …
    """
    root = pack_path(pack).resolve()
    return _load_pack(root, tuple(_PackReader(root).stamps()))


@lru_cache(maxsize=4)
def _load_pack(root: Path, stamps: tuple[tuple[str, int, int], ...]) -> Pack:
    """The pack whose files have these `stamps`: one that was edited is read anew."""
    return _PackReader(root).read()


def check_inside(path: Path, root: Path, *, name: str) -> None:
    """Refuse a link that leads out of the folder `root` (resolved); `name` is how errors call the file."""
    if not path.resolve().is_relative_to(root):
        raise PackError(f"{name}: a link that leads out of the pack. Put the file itself there.")


class _PackReader:
    """Reads one pack folder and checks that its files agree with each other."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.label = f"{root.parent.name}/{root.name}"
        self.origins: dict[str, Origin] = {}

    def name(self, relative: str) -> str:
        return f"{self.label}/{relative}"

    def yaml(self, relative: str) -> Any:
        path = self.root / relative
        check_inside(path, self.root, name=self.name(relative))
        return read_yaml(path, name=self.name(relative))

    def read(self) -> Pack:
        file = _validate(PackFile, self.yaml("pack.yaml"), name=self.name("pack.yaml"))
        settings = [file.product_setting, file.service_setting]
        self._known(settings, file.settings, "setting", self.name("pack.yaml"), "its settings")
        scope = self._scope(file)
        modalities = {entry.id for entry in scope.modalities} | {"any"}
        conditions = {entry.id for entry in scope.conditions} | {"any"}
        vocabulary = _validate(VocabularyFile, self.yaml("vocabulary.yaml"), name=self.name("vocabulary.yaml"))
        claims = {claim_type: self._claim(claim_type, file, modalities) for claim_type in file.claim_types}
        self._no_stray_claim_files(file)
        cues = self._cues(file)
        sources = self._sources()
        limitations = self._limitations(file, modalities, conditions, sources)
        rules = self._rules(file, modalities, conditions, sources)
        self._all_cited(sources, limitations, rules)
        self._every_type_has_ground(file, limitations)
        return Pack(
            name=file.name,
            version=file.version,
            title=file.title,
            root=self.root,
            hash=self._hash(),
            file=file,
            vocabulary={name: tuple(words) for name, words in vocabulary.words.items()},
            cues=cues,
            scope=scope,
            claims=claims,
            limitations=limitations,
            rules=rules,
            sources=sources,
            origins=self.origins,
            words=self._words(),
        )

    def _words(self) -> frozenset[str]:
        """The words of `words.txt`, if the pack has one: lower case, any number a line, `#` begins a comment."""
        path = self.root / "words.txt"
        if not path.is_file():
            return frozenset()
        check_inside(path, self.root, name=self.name("words.txt"))
        if path.stat().st_size > MAX_FILE_BYTES:
            raise PackError(f"{self.name('words.txt')}: more than the {MAX_FILE_BYTES:,} bytes allowed. Shorten it.")
        lines = path.read_text("utf-8", errors="replace").splitlines()
        return frozenset(word for line in lines for word in line.partition("#")[0].split())

    def _files(self) -> Iterator[Path]:
        names = ("pack", "scope", "vocabulary", "cues", "limitations", "rules", "sources")
        yield from (self.root / f"{name}.yaml" for name in names)
        yield from sorted((self.root / "claims").glob("*.yaml"))
        yield from sorted(self.root.glob("words.txt"))

    def stamps(self) -> Iterator[tuple[str, int, int]]:
        """Name, time of change and size of each file."""
        for path in filter(Path.is_file, self._files()):
            told = path.stat()
            yield path.relative_to(self.root).as_posix(), told.st_mtime_ns, told.st_size

    def _hash(self) -> str:
        """SHA-256 over names and contents of the files that decide a verdict; training data are no part of it."""
        digest = hashlib.sha256()
        for path in self._files():
            data = path.read_bytes().replace(b"\r\n", b"\n")
            digest.update(f"{path.relative_to(self.root).as_posix()}\0{len(data)}\0".encode())
            digest.update(data)
        return digest.hexdigest()

    def _known(self, values: list[str], known: set[str] | list[str], what: str, origin: str, where: str) -> None:
        for value in values:
            if value not in known:
                raise PackError(f"{origin}: {what} '{value}' is not in {where}. Add it there or correct the id.")

    def _scope(self, file: PackFile) -> ScopeFile:
        name = self.name("scope.yaml")
        data = self.yaml("scope.yaml")
        scope = _validate(ScopeFile, data, name=name)
        seen: dict[str, int] = {}  # over both groups: what a listing is about is one set of ids
        for group in ("modalities", "conditions"):
            entries: list[ScopeClass] = getattr(scope, group)
            ids = {entry.id for entry in entries}
            for entry, line in zip(entries, data[group].item_lines, strict=True):
                if entry.id in seen:
                    raise PackError(
                        f"{name}:{line}: the id '{entry.id}' stands twice (first in line {seen[entry.id]}). Rename one."
                    )
                seen[entry.id] = line
                self.origins[f"{group}:{entry.id}"] = Origin(name, line)
                self._known(entry.under, ids, group, f"{name}:{line}", f"{group} of scope.yaml")
        self._known(list(scope.settings), file.settings, "setting", f"{name}:{data.key_lines['settings']}", "pack.yaml")
        return scope

    def _claim(self, claim_type: str, file: PackFile, modalities: set[str]) -> ClaimFile:
        relative = f"claims/{claim_type}.yaml"
        name = self.name(relative)
        data = self.yaml(relative)
        claim = _validate(ClaimFile, data, name=name)
        if claim.type != claim_type:
            raise PackError(f"{name}:{data.key_lines['type']}: 'type' is '{claim.type}', the file says '{claim_type}'.")
        self._known(claim.not_for, file.settings, "setting", name, "pack.yaml")
        for table in ("ladder", "verdicts"):
            missing = [strength.value for strength in Strength if strength not in getattr(claim, table)]
            if missing:
                raise PackError(f"{name}:{data.key_lines[table]}: '{table}' lacks {', '.join(missing)}. Add it.")
        seen: set[str] = set()
        for entry, line in zip(claim.patterns, data["patterns"].item_lines, strict=True):
            origin = f"{name}:{line}"
            if entry.id in seen:
                raise PackError(f"{origin}: the pattern id '{entry.id}' stands twice in this file. Rename one.")
            seen.add(entry.id)
            self.origins[f"pattern:{claim_type}/{entry.id}"] = Origin(name, line)
            self._known([*entry.modality, *entry.not_modality], modalities, "modality", origin, "scope.yaml")
            settings = [entry.setting] if entry.setting else []
            if isinstance(entry.strength, dict):
                settings += list(entry.strength)
            self._known(settings, file.settings, "setting", origin, "pack.yaml")
        return claim

    def _no_stray_claim_files(self, file: PackFile) -> None:
        files = sorted((self.root / "claims").glob("*.yaml"))
        if len(files) > MAX_CLAIM_FILES:
            raise PackError(f"{self.name('claims')}: {len(files):,} files, more than the {MAX_CLAIM_FILES} allowed.")
        for path in files:
            if path.stem not in file.claim_types:
                raise PackError(
                    f"{self.name('claims/' + path.name)}: '{path.stem}' is not among the claim_types of pack.yaml. "
                    "Add it there or remove the file."
                )

    def _cues(self, file: PackFile) -> CuesFile:
        name = self.name("cues.yaml")
        data = self.yaml("cues.yaml")
        cues = _validate(CuesFile, data, name=name)
        seen: set[str] = set()
        for cue, line in zip(cues.cues, data["cues"].item_lines, strict=True):
            if cue.id in seen:
                raise PackError(f"{name}:{line}: the id '{cue.id}' stands twice. Rename one.")
            seen.add(cue.id)
            self.origins[f"cue:{cue.id}"] = Origin(name, line)
            self._known([*cue.types, *cue.not_types], file.claim_types, "claim type", f"{name}:{line}", "pack.yaml")
            if cue.category not in cues.order:
                raise PackError(f"{name}:{line}: category '{cue.category}' is not in 'order'. Add it there.")
        for entry, line in zip(cues.disclaimers, data["disclaimers"].item_lines if cues.disclaimers else (), strict=True):
            if f"disclaimer:{entry.id}" in self.origins:
                raise PackError(f"{name}:{line}: the id '{entry.id}' stands twice. Rename one.")
            self.origins[f"disclaimer:{entry.id}"] = Origin(name, line)
            self._known([*entry.types, *entry.not_types], file.claim_types, "claim type", f"{name}:{line}", "pack.yaml")
        return cues

    def _sources(self) -> dict[str, Source]:
        name = self.name("sources.yaml")
        entries = _validate_list(SourceEntry, self.yaml("sources.yaml"), name=name)
        sources = {}
        for entry, origin in entries:
            self._note(f"source:{entry.id}", origin)
            pmid = None if entry.pmid is None else str(entry.pmid)
            fields = entry.model_dump(exclude={"pmid"})
            sources[entry.id] = Source(**fields, pmid=pmid)
        return sources

    def _note(self, key: str, origin: str) -> None:
        file, _, line = origin.rpartition(":")
        self.origins[key] = Origin(file, int(line))

    def _resolve(self, ids: list[str], sources: dict[str, Source], origin: str) -> tuple[Source, ...]:
        self._known(ids, set(sources), "source", origin, "sources.yaml")
        return tuple(sources[id_] for id_ in ids)

    def _dates(self, entry: LimitationEntry | RuleEntry, origin: str) -> None:
        for field in ("reviewed_on", "review_by"):
            try:
                date.fromisoformat(getattr(entry, field))
            except ValueError:
                raise PackError(f"{origin}: '{field}' {getattr(entry, field)!r} is no date. Write YYYY-MM-DD.") from None
        if entry.review_by <= entry.reviewed_on:
            raise PackError(f"{origin}: review_by {entry.review_by} is not after reviewed_on {entry.reviewed_on}.")

    def _limitations(
        self, file: PackFile, modalities: set[str], conditions: set[str], sources: dict[str, Source]
    ) -> tuple[Limitation, ...]:
        result = []
        name = self.name("limitations.yaml")
        for entry, origin in _validate_list(LimitationEntry, self.yaml("limitations.yaml"), name=name):
            self._note(f"limitation:{entry.id}", origin)
            self._known(entry.claim_types, file.claim_types, "claim type", origin, "pack.yaml")
            self._applies_to(entry, file, modalities, conditions, origin)
            self._known(entry.ceiling.not_beside, conditions, "condition", origin, "scope.yaml")
            self._dates(entry, origin)
            cited = self._resolve(entry.sources, sources, origin)
            for figure in entry.figures:
                self._known([figure.source], entry.sources, "figure's source", origin, "the entry's own sources")
            result.append(
                Limitation(
                    id=entry.id,
                    kind=entry.kind,
                    claim_types=tuple(entry.claim_types),
                    setting=entry.setting,
                    modality=tuple(entry.modality),
                    conditions=tuple(entry.conditions),
                    statement=entry.statement,
                    ceiling=entry.ceiling.text,
                    wording=entry.wording,
                    sources=cited,
                    confidence=entry.confidence,
                    reviewed_on=entry.reviewed_on,
                    review_by=entry.review_by,
                    verdicts=entry.ceiling.verdicts,
                    softer=entry.ceiling.softer,
                    named_in_sentence=entry.ceiling.named_in_sentence,
                    not_beside=tuple(entry.ceiling.not_beside),
                    figures=tuple(Figure(figure.fact, figure.source) for figure in entry.figures),
                    notes=entry.notes,
                    about=tuple(entry.about),
                    origin=origin,
                )
            )
        return tuple(result)

    def _applies_to(
        self,
        entry: LimitationEntry | RuleEntry,
        file: PackFile,
        modalities: set[str],
        conditions: set[str],
        origin: str,
    ) -> None:
        self._known([entry.setting], [*file.settings, "any"], "setting", origin, "pack.yaml")
        self._known(entry.modality, modalities, "modality", origin, "scope.yaml")
        self._known(entry.conditions, conditions, "condition", origin, "scope.yaml")

    def _rules(
        self, file: PackFile, modalities: set[str], conditions: set[str], sources: dict[str, Source]
    ) -> tuple[Rule, ...]:
        result = []
        name = self.name("rules.yaml")
        for entry, origin in _validate_list(RuleEntry, self.yaml("rules.yaml"), name=name):
            self._note(f"rule:{entry.id}", origin)
            self._known(entry.claim_types, file.claim_types, "claim type", origin, "pack.yaml")
            self._applies_to(entry, file, modalities, conditions, origin)
            self._dates(entry, origin)
            if not entry.claim_types and not entry.families:
                raise PackError(f"{origin}: neither claim_types nor families. Name what the rule speaks of.")
            cited = self._resolve(entry.sources, sources, origin)
            fields = entry.model_dump(exclude={"sources", "claim_types", "families", "modality", "conditions"})
            result.append(
                Rule(
                    **fields,
                    claim_types=tuple(entry.claim_types),
                    families=tuple(entry.families),
                    modality=tuple(entry.modality),
                    conditions=tuple(entry.conditions),
                    sources=cited,
                    origin=origin,
                )
            )
        return tuple(result)

    def _all_cited(self, sources: dict[str, Source], limitations: tuple[Limitation, ...], rules: tuple[Rule, ...]) -> None:
        entries: tuple[Limitation | Rule, ...] = (*limitations, *rules)
        cited = {source.id for entry in entries for source in entry.sources}
        for id_ in sources:
            if id_ not in cited:
                raise PackError(f"{self.origins[f'source:{id_}']}: source '{id_}' is cited by nothing. Cite or remove it.")

    def _every_type_has_ground(self, file: PackFile, limitations: tuple[Limitation, ...]) -> None:
        """A flagged finding must always find a limitation, whatever the product: each type needs a general one."""
        for claim_type in file.claim_types:
            for setting in file.settings:
                if not any(
                    claim_type in entry.claim_types
                    and entry.kind == "limitation"
                    and entry.setting in ("any", setting)
                    and "any" in entry.modality
                    and "any" in entry.conditions
                    for entry in limitations
                ):
                    raise PackError(
                        f"{self.name('limitations.yaml')}: no limitation with modality [any] and conditions [any] for "
                        f"'{claim_type}' in the setting '{setting}'. Add one, so that every flag has a ground."
                    )
