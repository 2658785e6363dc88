"""What travels through the pipeline: frozen values, from a listing to an audit result.

Each stage wraps the value of the stage before it, and nobody changes one. All offsets that leave the library are
code points of `Listing.text` as it was given.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from claimaudit.errors import InputError, SettingsError

if TYPE_CHECKING:
    import pandas as pd

ClaimType = str
"""Name of a claim type as the pack spells it, `painless` say."""


class Assertion(StrEnum):
    """How a sentence says a claim."""

    ASSERTED = "asserted"
    DENIED = "denied"
    HEDGED = "hedged"
    LIMITED = "limited"
    ASKED = "asked"
    CONDITIONAL = "conditional"
    REPORTED = "reported"
    WISHED = "wished"
    COMPARED = "compared"


NO_VERDICT = frozenset({Assertion.ASKED, Assertion.CONDITIONAL, Assertion.REPORTED, Assertion.WISHED, Assertion.COMPARED})
"""A claim said in one of these ways is nobody's promise: it becomes a near miss, never a finding."""
SOFTENED = frozenset({Assertion.HEDGED, Assertion.LIMITED})
"""A claim said in one of these ways promises one step less: its verdict is the softer one."""


class Strength(StrEnum):
    """How much a claim promises: a rung on the ladder of its type, before any softening."""

    ABSOLUTE = "absolute"
    STRONG = "strong"
    MODEST = "modest"


