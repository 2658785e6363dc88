"""Corrected labels as documents of a training corpus: what `claimaudit evaluate` reads as gold, and `train` learns from.

A document comes out whole or not at all: one with half its labels would be wrong gold.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from claimaudit.claims.corpus import Document, Label, check_document, contradiction
from claimaudit.errors import InputError, PackError
from claimaudit.labels.regions import NO_CLAIM, Key, Offsets, Region, Skipped, Task, place_regions
from claimaudit.resources import Pack
from claimaudit.text.sentences import split_sentences
from claimaudit.types import NO_VERDICT, Assertion, ClaimType, Listing, Sentence, Span, Strength, Verdict

KIND = "listing"
"""What documents that come from a tool say of their kind."""
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Imported:
    """Documents, and what became of the rest.

    `problems` name what was left out, with the mend; `notes` what was settled, a label given twice;
    `skipped` counts the tasks that nobody labelled, by the reason.
    """

    documents: tuple[Document, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    skipped: Counter[str]


def to_documents(
    items: Iterable[Task | Skipped | InputError],
    pack: Pack,
    *,
    author: str,
    offsets: Offsets = Offsets.CODE_POINTS,
    copy: Mapping[Key, str] | None = None,
) -> Imported:
    """Labelled tasks as documents, sentences split by the library.

    Parameters
    ----------
    items
        What `read_tasks` of a format gives.
    author
        Whose documents they become; `training/splits.yaml` names the split of each author.
    offsets
        What the tool counts; the other unit is tried where a region's words do not agree.
    copy
        Texts by listing id and field, for tasks that come without.
    """
    documents: dict[str, tuple[Document, str]] = {}
    contested: set[str] = set()
    problems: list[str] = []
    notes: list[str] = []
    skipped: Counter[str] = Counter()
    for item in items:
        if isinstance(item, Skipped):
            skipped[item.reason] += 1
        elif isinstance(item, InputError):
            problems.append(str(item))
        else:
            reader = _Reader(item, pack, author)
            document = reader.document((copy or {}).get((item.listing_id, item.field)), offsets)
            problems.extend(f"{item.where}: {problem}" for problem in reader.problems)
            notes.extend(f"{item.where}: {note}" for note in reader.notes)
            if document is None:
                continue
            known, first = documents.setdefault(document.id, (document, item.where))
            if known is document:
                continue
            if _said(known) == _said(document):
                notes.append(f"{item.where}: '{item.listing_id}' is labelled as at {first}; it is taken once.")
            else:
                contested.add(document.id)
                problems.append(
                    f"{item.where}: '{item.listing_id}' is labelled otherwise than at {first} "
                    f"({_difference(known, document)}). Neither is taken: settle it, and keep one."
                )
    kept = tuple(document for document, _ in documents.values() if document.id not in contested)
    return Imported(kept, tuple(problems), tuple(notes), skipped)


class _Reader:
    """Makes a document of one task, and collects what is in the way."""

    def __init__(self, task: Task, pack: Pack, author: str) -> None:
        self._task = task
        self._pack = pack
        self._author = author
        self.problems: list[str] = []
        self.notes: list[str] = []

    def document(self, copy: str | None, offsets: Offsets) -> Document | None:
        task = self._task
        text = task.text if task.text is not None else copy
        if not task.listing_id:
            self.problems.append("it does not say which listing it is. Keep 'listing_id' as it was exported.")
        elif not text:
            self.problems.append(f"there is no text of '{task.listing_id}'. Name the file that was exported with --copy.")
        if self.problems or not text:
            return None
        sentences = split_sentences(Listing(task.listing_id, text, markup="text"))
        if not sentences:
            self.problems.append(f"the text of '{task.listing_id}' holds no words. Leave it out.")
            return None
        labels: dict[tuple[int, ClaimType], tuple[Label, str]] = {}
        for region, span in zip(task.regions, place_regions(text, task.regions, offsets), strict=True):
            try:
                label = self._label(region, span, sentences)
            except InputError as error:
                self.problems.append(str(error))
                continue
            if label is not None:
                self._add(label, region.id, labels)
        if self.problems:
            return None
        document = Document(
            id=document_id(task.listing_id, task.field),
            author=self._author,
            setting=task.setting or UNKNOWN,
            product_class=task.product_class or UNKNOWN,
            kind=KIND,
            text=text,
            sentences=[(sent.span.start, sent.span.end) for sent in sentences],
            labels=sorted((label for label, _ in labels.values()), key=lambda label: (label.sentence, label.start)),
        )
        try:
            check_document(document, self._pack, "it")
        except PackError as error:
            self.problems.append(str(error).removeprefix("it: "))
            return None
        return document

    def _label(self, region: Region, span: Span | InputError, sentences: Sequence[Sentence]) -> Label | None:
        """What a region says, None if it says that there is no claim."""
        where = f"region '{region.id}'"
        if isinstance(span, InputError):
            raise span
        if region.type not in self._pack.claims:
            raise InputError(
                f"{where}: there is no claim type '{region.type}'. Choose among {_names(self._pack.claim_types)}."
            )
        if region.verdict not in (*Verdict, NO_CLAIM):
            given = f"'{region.verdict}' is no verdict" if region.verdict else "it has no verdict"
            raise InputError(f"{where}, {region.type}: {given}. Choose among {_names((*Verdict, NO_CLAIM))}.")
        verdict = None if region.verdict is None or region.verdict == NO_CLAIM else Verdict(region.verdict)
        if verdict is None and region.assertion not in NO_VERDICT:
            return None
        try:
            assertion = Assertion(region.assertion or Assertion.ASSERTED)
            strength = Strength(region.strength or self._usual_strength(region.type, verdict))
        except ValueError as error:
            known = f"{_names(Assertion)}; {_names(Strength)}"
            raise InputError(f"{where}, {region.type}: {error}. Choose among {known}.") from None
        wrong = contradiction(assertion, verdict)
        if wrong:
            raise InputError(f"{where}, {region.type}: {wrong}, and it is given as {region.verdict}. Correct one of them.")
        index = next((sent.index for sent in sentences if sent.span.start <= span.start and span.end <= sent.span.end), None)
        if index is None:
            raise InputError(
                f"{where}, {region.type}: [{span.start}, {span.end}) runs over sentences. Mark the words of each."
            )
        return Label(
            sentence=index,
            type=region.type,
            verdict=verdict,
            strength=strength,
            assertion=assertion,
            start=span.start,
            end=span.end,
        )

    def _usual_strength(self, claim_type: ClaimType, verdict: Verdict | None) -> Strength:
        """The strongest rung that the type's own table gives the verdict; `strong` where there is none."""
        table = self._pack.claims[claim_type].verdicts
        return next((strength for strength in Strength if table[strength] is verdict), Strength.STRONG)

    def _add(self, label: Label, name: str, labels: dict[tuple[int, ClaimType], tuple[Label, str]]) -> None:
        known, first = labels.setdefault((label.sentence, label.type), (label, name))
        if known is label:
            return
        what = f"regions '{first}' and '{name}' both label sentence {label.sentence} as {label.type}"
        if _judged(known) == _judged(label):
            self.notes.append(f"{what}; the first is taken.")
        else:
            told = " and ".join("/".join(_judged(one)) for one in (known, label))
            self.problems.append(f"{what}, as {told}. Keep one.")


