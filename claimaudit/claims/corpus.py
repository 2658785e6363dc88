"""The training corpus of a pack: whole documents with labels, contrast pairs, lines, and what can be counted about them.

Lies in `<pack>/training/`: `documents/<author>.jsonl`, `pairs.jsonl`, `lines.jsonl`, `second-readings.jsonl`, `splits.yaml`.
Errors name file and line.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from claimaudit.errors import PackError, first_fault
from claimaudit.resources import Pack, check_inside, read_yaml
from claimaudit.types import NO_VERDICT, Assertion, Strength, Verdict

SPLITS = ("train", "calibration", "test")
RUN_WORDS = 5
"""Length of the word runs whose repetition across documents gives stock phrases away."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
Unit = tuple[str, int, str]
"""Document, sentence, claim type."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Label(_Row):
    """What one sentence claims of one type. `verdict` is None where nobody asserts the claim (asked, reported …)."""

    sentence: int = Field(ge=0)
    type: str
    verdict: Verdict | None
    strength: Strength
    assertion: Assertion
    start: int = Field(ge=0)
    end: int

    @property
    def is_flagged(self) -> bool:
        return self.verdict is not None and self.verdict.is_flagged


class Document(_Row):
    """A whole piece of copy, its sentences as [start, end) characters, and the labels of its readers."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    author: str
    setting: str
    product_class: str
    kind: str
    text: str = Field(min_length=1)
    sentences: list[tuple[int, int]] = Field(min_length=1)
    labels: list[Label]

    @property
    def is_clean(self) -> bool:
        """Whether no sentence is flagged."""
        return not any(label.is_flagged for label in self.labels)


class PairSide(_Row):
    """`also` holds flags of other types in the same sentence; of the types named nowhere nothing is known."""

    setting: str
    context: str
    sentence: str
    verdict: Verdict | None
    strength: Strength | None
    assertion: Assertion | None
    also: dict[str, Verdict] = Field(default_factory=dict)


class Pair(_Row):
    """One sentence in its context, minimally changed so that its label changes."""

    id: str
    change: str
    type: str
    product: str
    base: PairSide
    changed: PairSide


class LineLabel(_Row):
    """What a line claims of one type; as `Label`, but its words are not marked."""

    type: str
    verdict: Verdict | None
    strength: Strength
    assertion: Assertion


class Line(_Row):
    """A title, bullet or short sentence in plain words, with all that it claims; `context` is the line before it, if any."""

    id: str
    setting: str
    context: str = ""
    sentence: str = Field(min_length=1)
    labels: list[LineLabel]


class SecondReading(_Row):
    """Labels of a second, blind reader, before adjudication; `first` are those of the first."""

    document: str
    first: list[Label]
    second: list[Label]