class Verdict(StrEnum):
    """What the evidence says of a claim."""

    CONTRADICTED = "contradicted"
    OVERSTATED = "overstated"
    CONSISTENT = "consistent"

    @property
    def is_flagged(self) -> bool:
        return self is not Verdict.CONSISTENT

    @property
    def softer(self) -> Verdict:
        return Verdict.OVERSTATED if self is Verdict.CONTRADICTED else Verdict.CONSISTENT

    @property
    def severity(self) -> int:
        """2 for `contradicted`, 1 for `overstated`, 0 for `consistent`."""
        return {Verdict.CONTRADICTED: 2, Verdict.OVERSTATED: 1, Verdict.CONSISTENT: 0}[self]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open range [start, end) of characters of a listing's text as given."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"span {self.start}-{self.end}: wanted 0 <= start <= end")

    def of(self, text: str) -> str:
        """The characters of `text` that the span covers."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class MappedText:
    """A text made from another one, with the source range of each of its characters.

    `starts[i]` and `ends[i]` bound the source characters that character `i` was made from; inserted characters (a
    line break for `<br>`) have an empty range. Both are None for a plain slice of the source that begins at `origin`.
    """

    text: str
    origin: int = 0
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    def source(self, start: int, end: int) -> Span:
        """The smallest source span that holds characters [start, end) of this text."""
        if self.starts is None or self.ends is None:
            return Span(self.origin + start, self.origin + end)
        if start == end:
            at = self.starts[start] if start < len(self.starts) else (self.ends[-1] if self.ends else self.origin)
            return Span(at, at)
        return Span(self.starts[start], max(self.starts[start], self.ends[end - 1]))

    def covered(self, span: Span) -> tuple[int, int]:
        """The characters [start, end) of this text that were made from a source span; (0, 0) if none was."""
        if self.starts is None or self.ends is None:
            return span.start - self.origin, span.end - self.origin
        places = [
            place
            for place, (start, end) in enumerate(zip(self.starts, self.ends, strict=True))
            if start < span.end and end > span.start
        ]
        return (places[0], places[-1] + 1) if places else (0, 0)

    def slice(self, start: int, end: int) -> MappedText:
        """Characters [start, end) with their part of the map."""
        if self.starts is None or self.ends is None:
            return MappedText(self.text[start:end], self.origin + start)
        return MappedText(self.text[start:end], self.origin, self.starts[start:end], self.ends[start:end])

    def through(self, other: MappedText) -> MappedText:
        """This text, made from `other`, mapped to what `other` was made from."""
        if self.starts is None or self.ends is None:
            return replace(other.slice(self.origin, self.origin + len(self.text)), text=self.text)
        if other.starts is None or other.ends is None:
            starts = array("q", (other.origin + start for start in self.starts))
            return MappedText(self.text, 0, starts, array("q", (other.origin + end for end in self.ends)))
        spans = [other.source(start, end) for start, end in zip(self.starts, self.ends, strict=True)]
        return MappedText(self.text, 0, array("q", (span.start for span in spans)), array("q", (span.end for span in spans)))


@dataclass(frozen=True, slots=True)
class Listing:
    """One piece of copy to audit.

    Parameters
    ----------
    id
        Name of the listing in every record.
    text
        The copy as given, plain text or HTML.
    setting
        One of the pack's settings if it is known (`home`, `clinic`), None to infer it from the copy.
    field
        Name of the column or file part that the text comes from.
    markup
        `"html"`, `"text"`, or None to tell by the tags.
    parts
        The fields of a listing that has several (title, bullets, description), each as a listing of its own; see
        `of_fields`. Offsets then count in the text of a part, and a sentence's `listing` is its part.
    """

    id: str
    text: str
    setting: str | None = None
    field: str = "text"
    markup: str | None = None
    parts: tuple[Listing, ...] = ()

    @classmethod
    def of_fields(cls, id: str, fields: Mapping[str, str], *, setting: str | None = None) -> Listing:
        """A listing of several fields, read together for scope. The first field serves as its title, so name that first.

        >>> Listing.of_fields("a", {"title": "Pen, USB", "bullets": "No pain!"}).field
        'title,bullets'

        Raises
        ------
        InputError
            The text of a field is no string.
        """
        for name, text in fields.items():
            if not isinstance(text, str):
                raise InputError(
                    f"listing '{id}': field '{name}' is {type(text).__name__}, no text. Leave it out, or give ''."
                )
        parts = tuple(cls(id, text, setting, name) for name, text in fields.items())
        return cls(id, "\n\n".join(fields.values()), setting, ",".join(fields), parts=parts)

    @classmethod
    def of_row(cls, id: str, texts: Mapping[str, str], columns: Collection[str], *, setting: str | None = None) -> Listing:
        """The listing of a table's row: of one column its text, of several columns the texts that the row has, as fields."""
        if len(columns) > 1:
            return cls.of_fields(id, texts, setting=setting)
        ((name, text),) = texts.items()
        return cls(id, text, setting, name)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, heading, list item or fragment, with the places that it must be read with.

    `span` are source characters, `readable` the words as a person sees them, `folded` the same for matching (lower
    case, plain letters, single spaces); both map to the source. `heading`, `lead_in` and `question` are indices of
    other sentences of the listing, or None. `kind` is `prose`, `heading` or `item`; `zone` tells where in an HTML
    page the words stand (`body`, `title`, `alt`, `nav`, `meta`, `json-ld`, `hidden`); `paragraph` counts the blocks between
    blank lines, `line` the lines. `is_disguised` tells that `folded` spells words otherwise than the copy.
    """

    listing: Listing
    span: Span
    index: int
    readable: MappedText
    folded: MappedText
    kind: str = "prose"
    zone: str = "body"
    paragraph: int = 0
    heading: int | None = None
    lead_in: int | None = None
    question: int | None = None
    is_disguised: bool = False
    line: int = 0

    @property
    def text(self) -> str:
        return " ".join(self.readable.text.split())


@dataclass(frozen=True, slots=True)
class Cue:
    """Words of the copy that decided something, with what they speak for. `span` lies in the text of `field`."""

    speaks_for: str
    text: str
    span: Span
    weight: float
    field: str = "text"


@dataclass(frozen=True, slots=True)
class Scope:
    """What is sold, by what means and to whom, as read from a whole listing.

    `setting` is what the copy says (or `unknown`), `assumed_setting` how it is read when it does not say.
    `product_class` is the modality that the listing is most about, None if it names none.
    `modalities` (those the listing is mostly about) and `conditions` hold ids of the pack with all their parents;
    `primary` holds, for each modality the listing is mostly about, it and its parents, the one named most first;
    `title_conditions` are the conditions that its first sentence names. `is_independent` tells that the text reads as by
    somebody who sells nothing (a newspaper, a regulator, a forum): what such a text quotes is told of others. `given` tells
    that the setting was given, not inferred.
    """

    in_scope: bool
    setting: str
    assumed_setting: str
    product_class: str | None = None
    is_independent: bool = False
    modalities: frozenset[str] = frozenset()
    primary: tuple[frozenset[str], ...] = ()
    conditions: frozenset[str] = frozenset()
    title_conditions: frozenset[str] = frozenset()
    given: bool = False
    cues: tuple[Cue, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a reasoning: what was looked at (`kind`), what was found, and why.

    The judge's steps (`strength`, `assertion`, `ceiling`, `soften`, `verdict`) can be replayed, see
    `claimaudit.evidence.verdict.replay`.
    """

    kind: str
    value: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.value}" + (f" ({self.detail})" if self.detail else "")


