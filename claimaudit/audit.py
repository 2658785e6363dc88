"""Settings, wiring and signature: one way through, from a listing to an audit result."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from claimaudit._version import __version__
from claimaudit.claims.classify import ClaimFinder, ClaimModel
from claimaudit.claims.disclaimers import disclaimer_reader
from claimaudit.claims.disguised import DisguiseIndex, hidden_parts
from claimaudit.claims.wording import lexicon_of
from claimaudit.errors import InputError, SettingsError
from claimaudit.evidence.verdict import Judge
from claimaudit.resources import Pack, load_pack, model_path
from claimaudit.text.disguise import undisguise
from claimaudit.text.language import foreign_parts
from claimaudit.text.markup import MARKUPS, read_page
from claimaudit.text.sentences import split_sentences
from claimaudit.types import AuditResult, Disguise, Finding, Listing, NearMiss, Sentence, Signature, Span, Unchecked

PATTERNS = "patterns"
SPEEDS = ("accurate", "fast", PATTERNS)
_UNDECODED = re.compile("[\ufffd\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """The whole configuration of an audit.

    Parameters
    ----------
    setting
        Default None: inferred for each listing that does not bring its own. Giving it wrongly shifts verdicts, so leave it
        out where sellers are mixed.
    jurisdictions
        Default None: rules of all jurisdictions are cited. Verdicts do not depend on it.
    speed
        `accurate` (patterns, linear models and encoder), `fast` (with a small encoder: misses more, flags more wrongly), or
        `patterns` (no model: what no pattern knows is missed). Default None: `accurate` where a model ships for the pack,
        else `patterns`.
    max_characters
        Default 1,000,000 characters of a listing are read; the rest becomes an `Unchecked` note. Lower it and more
        stays unread (missed claims, but said so).
    """

    setting: str | None = None
    jurisdictions: tuple[str, ...] | None = None
    speed: str | None = None
    max_characters: int = 1_000_000

    @classmethod
    def of(cls, **options: Any) -> AuditSettings:
        """Settings from keyword options; unknown names fail at once.

        Raises
        ------
        SettingsError
            There is no such setting, or its value is impossible.
        """
        known = [field.name for field in fields(cls)]
        for name in options:
            if name not in known:
                raise SettingsError(f"there is no setting '{name}'. Choose among {', '.join(known)}.")
        return cls(**options)

    def __post_init__(self) -> None:
        if self.speed not in (None, *SPEEDS):
            raise SettingsError(f"speed must be one of {', '.join(SPEEDS)}, got '{self.speed}'.")
        if self.max_characters < 1:
            raise SettingsError(f"max_characters must be at least 1, got {self.max_characters}.")

    def described(self) -> dict[str, Any]:
        """The settings as they stand in a signature: those that decide a result, in a fixed order."""
        return {
            "setting": self.setting or "auto",
            "jurisdictions": ",".join(self.jurisdictions) if self.jurisdictions is not None else "all",
            "max_characters": self.max_characters,
        }


class Auditor:
    """Audits listings with one pack; load it once and use it for many.

    Parameters
    ----------
    pack
        Name of a shipped pack, a folder that holds one, or a loaded `Pack`. Default: `skin`.
    model
        A folder that holds a trained model, or a `ClaimModel`. Default: the one that ships for the pack, at the speed
        that the settings say.
    settings
        An `AuditSettings`, or its fields as keyword options.

    Raises
    ------
    PackError
        The pack is missing or invalid; the message names file and line.
    ModelError
        The model is missing, damaged, or was made for other claim types.
    SettingsError
        A setting is unknown or impossible.

    Examples
    --------
    >>> auditor = Auditor(setting="home")
    >>> result = auditor.audit("Our pen removes freckles for good, and it does not hurt.")
    >>> for finding in result.flagged:
    ...     print(finding.claim.type, finding.verdict, repr(finding.claim.text))
    permanent contradicted 'for good'
    painless contradicted 'does not hurt'
    complete_clearance overstated 'removes freckles'
    """

    def __init__(
        self,
        pack: str | Path | Pack | None = None,
        *,
        model: ClaimModel | str | Path | None = None,
        settings: AuditSettings | None = None,
        **options: Any,
    ) -> None:
        if settings is not None and options:
            raise SettingsError(f"give settings or {', '.join(options)}, not both.")
        self.settings = settings or AuditSettings.of(**options)
        self._model = model
        with _nothing_collected():
            self.pack = pack if isinstance(pack, Pack) else load_pack(pack)
            _check_settings(self.settings, self.pack)
            chosen = _model(self.pack, model, self.settings.speed)
            self._finder = ClaimFinder(self.pack, chosen)
            self._disclaimers = disclaimer_reader(self.pack)
            self._lexicon = lexicon_of(self.pack)
            self._judge = Judge(self.pack, jurisdictions=self.settings.jurisdictions)
        self.signature = Signature(
            version=__version__,
            pack=f"{self.pack.name}-{self.pack.version}",
            pack_hash=self.pack.hash,
            model=chosen.name if chosen else PATTERNS,
            settings=self.settings.described(),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return _remade, (self.pack, self._model, self.settings)  # a copy in another process makes its expressions anew

    def audit(self, listing: Listing | str) -> AuditResult:
        """Audit one listing, given as such or as its text.

        Raises
        ------
        InputError
            The text is no string, or the listing's setting is none of the pack's.
        """
        return next(self.audit_many([listing]))

    def audit_many(self, listings: Iterable[Listing | str]) -> Iterator[AuditResult]:
        """Audit listings one by one, in order; each result depends on its own listing alone.

        Raises
        ------
        InputError
            Where `audit` does, or for a single text in the place of several.
        """
        if isinstance(listings, str):
            raise InputError("audit_many wants several listings, got one text. Use audit, or put the text in a list.")
        for number, item in enumerate(listings, 1):
            listing = item if isinstance(item, Listing) else Listing(id=str(number), text=item)
            yield self._audit(listing)

    def _audit(self, listing: Listing) -> AuditResult:
        self._check(listing)
        sentences: tuple[Sentence, ...] = ()
        unread: frozenset[int] = frozenset()
        unchecked: list[Unchecked] = []
        disguises = DisguiseIndex()
        for part in listing.parts or (listing,):
            read = self._read(part, sentences)
            sentences += read.sentences
            unread |= read.unread
            unchecked.extend(read.unchecked)
            disguises.add(part.field, *read.disguises)
        unchecked.extend(_without_words(listing, sentences))
        scope = self._finder.read_scope(sentences, setting=listing.setting or self.settings.setting)
        findings: list[Finding] = []
        near_misses: list[NearMiss] = []
        for claim in self._disclaimers.tie(self._finder.find(sentences, scope), sentences):
            if claim.sentence.index in unread:
                continue
            judged = self._judge.judge(disguises.explain(claim), scope)
            if isinstance(judged, Finding):
                findings.append(judged)
            else:
                near_misses.append(judged)
        return AuditResult(
            listing=listing,
            scope=scope,
            sentences=sentences,
            findings=tuple(findings),
            near_misses=tuple(near_misses),
            unchecked=tuple(unchecked),
            signature=self.signature,
            evasion=disguises.evasion(),
        )

    def _read(self, part: Listing, before: Sequence[Sentence]) -> _Read:
        """The sentences of a text, counted on from those before it, and what of it is not read."""
        unchecked = []
        read = part
        if len(part.text) > self.settings.max_characters:
            read = replace(part, text=part.text[: self.settings.max_characters])
            unchecked.append(
                Unchecked(
                    part.id,
                    "too-long",
                    f"characters {len(read.text):,} to {len(part.text):,} were not read: the limit is "
                    f"{self.settings.max_characters:,}. Raise max_characters or split the listing.",
                    Span(len(read.text), len(part.text)),
                )
            )
        page = read_page(read.text, markup=read.markup)
        undisguised = undisguise(page.readable, self._lexicon)
        disguises = undisguised.disguises if undisguised else (), hidden_parts(page)
        if undisguised is not None:
            page = replace(page, plain=undisguised.text)
        sentences = split_sentences(read, page)
        if before:
            sentences = tuple(_counted_from(len(before), before[-1].paragraph + 1, sent) for sent in sentences)
        foreign = foreign_parts(sentences)
        unchecked.extend(foreign.notes(part))
        unchecked.extend(
            Unchecked(part.id, "image", "an image: words in it were not read.", image, breaks_audit=False)
            for image in page.images
        )
        unchecked.extend(_undecoded(part, read.text))
        notes = tuple(replace(note, field=part.field) for note in unchecked)
        return _Read(sentences, foreign.indices, notes, disguises)

    def _check(self, listing: Listing) -> None:
        for part in (listing, *listing.parts):
            if part.markup not in MARKUPS:
                raise InputError(
                    f"listing '{listing.id}': markup '{part.markup}' is none of html, text. Leave it out to tell by tags."
                )
        if not all(isinstance(part.text, str) for part in (listing, *listing.parts)):
            raise InputError(
                f"listing '{listing.id}': the text must be a string, got {type(listing.text).__name__}. Convert it first."
            )
        if listing.setting is not None and listing.setting not in self.pack.settings:
            raise InputError(
                f"listing '{listing.id}': setting '{listing.setting}' is none of {', '.join(self.pack.settings)}. "
                "Correct it, or leave it out to have it inferred."
            )


@dataclass(frozen=True, slots=True)
class _Read:
    """One text as sentences, indices of those in another language, notes on what was not read, and what is in disguise: by
    its letters, and not shown at all."""

    sentences: tuple[Sentence, ...]
    unread: frozenset[int]
    unchecked: tuple[Unchecked, ...]
    disguises: tuple[Sequence[Disguise], Sequence[Disguise]]


def _counted_from(first: int, first_paragraph: int, sent: Sentence) -> Sentence:
    """A sentence of a later field: its index, those it points to and its paragraph count over the whole listing."""
    heading, lead_in, question = (
        None if index is None else first + index for index in (sent.heading, sent.lead_in, sent.question)
    )
    return replace(
        sent,
        index=first + sent.index,
        paragraph=first_paragraph + sent.paragraph,
        heading=heading,
        lead_in=lead_in,
        question=question,
    )


def _undecoded(part: Listing, text: str) -> Iterator[Unchecked]:
    """A note on characters that stand for bytes that could not be decoded."""
    broken = [match.span() for match in _UNDECODED.finditer(text)]
    if broken:
        yield Unchecked(
            part.id,
            "undecoded",
            f"{len(broken)} place(s) hold characters that could not be decoded. Check the encoding of the source.",
            Span(broken[0][0], broken[-1][1]),
        )


def _without_words(listing: Listing, sentences: tuple[Sentence, ...]) -> Iterator[Unchecked]:
    """A note on a listing that holds no words, in none of its fields."""
    if not any(character.isalpha() for sent in sentences for character in sent.readable.text):
        what = "there are no words to read" if listing.text.strip() else "the text is empty"
        span = None if listing.parts else Span(0, len(listing.text))
        yield Unchecked(listing.id, "no-words", f"{what}.", span, field=listing.field)


def audit(listing: Listing | str, *, pack: str | Path | Pack | None = None, **options: Any) -> AuditResult:
    """Audit one listing with the default pack; for many, keep an `Auditor`.

    Parameters
    ----------
    listing
        A `Listing`, or its text.
    pack
        As for `Auditor`.
    options
        Fields of `AuditSettings`.
    """
    return Auditor(pack, **options).audit(listing)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """No search for garbage meanwhile: what is made stays, and looking through it is a fifth of the start."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _remade(pack: Pack, model: ClaimModel | str | Path | None, settings: AuditSettings) -> Auditor:
    return Auditor(pack, model=model, settings=settings)


def _model(pack: Pack, model: ClaimModel | str | Path | None, speed: str | None) -> ClaimModel | None:
    """The model that a setting of speed asks for."""
    if speed == PATTERNS:
        if model is not None:
            raise SettingsError("the speed 'patterns' uses no model. Leave the model out, or choose another speed.")
        return None
    if model is not None and not isinstance(model, str | Path):
        if speed is not None:
            raise SettingsError("a model that is loaded has its speed. Leave the speed out, or give the model's folder.")
        return model
    if model is None and speed is None and model_path(pack) is None:
        return None
    from claimaudit.claims.model import Speed, load_model  # loads numerical libraries

    return load_model(pack, Speed(speed or Speed.ACCURATE), Path(model) if model is not None else None)


def _check_settings(settings: AuditSettings, pack: Pack) -> None:
    known: Mapping[str, tuple[str, ...]] = {"setting": pack.settings, "jurisdictions": pack.jurisdictions}
    given = {"setting": (settings.setting,) if settings.setting else (), "jurisdictions": settings.jurisdictions or ()}
    for name, values in given.items():
        for value in values:
            if value not in known[name]:
                raise SettingsError(f"{name}: '{value}' is none of {', '.join(known[name])}. Correct it.")
