"""How well an auditor does on labelled copy: scores with intervals, verdicts, calibration, review band, worst errors.

The unit is (document, sentence, claim type); it is flagged if it is `contradicted` or `overstated`. A finding counts for the
one gold sentence that it overlaps most, so that one over several sentences pays for it, and for none if it overlaps none.
Several on one unit count once, with the harder verdict.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError

from claimaudit.claims.corpus import SPLITS, read_corpus
from claimaudit.errors import InputError, first_fault
from claimaudit.resources import Pack
from claimaudit.types import AuditResult, ClaimType, Finding, Listing, NearMiss, Signature, Span, Verdict

ROUNDS = 1_000
SEED = 7
LEAST_PROBABILITY = 0.2
"""Calibration is measured above this: what is less probable is nearly always right to leave, and would hide the rest."""
BIN_EDGES = tuple(tenth / 10 for tenth in range(2, 11))
"""Bins are (low, high]."""
MACRO_LEAST = 5
"""A claim type with fewer flagged gold units says too little to stand in the macro F1."""
SPLIT_NAMES = (*SPLITS, "held-out", "clean")
UNKNOWN = "unknown"
NO_VALUE = "(none)"
"""Group of the documents that do not have the field."""
FLAGGED = tuple(verdict for verdict in Verdict if verdict.is_flagged)

Key = tuple[int, ClaimType]
"""Sentence and claim type in one document. Negative sentences stand for words outside every gold sentence."""


# --- Gold ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GoldDocument:
    """A labelled piece of copy.

    `labels` holds the hardest verdict of each unit, None where nobody asserts the claim; `fields` whatever else the document
    says of itself, to score by.
    """

    id: str
    text: str
    sentences: tuple[Span, ...]
    labels: Mapping[Key, Verdict | None]
    fields: Mapping[str, Any]

    @property
    def flagged(self) -> dict[Key, Verdict]:
        return {key: verdict for key, verdict in self.labels.items() if verdict is not None and verdict.is_flagged}

    def words(self, sentence: int) -> str:
        """The words of a sentence; those of none are empty."""
        return " ".join(self.sentences[sentence].of(self.text).split()) if sentence >= 0 else ""

    def group(self, field: str) -> str:
        """Its value of a field, as the name of a group."""
        value = self.fields.get(field)
        if value is None:
            return NO_VALUE
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True)
class Gold:
    """Labelled documents with the name they came under."""

    name: str
    documents: tuple[GoldDocument, ...]

    @cached_property
    def hash(self) -> str:
        """SHA-256 over texts, sentences and labels: which data a score was measured on."""
        digest = hashlib.sha256()
        for document in self.documents:
            spans = [(span.start, span.end) for span in document.sentences]
            digest.update(json.dumps([document.id, document.text, spans, sorted(document.labels.items())]).encode())
        return digest.hexdigest()

    @property
    def field_names(self) -> tuple[str, ...]:
        """Fields that some document has."""
        return tuple(sorted({name for document in self.documents for name in document.fields}))


class _GoldLabel(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    sentence: StrictInt = Field(ge=0)
    type: str
    verdict: Verdict | None


class _GoldRow(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True)

    id: str = Field(min_length=1)
    text: str = Field(min_length=1)
    setting: str | None = None
    sentences: list[tuple[StrictInt, StrictInt]] = Field(min_length=1)
    labels: list[_GoldLabel]


def read_gold(path: Path, pack: Pack) -> Gold:
    """The labelled documents of a JSON Lines file, in order.

    Raises
    ------
    InputError
        With file, line and mend: the file cannot be read or holds no document; a row is no JSON object, lacks a key, stands
        twice, names a sentence outside its text, a label outside its sentences, or a claim type or setting that is none of
        the pack's.
    """
    documents: dict[str, GoldDocument] = {}
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                document = _document(_row(line, f"{path}:{number}"), pack, f"{path}:{number}")
                if document.id in documents:
                    raise InputError(f"{path}:{number}: document '{document.id}' stands twice. Give each its own id.")
                documents[document.id] = document
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}. Check the path.") from error
    if not documents:
        raise InputError(f"{path}: there is no document. Write one JSON object a line.")
    return Gold(path.name, tuple(documents.values()))


def split_gold(pack: Pack, split: str) -> Gold:
    """The documents of a split of the pack's own training corpus; `split` is one of `SPLIT_NAMES`.

    Raises
    ------
    InputError
        There is no such split, or it is empty.
    PackError
        The pack has no training corpus, or it is invalid.
    """
    if split not in SPLIT_NAMES:
        raise InputError(f"there is no split '{split}'. Choose among {', '.join(SPLIT_NAMES)}.")
    corpus = read_corpus(pack)
    chosen = corpus.clean if split == "clean" else corpus.split(split)
    if not chosen:
        raise InputError(f"the split '{split}' of pack '{pack.name}' holds no document. Choose another.")
    rows = (_GoldRow.model_validate(document.model_dump()) for document in chosen)
    return Gold(f"{pack.name}/{split}", tuple(_document(row, pack, f"document '{row.id}'") for row in rows))


def _row(line: bytes, origin: str) -> _GoldRow:
    try:
        return _GoldRow.model_validate(json.loads(line.decode("utf-8-sig")))
    except ValidationError as error:
        key, message = first_fault(error)
        raise InputError(f"{origin}: {f'{key!r}: ' if key else ''}{message}. Correct it.") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{origin}: not JSON ({error}). Write one object a line, in UTF-8.") from None


def _document(row: _GoldRow, pack: Pack, origin: str) -> GoldDocument:
    if row.setting not in (None, UNKNOWN, *pack.settings):
        known = ", ".join((*pack.settings, UNKNOWN))
        raise InputError(f"{origin}: setting '{row.setting}' is none of {known}. Correct it, or leave it out.")
    for number, (start, end) in enumerate(row.sentences):
        if not 0 <= start < end <= len(row.text):
            raise InputError(
                f"{origin}: sentence {number} [{start}, {end}) is not in the text of {len(row.text)} characters. Correct it."
            )
    labels: dict[Key, Verdict | None] = {}
    for label in row.labels:
        where = f"{origin}: label for sentence {label.sentence}, {label.type}"
        if label.type not in pack.claims:
            raise InputError(f"{where}: no such claim type. Choose among {', '.join(pack.claim_types)}.")
        if label.sentence >= len(row.sentences):
            raise InputError(f"{where}: the document has {len(row.sentences)} sentences, counted from 0. Correct it.")
        key = (label.sentence, label.type)
        labels[key] = max(labels.get(key), label.verdict, key=lambda one: -1 if one is None else one.severity)
    extra = {name: value for name, value in (row.model_extra or {}).items() if value is not None}
    setting = {} if row.setting is None else {"setting": row.setting}
    return GoldDocument(
        id=row.id,
        text=row.text,
        sentences=tuple(Span(start, end) for start, end in row.sentences),
        labels=labels,
        fields={**extra, **setting},
    )


# --- What an evaluation holds --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured value with its 95 % interval; None where too few documents bear on it for one."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """Units that are flagged in `gold`, that were `found`, and both (`hit`), with what follows from them (0..1).

    Nothing to find and nothing found is a perfect score.
    """

    documents: int
    gold: int
    found: int
    hit: int
    precision: Estimate
    recall: Estimate
    f1: Estimate


@dataclass(frozen=True, slots=True)
class Bin:
    """Promises whose probability lies in (`low`, `high`]: how probable on average, how often flagged in gold."""

    low: float
    high: float
    predicted: float
    observed: float
    count: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether the probabilities hold. `error` is the expected calibration error, None without any promise."""

    bins: tuple[Bin, ...]
    count: int
    error: float | None