def document_id(listing_id: str, field: str = "text") -> str:
    """The id of a listing's document: lower-case letters, digits and `-`, and apart for what is apart.

    >>> document_id("pen-1"), document_id("shop/Pen 1.txt")
    ('pen-1', 'shop-pen-1-txt-158c3a28')
    """
    slug = re.sub(r"[^a-z0-9]+", "-", listing_id.lower()).strip("-")
    if slug == listing_id and field == "text":
        return slug
    content = json.dumps([listing_id, field])
    return f"{slug or 'listing'}-{hashlib.sha256(content.encode('utf-8')).hexdigest()[:8]}"


def _judged(label: Label) -> tuple[str, str, str]:
    return label.verdict.value if label.verdict else NO_CLAIM, label.strength.value, label.assertion.value


def _units(document: Document) -> dict[tuple[int, ClaimType], tuple[str, str, str]]:
    return {(label.sentence, label.type): _judged(label) for label in document.labels}


def _said(document: Document) -> object:
    return document.text, document.setting, _units(document)


def _difference(first: Document, second: Document) -> str:
    """The first thing that two readings of a listing do not share, as words."""
    if first.text != second.text:
        return "another text"
    if first.setting != second.setting:
        return f"setting {first.setting} and {second.setting}"
    before, after = _units(first), _units(second)
    (sentence, claim_type), *_ = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    told = (
        "/".join(units[sentence, claim_type]) if (sentence, claim_type) in units else "no label" for units in (before, after)
    )
    return f"sentence {sentence}, {claim_type}: {' and '.join(told)}"


def _names(values: Iterable[str]) -> str:
    return ", ".join(values)
