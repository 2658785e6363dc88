"""Examples to learn from: what a model sees of each sentence of the corpus, and what its readers said of it.

Documents are split and scoped by the library itself, so that a model learns from what it will meet; a label goes to the
sentence that its words overlap most.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from claimaudit.claims.corpus import Document, Label, Line, Pair, PairSide
from claimaudit.claims.readings import Reading, context_line, readings
from claimaudit.claims.setting import ScopeReader
from claimaudit.text.normalize import fold
from claimaudit.text.sentences import split_sentences
from claimaudit.types import Assertion, ClaimType, Listing, MappedText, Scope, Sentence, Strength, Verdict

STRENGTHS = tuple(Strength)
ASSERTIONS = tuple(Assertion)


@dataclass(frozen=True, slots=True)
class Target:
    """What a reader said of one sentence and type; `words` are [start, end) in the reading's text, None if not marked."""

    strength: Strength
    assertion: Assertion
    verdict: Verdict | None
    words: tuple[int, int] | None = None

    @property
    def is_flagged(self) -> bool:
        return self.verdict is not None and self.verdict.is_flagged


@dataclass(frozen=True, slots=True)
class Example:
    """A reading with its targets.

    `only` names the types that were labelled at all, None for every type. `alone` is the sentence as it reads in copy that
    holds nothing else, None where its meaning hangs on a question or a lead-in.
    """

    document: str
    index: int
    reading: Reading
    targets: Mapping[ClaimType, Target] = field(default_factory=dict)
    only: frozenset[ClaimType] | None = None
    alone: Reading | None = None


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document as the library reads it, with one example for each of its sentences."""

    document: Document
    sentences: tuple[Sentence, ...]
    scope: Scope
    examples: tuple[Example, ...]


def read_documents(documents: Iterable[Document], scope_reader: ScopeReader) -> list[ReadDocument]:
    """Each document split and scoped, its labels moved to the sentences of the library's splitter."""
    return [_read_document(document, scope_reader) for document in documents]


def snippets(documents: Iterable[Document], seed: int) -> list[Document]:
    """The documents cut into pieces of one to three sentences, as copy that stands alone.

    Pieces that need what stands outside them (an answer its question, an item its lead-in) are left out, and documents that
    the library splits otherwise than their readers did.
    """
    draw = random.Random(seed)
    found = []
    for document in documents:
        sentences = split_sentences(Listing(document.id, document.text, markup="text"))
        if len(sentences) != len(document.sentences):
            continue
        first = 0
        while first < len(sentences):
            last = min(len(sentences), first + draw.choice((1, 1, 2, 3)))
            needed = {index for sent in sentences[first:last] for index in (sent.lead_in, sent.question)} - {None}
            if needed <= set(range(first, last)):
                found.append(_piece(document, first, last))
            first = last
    return found


def _piece(document: Document, first: int, last: int) -> Document:
    start, end = document.sentences[first][0], document.sentences[last - 1][1]
    labels = [
        label.model_copy(update={"sentence": label.sentence - first, "start": label.start - start, "end": label.end - start})
        for label in document.labels
        if first <= label.sentence < last
    ]
    spans = [(left - start, right - start) for left, right in document.sentences[first:last]]
    cut = {"id": f"{document.id}-{first}", "text": document.text[start:end], "sentences": spans, "labels": labels}
    return document.model_copy(update=cut)


def _read_document(document: Document, scope_reader: ScopeReader) -> ReadDocument:
    sentences = split_sentences(Listing(document.id, document.text, markup="text"))
    scope = scope_reader.read(sentences)
    targets: list[dict[ClaimType, Target]] = [{} for _ in sentences]
    for label in document.labels:
        sent = max(sentences, key=lambda sent: min(label.end, sent.span.end) - max(label.start, sent.span.start))
        target = Target(label.strength, label.assertion, label.verdict, _words(sent, label))
        known = targets[sent.index].get(label.type)
        if known is None or (target.is_flagged and not known.is_flagged):
            targets[sent.index][label.type] = target
    examples = tuple(
        Example(document.id, sent.index, reading, targets[sent.index], alone=_alone(sent, scope_reader))
        for sent, reading in zip(sentences, readings(sentences, scope), strict=True)
    )
    return ReadDocument(document, sentences, scope, examples)