@dataclass(frozen=True, slots=True)
class ReviewBand:
    """What a reader is asked to look at, and how good the rest is.

    `sentences` is the share of gold sentences that hold an item for review; `outside` the score without the units in the
    band, which are taken from what was found and from gold alike.
    """

    items: int
    sentences: Estimate
    outside: Score


@dataclass(frozen=True, slots=True)
class Mistake:
    """A false flag or a miss.

    `verdict` is that of the flag that should not be, or that of gold; `sentence` is None outside every gold sentence.
    `confidence` is that of the claim, None where no probability of a flag is known. `note` says what the other side holds.
    """

    document: str
    sentence: int | None
    type: ClaimType
    verdict: Verdict
    confidence: float | None
    text: str
    note: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that was measured, and how.

    `contradicted` is strict: only what is `contradicted` counts, on both sides. `confusion` counts the units flagged on both
    sides, by the verdict of gold and then the one found. `incomplete` names documents that were not read whole. `types`
    holds those that are flagged in gold or were found.
    """

    gold: str
    documents: int
    sentences: int
    clean_documents: int
    incomplete: tuple[str, ...]
    overall: Score
    core_types: tuple[ClaimType, ...]
    core: Score | None
    contradicted: Score
    macro_f1: float | None
    types: Mapping[ClaimType, Score]
    by: Mapping[str, Mapping[str, Score]]
    confusion: Mapping[str, Mapping[str, int]]
    verdict_accuracy: Estimate | None
    false_flags_per_100_clean: Estimate | None
    calibration: Calibration
    review: ReviewBand
    false_flags: tuple[Mistake, ...]
    misses: tuple[Mistake, ...]
    model: str
    signature: str

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON values; numbers have four decimals."""
        plain = _plain(self)
        assert isinstance(plain, dict)
        return plain

    def to_json(self, *, indent: int | None = None) -> str:
        """`to_dict` as JSON; lone surrogates are escaped, so that the text can always be written."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 4)
    return str(value) if isinstance(value, str) else value


# --- Evaluating ----------------------------------------------------------------------------------------------


class Audits(Protocol):
    """What is evaluated: an `Auditor`, or anything that audits like one."""

    pack: Pack
    signature: Signature

    def audit_many(self, listings: Iterable[Listing | str]) -> Iterator[AuditResult]: ...


def evaluate(
    gold: Gold,
    auditor: Audits,
    *,
    core: Sequence[ClaimType] = (),
    by: Sequence[str] = (),
    with_setting: bool = False,
    errors: int = 5,
) -> Evaluation:
    """Audit labelled documents and compare.

    Parameters
    ----------
    gold
        From `read_gold` or `split_gold`.
    auditor
        Whom to evaluate.
    core
        Claim types that are also scored together.
    by
        Fields of the documents; each of their values is scored for itself.
    with_setting
        Tell the auditor the setting of each document, where gold knows it. By default it has to infer it.
    errors
        Keep so many of the worst false flags, and so many misses.

    Raises
    ------
    InputError
        There is no document, no document has a field of `by`, `core` names a type that the pack does not have, or
        `with_setting` was asked for and no document has one.
    """
    _check(gold, auditor.pack, core, by, with_setting)
    listings = [Listing(document.id, document.text, setting=_known(document, with_setting)) for document in gold.documents]
    results = auditor.audit_many(listings)
    compared = [_compare(document, result) for document, result in zip(gold.documents, results, strict=True)]
    draws = _Bootstrap(len(compared))
    core_types = tuple(dict.fromkeys(core))
    types = {claim_type: _score(compared, draws, _of_type({claim_type})) for claim_type in _types(compared)}
    macro = [score.f1.value for score in types.values() if score.gold >= MACRO_LEAST]
    confusion, accuracy = _confusion(compared, draws)
    given = "given" if with_setting else "auto"
    return Evaluation(
        gold=gold.name,
        documents=len(compared),
        sentences=sum(len(document.sentences) for document in gold.documents),
        clean_documents=sum(not one.gold for one in compared),
        incomplete=tuple(one.document.id for one in compared if not one.result.is_complete),
        overall=_score(compared, draws),
        core_types=core_types,
        core=_score(compared, draws, _of_type(set(core_types))) if core_types else None,
        contradicted=_score(compared, draws, lambda _, verdict, __: verdict is Verdict.CONTRADICTED),
        macro_f1=sum(macro) / len(macro) if macro else None,
        types=types,
        by={field: _by(compared, field) for field in by},
        confusion=confusion,
        verdict_accuracy=accuracy,
        false_flags_per_100_clean=draws.ratio(
            [0 if one.gold else 100 * len(one.found) for one in compared], [not one.gold for one in compared]
        ),
        calibration=_calibration(compared),
        review=_review(compared, draws),
        false_flags=tuple(_false_flags(compared)[:errors]),
        misses=tuple(_misses(compared)[:errors]),
        model=auditor.signature.model,
        signature=f"{auditor.signature}|gold:{gold.name}+{gold.hash[:12]}|gold-setting:{given}|rounds:{ROUNDS}|seed:{SEED}",
    )


def _check(gold: Gold, pack: Pack, core: Sequence[ClaimType], by: Sequence[str], with_setting: bool) -> None:
    if not gold.documents:
        raise InputError(f"{gold.name}: there is no document to evaluate on.")
    for claim_type in core:
        if claim_type not in pack.claims:
            raise InputError(f"core: there is no claim type '{claim_type}'. Choose among {', '.join(pack.claim_types)}.")
    known = gold.field_names
    for field in by:
        if field not in known:
            choice = f"Choose among {', '.join(known)}." if known else "They have no fields to score by."
            raise InputError(f"{gold.name}: no document has the field '{field}'. {choice}")
    if with_setting and not any(_known(document, True) for document in gold.documents):
        raise InputError(f"{gold.name}: no document says its setting. Add the key 'setting', or let it be inferred.")


def _known(document: GoldDocument, with_setting: bool) -> str | None:
    setting = document.fields.get("setting") if with_setting else None
    return None if setting in (None, UNKNOWN) else str(setting)


@dataclass(frozen=True, slots=True)
class _Compared:
    """A document with what was found in it, each finding and near miss at its unit."""

    document: GoldDocument
    result: AuditResult
    gold: Mapping[Key, Verdict]
    found: Mapping[Key, Verdict]
    items: tuple[tuple[Key, Finding | NearMiss], ...]

    @property
    def band(self) -> frozenset[Key]:
        """Units that hold something for review."""
        return frozenset(key for key, item in self.items if item.review)

    def at(self, key: Key) -> list[Finding | NearMiss]:
        return [item for place, item in self.items if place == key]


def _compare(document: GoldDocument, result: AuditResult) -> _Compared:
    items: list[tuple[Key, Finding | NearMiss]] = []
    found: dict[Key, Verdict] = {}
    audited: tuple[Finding | NearMiss, ...] = (*result.findings, *result.near_misses)
    for number, item in enumerate(audited, 1):
        sentence = _sentence_of(item.claim.span, document.sentences)
        # Outside every sentence each stands for itself: nothing in gold could excuse it.
        key = (-number if sentence is None else sentence, item.claim.type)
        items.append((key, item))
        if isinstance(item, Finding) and item.is_flagged:
            found[key] = max(found.get(key, item.verdict), item.verdict, key=lambda verdict: verdict.severity)
    return _Compared(document, result, document.flagged, found, tuple(items))


def _sentence_of(span: Span, sentences: Sequence[Span]) -> int | None:
    """The sentence that a span overlaps most, the first among equals.

    >>> _sentence_of(Span(4, 12), [Span(0, 5), Span(6, 20)]), _sentence_of(Span(5, 6), [Span(0, 5), Span(6, 20)])
    (1, None)
    """
    overlaps = [min(span.end, sent.end) - max(span.start, sent.start) for sent in sentences]
    best = max(range(len(overlaps)), key=overlaps.__getitem__)
    return best if overlaps[best] > 0 else None


def _types(compared: Iterable[_Compared]) -> list[ClaimType]:
    return sorted({claim_type for one in compared for _, claim_type in (*one.gold, *one.found)})


# --- Scores --------------------------------------------------------------------------------------------------


class _Bootstrap:
    """Percentile intervals of ratios of sums, by drawing documents with replacement (Efron 1979).

    What counts is summed once for each document; a round then only weighs documents, as in sacrebleu. Documents are drawn,
    not sentences, because the sentences of one document are alike. Rounds in which a ratio has no denominator are left out.
    Where all documents agree (a precision of 1) the interval is empty, however few they are: read it with the counts.
    """

    def __init__(self, documents: int) -> None:
        self._draws: np.ndarray | None = None
        if documents > 1:  # one document would always be drawn, and look as if it were certain
            generator = np.random.default_rng(SEED)
            draws = generator.multinomial(documents, np.full(documents, 1 / documents), size=ROUNDS)
            self._draws = draws.astype(np.float64)

    def ratio(self, tops: Sequence[int], bottoms: Sequence[int]) -> Estimate | None:
        """The ratio of the sums over all documents with its 95 % interval, None where nothing is to be divided by."""
        total = sum(bottoms)
        if not total:
            return None
        value = sum(tops) / total
        if self._draws is None:
            return Estimate(value)
        sums = self._draws @ np.array([tops, bottoms], dtype=np.float64).T
        defined = sums[sums[:, 1] > 0]
        low, high = np.quantile(defined[:, 0] / defined[:, 1], (0.025, 0.975))
        return Estimate(value, float(low), float(high))


Keep = Callable[[Key, Verdict, AbstractSet[Key]], bool]
"""Whether a unit with its verdict, in a document with these units for review, belongs to what is scored."""


def _score(compared: Sequence[_Compared], draws: _Bootstrap, keep: Keep = lambda *_: True) -> Score:
    gold, found, hit = [], [], []
    for one in compared:
        band = one.band
        wanted = {key for key, verdict in one.gold.items() if keep(key, verdict, band)}
        flagged = {key for key, verdict in one.found.items() if keep(key, verdict, band)}
        gold.append(len(wanted))
        found.append(len(flagged))
        hit.append(len(wanted & flagged))
    return Score(
        documents=len(compared),
        gold=sum(gold),
        found=sum(found),
        hit=sum(hit),
        precision=draws.ratio(hit, found) or Estimate(float(not sum(gold))),
        recall=draws.ratio(hit, gold) or Estimate(float(not sum(found))),
        f1=draws.ratio([2 * one for one in hit], [g + f for g, f in zip(gold, found, strict=True)]) or Estimate(1.0),
    )


def _of_type(types: AbstractSet[ClaimType]) -> Keep:
    return lambda key, _, __: key[1] in types


def _by(compared: Sequence[_Compared], field: str) -> dict[str, Score]:
    groups: dict[str, list[_Compared]] = defaultdict(list)
    for one in compared:
        groups[one.document.group(field)].append(one)
    return {name: _score(groups[name], _Bootstrap(len(groups[name]))) for name in sorted(groups)}


def _confusion(compared: Sequence[_Compared], draws: _Bootstrap) -> tuple[dict[str, dict[str, int]], Estimate | None]:
    table = {wanted.value: {found.value: 0 for found in FLAGGED} for wanted in FLAGGED}
    right, both = [], []
    for one in compared:
        pairs = [(one.gold[key], one.found[key]) for key in one.gold.keys() & one.found.keys()]
        for wanted, found in pairs:
            table[wanted.value][found.value] += 1
        right.append(sum(wanted is found for wanted, found in pairs))
        both.append(len(pairs))
    return table, draws.ratio(right, both)


def _calibration(compared: Sequence[_Compared]) -> Calibration:
    """Of all promises, flagged or held back, that are more probable than `LEAST_PROBABILITY`.

    The expected calibration error is the mean distance of predicted and observed share over the bins, weighed by their
    counts (Naeini, Cooper and Hauskrecht 2015).
    """
    binned: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for one in compared:
        for key, item in one.items:
            if _is_promise(item) and item.claim.confidence > LEAST_PROBABILITY:
                place = bisect_left(BIN_EDGES, item.claim.confidence) - 1
                binned[place].append((item.claim.confidence, key in one.gold))
    bins = tuple(
        Bin(
            low=BIN_EDGES[place],
            high=BIN_EDGES[place + 1],
            predicted=sum(confidence for confidence, _ in members) / len(members),
            observed=sum(flagged for _, flagged in members) / len(members),
            count=len(members),
        )
        for place, members in sorted(binned.items())
    )
    count = sum(one.count for one in bins)
    error = sum(one.count * abs(one.predicted - one.observed) for one in bins) / count if count else None
    return Calibration(bins, count, error)


def _is_promise(item: Finding | NearMiss) -> bool:
    return item.is_flagged if isinstance(item, Finding) else item.claim.is_held


def _review(compared: Sequence[_Compared], draws: _Bootstrap) -> ReviewBand:
    marked = [len({sentence for sentence, _ in one.band if sentence >= 0}) for one in compared]
    share = draws.ratio(marked, [len(one.document.sentences) for one in compared])
    assert share is not None, "a gold document has sentences"
    return ReviewBand(
        items=sum(item.review for one in compared for _, item in one.items),
        sentences=share,
        outside=_score(compared, draws, lambda key, _, band: key not in band),
    )


# --- Errors --------------------------------------------------------------------------------------------------


def _false_flags(compared: Sequence[_Compared]) -> list[Mistake]:
    """Those of which the auditor was surest first."""
    mistakes = []
    for one in compared:
        for key in sorted(one.found.keys() - one.gold.keys()):
            sentence = key[0] if key[0] >= 0 else None
            flags = [item for item in one.at(key) if isinstance(item, Finding) and item.is_flagged]
            surest = max(flags, key=lambda finding: finding.claim.confidence).claim
            if sentence is None:
                note = "outside every gold sentence"
            elif key in one.document.labels:
                note = f"gold: {one.document.labels[key] or 'spoken of, promised by nobody'}"
            else:
                note = "gold: no label"
            mistakes.append(
                Mistake(
                    document=one.document.id,
                    sentence=sentence,
                    type=key[1],
                    verdict=one.found[key],
                    confidence=surest.confidence,
                    text=one.document.words(key[0]) or surest.text,
                    note=f"flagged for “{surest.text}”; {note}",
                )
            )
    return sorted(mistakes, key=lambda mistake: -(mistake.confidence or 0))


def _misses(compared: Sequence[_Compared]) -> list[Mistake]:
    """Those that the auditor was nearest to finding first."""
    mistakes = []
    for one in compared:
        for key in sorted(one.gold.keys() - one.found.keys()):
            items = one.at(key)
            known = [item.claim.confidence for item in items if _is_promise(item)]
            mistakes.append(
                Mistake(
                    document=one.document.id,
                    sentence=key[0],
                    type=key[1],
                    verdict=one.gold[key],
                    confidence=max(known, default=None),
                    text=one.document.words(key[0]),
                    note=_why_missed(one.result, items),
                )
            )
    return sorted(mistakes, key=lambda mistake: -1 if mistake.confidence is None else -1 - mistake.confidence)


def _why_missed(result: AuditResult, items: Sequence[Finding | NearMiss]) -> str:
    """The held promise speaks before other near misses, and these before a finding that is consistent."""
    near = sorted((item for item in items if isinstance(item, NearMiss)), key=lambda item: not item.claim.is_held)
    if near:
        return near[0].reason
    if items:
        return f"judged consistent: “{items[0].claim.text}”"
    if not result.scope.in_scope:
        return "the document was read as out of scope"
    return "no claim was seen" if result.is_complete else "no claim was seen; the document was not read whole"