class Tie(StrEnum):
    """What ties a disclaimer to a claim."""

    MARK = "by its mark"
    BLOCK = "in the same block"
    FOOTNOTE = "at the end of the copy"


@dataclass(frozen=True, slots=True)
class Disclaimer:
    """A sentence elsewhere in the copy that qualifies a claim: shown with it, and no reason for a softer verdict."""

    text: str
    span: Span
    tie: Tie


@dataclass(frozen=True, slots=True)
class Claim:
    """A span that promises something checkable: what, how strongly, and in what voice.

    `named_conditions` stand in the sentence itself; `conditions` are these and, if they leave open what it is
    about, those of its context.
    `section_modalities` are those that the heading over the sentence names, if any, and with them those of the sentence,
    each with what it is a kind of.
    `confidence` (0..1) is the calibrated probability of a flag where a model weighed the claim, else how sure the pattern
    is. `is_held` tells that the model does not believe the promise, so that it must not be flagged; `is_doubtful` that a
    reader should look.
    """

    sentence: Sentence
    span: Span
    text: str
    type: ClaimType
    strength: Strength
    assertion: Assertion
    confidence: float
    proposed_by: str
    conditions: frozenset[str] = frozenset()
    named_conditions: frozenset[str] = frozenset()
    section_modalities: tuple[frozenset[str], ...] = ()
    is_held: bool = False
    is_doubtful: bool = False
    why: tuple[Step, ...] = ()
    disclaimers: tuple[Disclaimer, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A citable publication."""

    id: str
    kind: str
    citation: str
    supports: str
    verified: str
    doi: str | None = None
    pmid: str | None = None
    url: str | None = None

    @property
    def link(self) -> str | None:
        """Where to read it: DOI first, then PubMed, then its own page."""
        if self.doi:
            return f"https://doi.org/{self.doi}"
        if self.pmid:
            return f"https://pubmed.ncbi.nlm.nih.gov/{self.pmid}/"
        return self.url


@dataclass(frozen=True, slots=True)
class Figure:
    fact: str
    source: str


@dataclass(frozen=True, slots=True)
class Limitation:
    """A statement of the reference corpus: what the evidence rules out, or (a `permission`) what it carries.

    `verdicts` is the ceiling as a table from strength to verdict, None where the claim type's default holds; `softer`
    makes that default one verdict softer. With `named_in_sentence` this holds only where the sentence names the condition;
    never where the claim is about one of the conditions `not_beside`, too.
    `wording` is a sentence that stays within the ceiling. `about` are phrases: an entry that has some speaks of
    claims whose words hold one, and comes last for others.
    """

    id: str
    kind: str
    claim_types: tuple[ClaimType, ...]
    setting: str
    modality: tuple[str, ...]
    conditions: tuple[str, ...]
    statement: str
    ceiling: str
    wording: str
    sources: tuple[Source, ...]
    confidence: str
    reviewed_on: str
    review_by: str
    verdicts: Mapping[Strength, Verdict] | None = None
    softer: bool = False
    named_in_sentence: bool = False
    not_beside: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    notes: str = ""
    about: tuple[str, ...] = ()
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a regulator says of a family of claims, in one jurisdiction."""

    id: str
    jurisdiction: str
    authority: str
    instrument: str
    provision: str
    claim_types: tuple[ClaimType, ...]
    families: tuple[str, ...]
    setting: str
    modality: tuple[str, ...]
    conditions: tuple[str, ...]
    statement: str
    acceptable: str
    sources: tuple[Source, ...]
    confidence: str
    reviewed_on: str
    review_by: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """Proof that a seller holds, and which claims it covers.

    `listings` are ids, `*` for any characters; without `strengths` it covers all of them. `expires` is its last day.
    """

    id: str
    title: str
    listings: tuple[str, ...]
    claim_types: tuple[ClaimType, ...]
    strengths: tuple[Strength, ...] = ()
    issued: date | None = None
    expires: date | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim with its verdict and the grounds for it. A flagged one holds at least one limitation with a source.

    `substantiation` are valid documents that cover it; they do not change its verdict.
    """

    claim: Claim
    verdict: Verdict
    setting: str
    modality: tuple[str, ...]
    message: str
    suggestion: str
    limitations: tuple[Limitation, ...] = ()
    permissions: tuple[Limitation, ...] = ()
    rules: tuple[Rule, ...] = ()
    why: tuple[Step, ...] = ()
    review: bool = False
    substantiation: tuple[Document, ...] = ()

    @property
    def is_flagged(self) -> bool:
        return self.verdict.is_flagged

    @property
    def covered_until(self) -> str:
        """The last day on which a document covers it, ISO; empty where none does, or where one has no end."""
        ends = [document.expires for document in self.substantiation if document.expires is not None]
        return str(max(ends)) if ends and len(ends) == len(self.substantiation) else ""

    @property
    def sources(self) -> tuple[Source, ...]:
        """Sources of all grounds, each once, in order of first citation."""
        grounds: list[Limitation | Rule] = [*self.limitations, *self.permissions, *self.rules]
        return tuple({source.id: source for ground in grounds for source in ground.sources}.values())

    @property
    def evidence_confidence(self) -> str:
        """Grade of the strongest ground cited; `none` when there is none."""
        grades = {ground.confidence for ground in (*self.limitations, *self.permissions)}
        return next((grade for grade in ("high", "moderate", "low") if grade in grades), "none")


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A claim that was seen and not judged, with the reason."""

    claim: Claim
    setting: str
    modality: tuple[str, ...]
    reason: str
    review: bool = False


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Something that was given and could not be checked. `breaks_audit` is False for mere notes (an image).

    `span` lies in the text of `field`.
    """

    listing_id: str
    reason: str
    message: str
    span: Span | None = None
    breaks_audit: bool = True
    field: str = "text"


@dataclass(frozen=True, slots=True)
class Disguise:
    """Copy whose characters are not those of the word that a reader sees in it, or that no reader sees: of which `families`,
    where, `text` as given, and its `reading`; `how` tells it in words, of hidden text the element that hides it."""

    families: tuple[str, ...]
    span: Span
    text: str
    reading: str
    field: str = "text"
    how: str = ""


@dataclass(frozen=True, slots=True)
class Evasion:
    """That words of claims are written in a way that a plain search does not find. It says nothing of anybody's intent."""

    message: str
    disguises: tuple[Disguise, ...]

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(family for disguise in self.disguises for family in disguise.families))

    def to_dict(self) -> dict[str, Any]:
        """The notice as JSON values."""
        return {
            "message": self.message,
            "families": list(self.families),
            "disguises": [
                {
                    "families": list(disguise.families),
                    "field": disguise.field,
                    "start": disguise.span.start,
                    "end": disguise.span.end,
                    "text": disguise.text,
                    "reading": disguise.reading,
                    "how": disguise.how,
                }
                for disguise in self.disguises
            ],
        }