class Splits(_Row):
    """Authors of each split, and the product classes that are held out of all training."""

    authors: dict[str, Literal["train", "calibration", "test"]]
    held_out: list[str]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents, pairs, lines and second readings of a pack, validated."""

    documents: tuple[Document, ...]
    pairs: tuple[Pair, ...]
    lines: tuple[Line, ...]
    second_readings: tuple[SecondReading, ...]
    splits: Splits

    @property
    def clean(self) -> tuple[Document, ...]:
        """Documents without any flag, of all splits: the set for measuring false alarms."""
        return tuple(document for document in self.documents if document.is_clean)

    def split(self, name: str) -> tuple[Document, ...]:
        """Documents of a split, or of `held-out` (product classes never trained on, of any author)."""
        if name == "held-out":
            return tuple(document for document in self.documents if document.product_class in self.splits.held_out)
        return tuple(
            document
            for document in self.documents
            if self.splits.authors[document.author] == name and document.product_class not in self.splits.held_out
        )


T = TypeVar("T", bound=_Row)


def read_corpus(pack: Pack) -> Corpus:
    """The training corpus of a pack.

    Raises
    ------
    PackError
        With file and line: a row that is no JSON object, an unknown claim type or setting, a sentence that overlaps another,
        a claim that lies outside its sentence, a label that stands twice, an author without a split …
    """
    root = pack.root / "training"
    label = f"{pack.root.parent.name}/{pack.root.name}/training"
    if not root.is_dir():
        raise PackError(f"{label}: the pack has no training corpus. Add the folder.")
    for path in (root, *root.rglob("*")):
        check_inside(path, pack.root, name=f"{label}/{path.relative_to(root)}")
    splits_name = f"{label}/splits.yaml"
    try:
        splits = Splits.model_validate(read_yaml(root / "splits.yaml", name=splits_name))
    except ValidationError as error:
        raise PackError(f"{splits_name}: {_first(error)}") from None
    documents: list[Document] = []
    seen: dict[str, str] = {}
    for path in sorted((root / "documents").glob("*.jsonl")):
        for document, origin in _rows(path, f"{label}/documents/{path.name}", Document):
            if document.id in seen:
                raise PackError(f"{origin}: document '{document.id}' stands twice (first at {seen[document.id]}).")
            seen[document.id] = origin
            if document.author not in splits.authors:
                raise PackError(f"{origin}: author '{document.author}' is in no split. Add it to splits.yaml.")
            check_document(document, pack, origin)
            documents.append(document)
    by_id = {document.id: document for document in documents}
    pairs = []
    for pair, origin in _optional_rows(root / "pairs.jsonl", f"{label}/pairs.jsonl", Pair):
        _check_pair(pair, pack, origin)
        pairs.append(pair)
    lines = []
    for line, origin in _optional_rows(root / "lines.jsonl", f"{label}/lines.jsonl", Line):
        _check_line(line, pack, origin)
        lines.append(line)
    readings = []
    for reading, origin in _optional_rows(root / "second-readings.jsonl", f"{label}/second-readings.jsonl", SecondReading):
        if reading.document not in by_id:
            raise PackError(f"{origin}: there is no document '{reading.document}'.")
        for labels in (reading.first, reading.second):
            _check_labels(labels, by_id[reading.document], pack, origin)
        readings.append(reading)
    return Corpus(tuple(documents), tuple(pairs), tuple(lines), tuple(readings), splits)


def _optional_rows(path: Path, name: str, model: type[T]) -> Iterator[tuple[T, str]]:
    if path.exists():
        yield from _rows(path, name, model)


def _rows(path: Path, name: str, model: type[T]) -> Iterator[tuple[T, str]]:
    with path.open("rb") as lines:  # decoded line by line, so that an error has its line
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            origin = f"{name}:{number}"
            try:
                yield model.model_validate(json.loads(line.decode("utf-8"))), origin
            except ValidationError as error:
                raise PackError(f"{origin}: {_first(error)}") from None
            except (ValueError, RecursionError) as error:
                raise PackError(f"{origin}: not JSON ({error}). Write one object a line, in UTF-8.") from None


def _first(error: ValidationError) -> str:
    key, message = first_fault(error)
    return f"'{key}': {message}. Correct it."


def check_document(document: Document, pack: Pack, origin: str) -> None:
    """Check a document against its pack: setting, sentences, labels.

    Raises
    ------
    PackError
        It does not hold; the message begins with `origin`.
    """
    if document.setting not in (*pack.settings, "unknown"):
        raise PackError(f"{origin}: setting '{document.setting}' is none of the pack's.")
    _check_sentences(document, origin)
    _check_labels(document.labels, document, pack, origin)


def _check_sentences(document: Document, origin: str) -> None:
    place = 0
    for number, (start, end) in enumerate(document.sentences):
        if not place <= start < end <= len(document.text):
            raise PackError(f"{origin}: sentence {number} [{start}, {end}) is empty, overlaps or leaves the text.")
        if document.text[place:start].strip():
            raise PackError(
                f"{origin}: text before sentence {number} belongs to none: {document.text[place:start].strip()!r}."
            )
        place = end
    if document.text[place:].strip():
        raise PackError(f"{origin}: text after the last sentence belongs to none: {document.text[place:].strip()!r}.")


def _check_labels(labels: Iterable[Label], document: Document, pack: Pack, origin: str) -> None:
    seen = set()
    for label in labels:
        where = f"{origin}: sentence {label.sentence}, {label.type}"
        if label.type not in pack.claims:
            raise PackError(f"{where}: no such claim type. Choose among {', '.join(pack.claim_types)}.")
        if label.sentence >= len(document.sentences):
            raise PackError(f"{where}: the document has {len(document.sentences)} sentences.")
        if (label.sentence, label.type) in seen:
            raise PackError(f"{where}: the label stands twice.")
        seen.add((label.sentence, label.type))
        start, end = document.sentences[label.sentence]
        if not start <= label.start < label.end <= end:
            raise PackError(f"{where}: the claim [{label.start}, {label.end}) is not inside the sentence [{start}, {end}).")
        wrong = contradiction(label.assertion, label.verdict)
        if wrong:
            raise PackError(f"{where}: {wrong}.")


def contradiction(assertion: Assertion, verdict: Verdict | None) -> str:
    """What is wrong with a verdict for a claim said so, as words; empty if nothing is."""
    if (verdict is None) != (assertion in NO_VERDICT):
        return f"a claim that is {assertion.value} has {'a' if verdict else 'no'} verdict"
    if assertion is Assertion.DENIED and verdict is not Verdict.CONSISTENT:
        return "what is denied is consistent"
    return ""


def _check_pair(pair: Pair, pack: Pack, origin: str) -> None:
    if pair.type not in pack.claims:
        raise PackError(f"{origin}: no claim type '{pair.type}'.")
    for side in (pair.base, pair.changed):
        if side.setting not in pack.settings:
            raise PackError(f"{origin}: setting '{side.setting}' is none of the pack's.")
        for claim_type in side.also:
            if claim_type not in pack.claims or claim_type == pair.type:
                raise PackError(f"{origin}: 'also' names '{claim_type}', which is no other claim type of the pack.")
    if (pair.base.verdict, pair.base.assertion) == (pair.changed.verdict, pair.changed.assertion):
        raise PackError(f"{origin}: both sides have the same label; a pair is there to change it.")


def _check_line(line: Line, pack: Pack, origin: str) -> None:
    if line.setting not in pack.settings:
        raise PackError(f"{origin}: setting '{line.setting}' is none of the pack's.")
    seen = set()
    for label in line.labels:
        if label.type not in pack.claims:
            raise PackError(f"{origin}: no claim type '{label.type}'.")
        wrong = "the label stands twice" if label.type in seen else contradiction(label.assertion, label.verdict)
        if wrong:
            raise PackError(f"{origin}: {label.type}: {wrong}.")
        seen.add(label.type)


# --- Counting ------------------------------------------------------------------------------------------------


def flagged_units(readings: Iterable[tuple[str, Sequence[Label]]]) -> set[Unit]:
    """The flagged (document, sentence, type) of labelled documents."""
    return {(document, label.sentence, label.type) for document, labels in readings for label in labels if label.is_flagged}


def f1(first: set[Unit], second: set[Unit]) -> float:
    """Agreement of two sets of units, 0..1; 1 where both are empty."""
    return 2 * len(first & second) / (len(first) + len(second)) if first or second else 1.0


def agreement(corpus: Corpus) -> dict[str, float]:
    """Agreement (F1 on flagged units) of the blind second readings, in all and by claim type."""
    first = flagged_units((reading.document, reading.first) for reading in corpus.second_readings)
    second = flagged_units((reading.document, reading.second) for reading in corpus.second_readings)
    result = {"all": f1(first, second)}
    for claim_type in sorted({unit[2] for unit in first | second}):
        result[claim_type] = f1(
            {unit for unit in first if unit[2] == claim_type}, {unit for unit in second if unit[2] == claim_type}
        )
    return result


def repeated_runs(documents: Sequence[Document], *, words: int = RUN_WORDS, most: int = 20) -> list[tuple[str, int]]:
    """The word runs that stand in most documents, with the number of documents: stock phrases show here."""
    found: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for document in documents:
        folded = [match.group().lower() for match in _WORD.finditer(document.text)]
        for place in range(len(folded) - words + 1):
            found[tuple(folded[place : place + words])].add(document.id)
    ranked = sorted(
        ((" ".join(run), len(ids)) for run, ids in found.items() if len(ids) > 1), key=lambda item: (-item[1], item[0])
    )
    return ranked[:most]


def stats(corpus: Corpus) -> Mapping[str, Any]:
    """What can be counted about a corpus, as JSON values."""
    documents = corpus.documents
    labels = [label for document in documents for label in document.labels]
    sentences = sum(len(document.sentences) for document in documents)
    flagged_sentences = sum(len({label.sentence for label in document.labels if label.is_flagged}) for document in documents)
    return {
        "documents": len(documents),
        "sentences": sentences,
        "authors": len({document.author for document in documents}),
        "clean_documents": len(corpus.clean),
        "flagged_sentences_share": round(flagged_sentences / sentences, 4) if sentences else 0.0,
        "labels": len(labels),
        "by_verdict": dict(Counter(label.verdict.value if label.verdict else "none" for label in labels).most_common()),
        "by_type": dict(Counter(label.type for label in labels).most_common()),
        "flagged_by_type": dict(Counter(label.type for label in labels if label.is_flagged).most_common()),
        "by_assertion": dict(Counter(label.assertion.value for label in labels).most_common()),
        "by_setting": dict(Counter(document.setting for document in documents).most_common()),
        "by_product_class": dict(Counter(document.product_class for document in documents).most_common()),
        "by_split": {name: len(corpus.split(name)) for name in (*SPLITS, "held-out")},
        "pairs": len(corpus.pairs),
        "pairs_by_change": dict(Counter(pair.change for pair in corpus.pairs).most_common()),
        "pairs_by_type": dict(Counter(pair.type for pair in corpus.pairs).most_common()),
        "lines": len(corpus.lines),
        "flagged_lines": sum(
            any(label.verdict is not None and label.verdict.is_flagged for label in line.labels) for line in corpus.lines
        ),
        "second_readings": len(corpus.second_readings),
        "agreement": {name: round(value, 3) for name, value in agreement(corpus).items()},
        "repeated_runs": repeated_runs(documents, most=10),
    }
