"""Examples and lessons to learn from: what the models see of the corpus, and what its readers said of it.

Documents are split and scoped by the library itself, so that a model learns from what it will meet; a label goes to the
sentence that its words overlap most.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from claimaudit.claims.corpus import Document, Label, Line, Pair, PairSide
from claimaudit.claims.passages import Passage, PassageLine, passage_of
from claimaudit.claims.readings import Reading, about, context_line, readings
from claimaudit.claims.scope import ScopeReader
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

    `only` names the types that were labelled at all, None for every type.
    """

    document: str
    index: int
    reading: Reading
    targets: Mapping[ClaimType, Target] = field(default_factory=dict)
    only: frozenset[ClaimType] | None = None


@dataclass(frozen=True, slots=True)
class Lesson:
    """A passage with what its readers said of each line, None where a line is there for the sake of the others.

    `pieces` are those of its sentences that need nothing from outside, as copy that stands alone, one to three each.
    `breaks` are the lines from which on nothing needs what stands before.
    """

    passage: Passage
    examples: tuple[Example | None, ...]
    pieces: tuple[Lesson, ...] = ()
    breaks: tuple[int, ...] = ()

    def with_guest(self, guest: Lesson, place: int) -> Lesson:
        """This one with the lines of another before the line `place`."""
        about, lines = self.passage
        return Lesson(
            Passage(about, (*lines[:place], *guest.passage.lines, *lines[place:])),
            (*self.examples[:place], *guest.examples, *self.examples[place:]),
        )


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document as the library reads it, with one example for each of its sentences."""

    document: Document
    sentences: tuple[Sentence, ...]
    scope: Scope
    examples: tuple[Example, ...]

    @property
    def passage(self) -> Passage:
        return passage_of(self.sentences, self.scope)


def read_documents(documents: Iterable[Document], scope_reader: ScopeReader) -> list[ReadDocument]:
    """Each document split and scoped, its labels moved to the sentences of the library's splitter."""
    return [_read_document(document, scope_reader) for document in documents]


def document_lessons(documents: Sequence[ReadDocument], scope_reader: ScopeReader, seed: int) -> list[Lesson]:
    """One for each document, with its pieces."""
    draw = random.Random(seed)
    found = []
    for read in documents:
        pieces = read_documents(_pieces(read.document, draw), scope_reader)
        alone = tuple(Lesson(piece.passage, piece.examples) for piece in pieces)
        found.append(Lesson(read.passage, read.examples, alone, _breaks(read.sentences)))
    return found


def _breaks(sentences: Sequence[Sentence]) -> tuple[int, ...]:
    """Places from 1 on, the end included, before which no sentence is needed by one after."""
    found, needed = [len(sentences)], len(sentences)
    for sent in reversed(sentences[1:]):
        needed = min(needed, *(index for index in (sent.lead_in, sent.question) if index is not None), sent.index)
        if needed == sent.index:
            found.append(sent.index)
    return tuple(reversed(found))


def snippets(documents: Iterable[Document], seed: int) -> list[Document]:
    """The documents cut into pieces of one to three sentences, as copy that stands alone.

    Pieces that need what stands outside them (an answer its question, an item its lead-in) are left out, and documents that
    the library splits otherwise than their readers did.
    """
    draw = random.Random(seed)
    return [piece for document in documents for piece in _pieces(document, draw)]


def _pieces(document: Document, draw: random.Random) -> list[Document]:
    sentences = split_sentences(Listing(document.id, document.text, markup="text"))
    if len(sentences) != len(document.sentences):
        return []
    found = []
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
        Example(document.id, sent.index, reading, targets[sent.index])
        for sent, reading in zip(sentences, readings(sentences, scope), strict=True)
    )
    return ReadDocument(document, sentences, scope, examples)


def _words(sent: Sentence, label: Label) -> tuple[int, int] | None:
    """The label's words as [start, end) of the folded sentence."""
    starts = sent.folded.starts
    places = [
        place
        for place in range(len(sent.folded.text))
        if label.start <= (starts[place] if starts is not None else sent.folded.origin + place) < label.end
    ]
    return (places[0], places[-1] + 1) if places else None


def pair_lessons(pairs: Iterable[Pair], scope_reader: ScopeReader) -> list[Lesson]:
    """Both sides of each pair, labelled for the type that the pair is about and for those it names beside it."""
    found = []
    for pair in pairs:
        for name, side in (("base", pair.base), ("changed", pair.changed)):
            found.append(_pair_lesson(pair, name, side, scope_reader))
    return found


def _pair_lesson(pair: Pair, name: str, side: PairSide, scope_reader: ScopeReader) -> Lesson:
    targets: dict[ClaimType, Target] = {}
    if side.strength is not None and side.assertion is not None:
        targets[pair.type] = Target(side.strength, side.assertion, side.verdict)
    for claim_type, verdict in side.also.items():
        strength = Strength.ABSOLUTE if verdict is Verdict.CONTRADICTED else Strength.STRONG
        targets[claim_type] = Target(strength, Assertion.ASSERTED, verdict)
    title, before, text = _folded(pair.product), _folded(side.context), _folded(side.sentence)
    reading = Reading(context_line(side.setting, title=title, previous=before), text)
    example = Example(f"{pair.id}/{name}", 0, reading, targets, frozenset({pair.type, *side.also}))
    scope = _scope(f"{pair.product}\n\n{side.context}\n{side.sentence}", side.setting, scope_reader)
    return _lesson(scope, (PassageLine(title, is_heading=True), PassageLine(before)), example)


def line_lessons(lines: Iterable[Line], scope_reader: ScopeReader) -> list[Lesson]:
    """One for each line, read with the line before it and the product that both tell of."""
    return [_line_lesson(line, scope_reader) for line in lines]


def _line_lesson(line: Line, scope_reader: ScopeReader) -> Lesson:
    scope = _scope(f"{line.context}\n{line.sentence}", line.setting, scope_reader)
    before = _folded(line.context)
    reading = Reading(context_line(line.setting, scope.product_class, previous=before), _folded(line.sentence))
    targets = {label.type: Target(label.strength, label.assertion, label.verdict) for label in line.labels}
    return _lesson(scope, (PassageLine(before),), Example(line.id, 0, reading, targets))


def _lesson(scope: Scope, before: Iterable[PassageLine], example: Example) -> Lesson:
    """One line to learn, and what stands before it."""
    shown = [line for line in before if line.text]
    return Lesson(Passage(about(scope), (*shown, PassageLine(example.reading.text))), (*[None] * len(shown), example))


def _scope(copy: str, setting: str, scope_reader: ScopeReader) -> Scope:
    return scope_reader.read(split_sentences(Listing("", copy, markup="text")), setting=setting)


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