@dataclass(frozen=True, slots=True)
class Signature:
    """How a result was made: enough to make it again."""

    version: str
    pack: str
    pack_hash: str
    model: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pack_id(self) -> str:
        return f"{self.pack}+{self.pack_hash[:12]}"

    def __str__(self) -> str:
        settings = "|".join(f"{name}:{value}" for name, value in self.settings.items())
        return f"claimaudit:{self.version}|pack:{self.pack_id}|model:{self.model}" + (f"|{settings}" if settings else "")


SHOWN = ("all", "flagged", "near-misses")
"""Which of its items a result gives as records: findings, flagged ones alone, or near misses alone."""


def check_show(show: str) -> None:
    """Refuse another word with a `SettingsError`."""
    if show not in SHOWN:
        raise SettingsError(f"show must be one of {', '.join(SHOWN)}, got '{show}'.")


RECORD_FIELDS = (
    "listing_id",
    "field",
    "claim_type",
    "verdict",
    "review",
    "confidence",
    "start",
    "end",
    "text",
    "sentence_start",
    "sentence_end",
    "sentence",
    "assertion",
    "strength",
    "setting",
    "modality",
    "conditions",
    "limitation_ids",
    "rule_ids",
    "source_ids",
    "evidence_confidence",
    "why",
    "message",
    "suggestion",
    "group",
    "pack",
    "model",
    "version",
    "substantiation_ids",
    "covered_until",
    "disclaimers",
)
"""Names and order of a record's fields: the same in JSON, CSV and data frames."""