def _alone(sent: Sentence, scope_reader: ScopeReader) -> Reading | None:
    if sent.lead_in is not None or sent.question is not None:
        return None
    only = (replace(sent, index=0, heading=None),)
    return readings(only, scope_reader.read(only))[0]


def _words(sent: Sentence, label: Label) -> tuple[int, int] | None:
    """The label's words as [start, end) of the folded sentence."""
    starts = sent.folded.starts
    places = [
        place
        for place in range(len(sent.folded.text))
        if label.start <= (starts[place] if starts is not None else sent.folded.origin + place) < label.end
    ]
    return (places[0], places[-1] + 1) if places else None


def pair_examples(pairs: Iterable[Pair]) -> list[Example]:
    """Both sides of each pair, labelled for the type that the pair is about and for those it names beside it."""
    found = []
    for pair in pairs:
        for name, side in (("base", pair.base), ("changed", pair.changed)):
            found.append(_pair_example(pair, name, side))
    return found


def _pair_example(pair: Pair, name: str, side: PairSide) -> Example:
    targets: dict[ClaimType, Target] = {}
    if side.strength is not None and side.assertion is not None:
        targets[pair.type] = Target(side.strength, side.assertion, side.verdict)
    for claim_type, verdict in side.also.items():
        strength = Strength.ABSOLUTE if verdict is Verdict.CONTRADICTED else Strength.STRONG
        targets[claim_type] = Target(strength, Assertion.ASSERTED, verdict)
    line = context_line(side.setting, title=_folded(pair.product), previous=_folded(side.context))
    reading = Reading(line, _folded(side.sentence))
    return Example(f"{pair.id}/{name}", 0, reading, targets, frozenset({pair.type, *side.also}))


def line_examples(lines: Iterable[Line], scope_reader: ScopeReader) -> list[Example]:
    """One for each line, read with the line before it and the product that both tell of."""
    return [_line_example(line, scope_reader) for line in lines]


def _line_example(line: Line, scope_reader: ScopeReader) -> Example:
    copy = f"{line.context}\n{line.sentence}"
    scope = scope_reader.read(split_sentences(Listing(line.id, copy, markup="text")), setting=line.setting)
    context = context_line(line.setting, scope.product_class, previous=_folded(line.context))
    targets = {label.type: Target(label.strength, label.assertion, label.verdict) for label in line.labels}
    return Example(line.id, 0, Reading(context, _folded(line.sentence)), targets)


def _folded(text: str) -> str:
    return fold(MappedText(text)).text


@dataclass(frozen=True, slots=True)
class Arrays:
    """Targets of n examples for t types, as arrays.

    `present` and `flagged` are 0 or 1, `strength` and `assertion` indices into `STRENGTHS` and `ASSERTIONS` (-1: none),
    `known` is 1 where the type was labelled; all of shape (n, t).
    """

    present: np.ndarray
    flagged: np.ndarray
    strength: np.ndarray
    assertion: np.ndarray
    known: np.ndarray


def arrays(examples: Sequence[Example], claim_types: Sequence[ClaimType]) -> Arrays:
    shape = (len(examples), len(claim_types))
    made = Arrays(
        present=np.zeros(shape, np.float32),
        flagged=np.zeros(shape, np.float32),
        strength=np.full(shape, -1, np.int64),
        assertion=np.full(shape, -1, np.int64),
        known=np.ones(shape, np.float32),
    )
    place = {claim_type: column for column, claim_type in enumerate(claim_types)}
    for row, example in enumerate(examples):
        if example.only is not None:
            made.known[row] = 0
            made.known[row, [place[claim_type] for claim_type in example.only]] = 1
        for claim_type, target in example.targets.items():
            column = place[claim_type]
            made.present[row, column] = 1
            made.flagged[row, column] = target.is_flagged
            made.strength[row, column] = STRENGTHS.index(target.strength)
            made.assertion[row, column] = ASSERTIONS.index(target.assertion)
    return made
