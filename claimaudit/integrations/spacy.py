"""claimaudit as a component of any spaCy pipeline: `nlp.add_pipe("claimaudit")`.

An entry point registers the factory where claimaudit is installed; elsewhere, importing this module does.
"""

from __future__ import annotations

from functools import partial
from typing import Any

try:
    from spacy.language import Language
    from spacy.tokens import Doc, Span, SpanGroup
except ImportError as error:
    raise ImportError(f"{error}: the component needs spaCy. Install it: pip install 'claimaudit[spacy]'.") from error

from claimaudit.audit import Auditor, AuditSettings
from claimaudit.errors import SettingsError
from claimaudit.types import Listing, Verdict

NAME = "claimaudit"
"""The name of the factory, and the key of its spans in `doc.spans`."""

DISPLACY_COLORS = {
    Verdict.CONTRADICTED.value: "#f4a6a0",
    Verdict.OVERSTATED.value: "#f7d488",
    Verdict.CONSISTENT.value: "#b7dfb9",
}
"""displaCy's background colours for spans labelled by verdict."""

LABELS = ("claim_type", "verdict")
SHOWN_SPANS = ("all", "flagged")
_ID = "claimaudit-"
_KEY: Any = ("._.", "claim_audit", None, None)  # where spaCy itself keeps a value of an extension
_DEFAULTS: dict[str, Any] = {
    "pack": None,
    "model": None,
    "setting": None,
    "jurisdictions": None,
    "speed": None,
    "max_characters": AuditSettings().max_characters,
    "show": "all",
    "label": "claim_type",
}


class ClaimAuditComponent:
    """Audits the text of a `Doc` as one listing, and writes what it found on the `Doc`.

    Nothing is asked of the pipeline: neither a model nor a tagger nor sentences. It sets

    - `doc._.claim_audit`: the whole audit as `AuditResult.to_dict` gives it (scope, findings, near misses, what was not
      read, signature), plain values alone. None on a `Doc` that was not audited.
    - `doc._.claims`: its findings, one dict with the `RECORD_FIELDS` each; `start` and `end` are characters of `doc.text`.
      Empty if there are none, None on a `Doc` that was not audited.
    - `doc.spans["claimaudit"]`: one `Span` a finding; they may overlap. Where a claim begins or ends inside a token, its
      span takes the whole token. The group's `attrs` hold `signature` and `complete` (whether all the text was read).
    - `span._.claim`: the finding of such a span, found by `span.id_`; None for any other span.

    Values are stored once, on the `Doc`: a `DocBin` keeps them with `store_user_data=True`.

    Parameters
    ----------
    pack, model, settings
        As for `Auditor`. Pipelines give them by their configuration, see `create_component`.
    show
        Which findings become spans: `all`, or those that are `flagged`. `doc._.claims` holds all of them in any case.
    label
        What labels the spans: the `claim_type`, or the `verdict` (which displaCy then colours).

    Examples
    --------
    >>> import spacy
    >>> import claimaudit.integrations.spacy
    >>> nlp = spacy.blank("en")
    >>> component = nlp.add_pipe("claimaudit", config={"speed": "patterns", "setting": "home"})
    >>> doc = nlp("Our pen removes freckles for good, and it does not hurt.")
    >>> for span in doc.spans["claimaudit"]:
    ...     print(span.text, "|", span.label_, "|", span._.claim["verdict"])
    for good | permanent | contradicted
    does not hurt | painless | contradicted
    removes freckles | complete_clearance | overstated
    >>> doc._.claim_audit["complete"], len(doc._.claims)
    (True, 3)
    """

    def __init__(
        self,
        pack: str | None = None,
        *,
        model: str | None = None,
        settings: AuditSettings | None = None,
        show: str = "all",
        label: str = "claim_type",
    ) -> None:
        for name, value, known in (("show", show, SHOWN_SPANS), ("label", label, LABELS)):
            if value not in known:
                raise SettingsError(f"{name} must be one of {', '.join(known)}, got '{value}'.")
        for kind, name in _register_extensions():
            raise SettingsError(
                f"{kind}._.{name} is the extension of another library. "
                f"Free the name: spacy.tokens.{kind}.remove_extension('{name}')."
            )
        self.auditor = Auditor(pack, model=model, settings=settings)
        self.show = show
        self.label = label
        self._made_from: dict[str, Any] = {"pack": pack, "model": model, "settings": settings, "show": show, "label": label}

    def __reduce__(self) -> tuple[Any, ...]:
        """Goes to another process as what it is made from: a loaded model cannot be sent."""
        return partial(ClaimAuditComponent, **self._made_from), ()

    def __call__(self, doc: Doc) -> Doc:
        """Write the audit of a `Doc`'s text on it, in place of an earlier one."""
        result = self.auditor.audit(Listing("doc", doc.text))
        audit = result.to_dict()
        doc._.claim_audit = audit
        spans = []
        for number, (finding, record) in enumerate(zip(result.findings, audit["findings"], strict=True)):
            if finding.is_flagged or self.show == "all":
                span = doc.char_span(
                    finding.claim.span.start,
                    finding.claim.span.end,
                    label=record[self.label],
                    span_id=f"{_ID}{number}",
                    alignment_mode="expand",
                )
                assert span is not None, "a claim lies inside the text"
                spans.append(span)
        attrs = {"signature": audit["signature"], "complete": audit["complete"]}
        doc.spans[NAME] = SpanGroup(doc, name=NAME, attrs=attrs, spans=spans)
        return doc