def content_key(kind: str, *content: str) -> str:
    """A key made of content alone: a letter, so that no spreadsheet takes it for a number, and 80 bits of a SHA-256."""
    return kind + hashlib.sha256(json.dumps(content).encode("utf-8")).hexdigest()[:20]


def group_key(claim: Claim) -> str:
    """What a claim shares with its repeats in other fields and listings: its type and the folded words of its sentence."""
    return content_key("g", claim.type, " ".join(claim.sentence.folded.text.split()))


def writable(text: str) -> str:
    """The text with a "?" for each lone surrogate, so that it can be written as UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def to_line(row: Mapping[str, Any]) -> str:
    """A row as a line of JSON; a lone surrogate is written as its escape."""
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


def to_record(item: Finding | NearMiss, signature: Signature) -> dict[str, Any]:
    """One finding or near miss as a flat record of JSON values, keyed by `RECORD_FIELDS`.

    A near miss has `verdict` None, its reason as `message`, and no grounds.
    """
    claim, sentence = item.claim, item.claim.sentence
    finding = item if isinstance(item, Finding) else None
    why = finding.why if finding else (*claim.why, Step("near-miss", item.reason if isinstance(item, NearMiss) else ""))
    return {
        "listing_id": sentence.listing.id,
        "field": sentence.listing.field,
        "claim_type": claim.type,
        "verdict": finding.verdict.value if finding else None,
        "review": item.review,
        "confidence": claim.confidence,
        "start": claim.span.start,
        "end": claim.span.end,
        "text": claim.text,
        "sentence_start": sentence.span.start,
        "sentence_end": sentence.span.end,
        "sentence": sentence.text,
        "assertion": claim.assertion.value,
        "strength": claim.strength.value,
        "setting": item.setting,
        "modality": list(item.modality),
        "conditions": sorted(claim.conditions),
        "limitation_ids": [ground.id for ground in (*finding.limitations, *finding.permissions)] if finding else [],
        "rule_ids": [rule.id for rule in finding.rules] if finding else [],
        "source_ids": [source.id for source in finding.sources] if finding else [],
        "evidence_confidence": finding.evidence_confidence if finding else "none",
        "why": [str(step) for step in why],
        "message": finding.message if finding else why[-1].value,
        "suggestion": finding.suggestion if finding else "",
        "group": group_key(claim),
        "pack": signature.pack_id,
        "model": signature.model,
        "version": signature.version,
        "substantiation_ids": [document.id for document in finding.substantiation] if finding else [],
        "covered_until": finding.covered_until if finding else "",
        "disclaimers": [disclaimer.text for disclaimer in claim.disclaimers],
    }


@dataclass(frozen=True, slots=True)
class AuditResult:
    """All that an audit of one listing established, and what it could not establish.

    `suppressed` are findings that a baseline holds: counted, and not reported as new.
    """

    listing: Listing
    scope: Scope
    sentences: tuple[Sentence, ...]
    findings: tuple[Finding, ...]
    near_misses: tuple[NearMiss, ...]
    unchecked: tuple[Unchecked, ...]
    signature: Signature
    suppressed: tuple[Finding, ...] = ()
    evasion: Evasion | None = None

    @property
    def flagged(self) -> tuple[Finding, ...]:
        """Findings that are `contradicted` or `overstated`."""
        return tuple(finding for finding in self.findings if finding.is_flagged)

    @property
    def is_complete(self) -> bool:
        """Whether everything that was given was read."""
        return not any(note.breaks_audit for note in self.unchecked)

    def items(self, show: str = "all") -> tuple[Finding | NearMiss, ...]:
        """What is to be shown: the `flagged` findings, `all` findings, or the `near-misses` alone.

        Raises
        ------
        SettingsError
            `show` is none of these.
        """
        check_show(show)
        if show == "near-misses":
            return self.near_misses
        return self.flagged if show == "flagged" else self.findings

    def records(self, show: str = "all") -> list[dict[str, Any]]:
        """What `items` gives, as records."""
        return [to_record(item, self.signature) for item in self.items(show)]

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON values: scope with its cues, findings (reported, near misses, suppressed), notes, signature."""
        return {
            "listing_id": self.listing.id,
            "field": self.listing.field,
            "scope": {
                "in_scope": self.scope.in_scope,
                "setting": self.scope.setting,
                "assumed_setting": self.scope.assumed_setting,
                "product_class": self.scope.product_class,
                "is_independent": self.scope.is_independent,
                "modalities": sorted(self.scope.modalities),
                "conditions": sorted(self.scope.conditions),
                "cues": [
                    {
                        "speaks_for": cue.speaks_for,
                        "text": cue.text,
                        "field": cue.field,
                        "start": cue.span.start,
                        "end": cue.span.end,
                    }
                    for cue in self.scope.cues
                ],
            },
            "sentences": len(self.sentences),
            "findings": self.records(),
            "near_misses": self.records("near-misses"),
            "suppressed": [to_record(finding, self.signature) for finding in self.suppressed],
            "unchecked": [
                {
                    "field": note.field,
                    "reason": note.reason,
                    "message": note.message,
                    "start": note.span.start if note.span else None,
                    "end": note.span.end if note.span else None,
                    "breaks_audit": note.breaks_audit,
                }
                for note in self.unchecked
            ],
            "evasion": self.evasion.to_dict() if self.evasion else None,
            "complete": self.is_complete,
            "signature": str(self.signature),
        }

    def to_json(self, *, indent: int | None = None) -> str:
        """`to_dict` as JSON; lone surrogates are escaped, so that the text can always be written."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)
        return text.encode("utf-8", "backslashreplace").decode("utf-8")

    def to_html(self) -> str:
        """The listing as a report of one page that opens offline: the copy with its claims, and the case for each."""
        from claimaudit.reports.html import render  # the page is a report's business

        return render([self])

    def _repr_html_(self) -> str:
        """What a notebook shows: the copy with its claims marked in place, and what is flagged."""
        from claimaudit.reports.html import excerpt

        return excerpt(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What IPython shows where there is no HTML: one line."""
        printer.text(
            f"<AuditResult of '{self.listing.id}': flagged {len(self.flagged)}, findings {len(self.findings)}, "
            f"near misses {len(self.near_misses)}, unchecked {len(self.unchecked)}>"
        )

    def to_frame(self, show: str = "all") -> pd.DataFrame:
        """The records as a pandas DataFrame, one row a finding; the columns stand even when there is none."""
        from claimaudit.integrations.pandas import frame_of  # pandas costs half a second: only who asks pays

        return frame_of(self.records(show))