@Language.factory(
    NAME,
    assigns=["doc.spans", "doc._.claims", "doc._.claim_audit", "span._.claim"],
    default_config=_DEFAULTS,
)
def create_component(
    nlp: Language,
    name: str,
    pack: str | None,
    model: str | None,
    setting: str | None,
    jurisdictions: list[str] | None,
    speed: str | None,
    max_characters: int,
    show: str,
    label: str,
) -> ClaimAuditComponent:
    """The component for a pipeline's configuration.

    `pack` and `model` are those of `Auditor`, `setting`, `jurisdictions`, `speed` and `max_characters` those of
    `AuditSettings`, `show` and `label` those of `ClaimAuditComponent`. A saved pipeline holds this configuration and no
    data: where it is loaded, the pack and model of that place audit, and each result's signature says which they were.

    Raises
    ------
    PackError, ModelError, SettingsError
        As for `Auditor`.
    """
    settings = AuditSettings.of(
        setting=setting,
        jurisdictions=tuple(jurisdictions) if jurisdictions is not None else None,
        speed=speed,
        max_characters=max_characters,
    )
    return ClaimAuditComponent(pack, model=model, settings=settings, show=show, label=label)


def displacy_colors() -> dict[str, str]:
    """Colours of the verdicts, for spaCy's entry points `spacy_displacy_colors`."""
    return dict(DISPLACY_COLORS)


def _audit(doc: Doc) -> dict[str, Any] | None:
    audit: dict[str, Any] | None = doc.user_data.get(_KEY)
    if audit and isinstance(audit["findings"], tuple):  # a DocBin gives lists back as tuples
        audit = doc.user_data[_KEY] = _listed(audit)
    return audit


def _set_audit(doc: Doc, audit: dict[str, Any]) -> None:
    doc.user_data[_KEY] = audit


def _listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, tuple) else value


def _claims(doc: Doc) -> list[dict[str, Any]] | None:
    audit = _audit(doc)
    return audit["findings"] if audit else None


def _claim(span: Span) -> dict[str, Any] | None:
    """Found by the span's id, because a value kept on `span._` is shared by all spans on the same characters."""
    claims = _claims(span.doc)
    if not claims or not span.id_.startswith(_ID):
        return None
    return claims[int(span.id_.removeprefix(_ID))]


_EXTENSIONS: tuple[tuple[type[Doc] | type[Span], str, dict[str, Any]], ...] = (
    (Doc, "claim_audit", {"getter": _audit, "setter": _set_audit}),
    (Doc, "claims", {"getter": _claims}),
    (Span, "claim", {"getter": _claim}),
)


def _register_extensions() -> list[tuple[str, str]]:
    """Register the extensions whose names are free or are ours; gives the names that are another library's."""
    taken = []
    for kind, name, given in _EXTENSIONS:
        if not kind.has_extension(name) or _is_ours(kind, name):
            kind.set_extension(name, force=True, **given)
        else:
            taken.append((kind.__name__, name))
    return taken


def _is_ours(kind: type[Doc] | type[Span], name: str) -> bool:
    _, _, getter, _ = kind.get_extension(name)
    return getattr(getter, "__module__", None) == __name__


_register_extensions()  # at import, so that worker processes have them; a name that is taken is an error once it is used
