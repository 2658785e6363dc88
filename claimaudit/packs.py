"""Checks a pack by its own examples: every pattern on its `flag` and `pass` lines, every cue on its `on` and `off` lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from claimaudit.audit import Auditor
from claimaudit.claims.disclaimers import disclaimer_reader
from claimaudit.resources import Pack
from claimaudit.text.sentences import split_sentences
from claimaudit.types import Assertion, AuditResult, Finding, Listing, NearMiss

DISCLAIMER = "disclaimer"
"""Before the id of a disclaimer, in the name of its examples' entry."""


@dataclass(frozen=True, slots=True)
class Example:
    """One example line of a pack: `origin` is its entry's file and line, `expects` is flag, pass, on or off."""

    origin: str
    entry: str
    expects: str
    setting: str
    text: str


def examples(pack: Pack) -> Iterator[Example]:
    """All example lines of a pack. Lines without a setting are read in the pack's product setting."""
    for claim_type, file in pack.claims.items():
        for entry in file.patterns:
            name = f"{claim_type}/{entry.id}"
            origin = str(pack.origins[f"pattern:{name}"])
            for expects, lines in (("flag", entry.flag), ("pass", entry.pass_)):
                for line in lines:
                    pairs = [(pack.file.product_setting, line)] if isinstance(line, str) else list(line.items())
                    for setting, text in pairs:
                        yield Example(origin, name, expects, setting, text)
    for cue in pack.cues.cues:
        origin = str(pack.origins[f"cue:{cue.id}"])
        for expects, texts in (("on", cue.on), ("off", cue.off)):
            for text in texts:
                yield Example(origin, cue.id, expects, pack.file.product_setting, text)
    for disclaimer in pack.cues.disclaimers:
        origin = str(pack.origins[f"disclaimer:{disclaimer.id}"])
        for expects, texts in (("on", disclaimer.on), ("off", disclaimer.off)):
            for text in texts:
                yield Example(origin, f"{DISCLAIMER}/{disclaimer.id}", expects, pack.file.product_setting, text)


def failure(example: Example, auditor: Auditor) -> str | None:
    """What is wrong with an example, or None if it holds.

    A `flag` line must be flagged by its own entry, a `pass` line by no pattern of its type; an `on` line must hold a claim
    with the cue's category, an `off` line none; for a disclaimer, a sentence that its entry takes for one.
    """
    if example.entry.startswith(f"{DISCLAIMER}/"):
        return _disclaimer_failure(example, auditor.pack)
    result = auditor.audit(Listing("example", example.text, setting=example.setting, markup="text"))
    if example.expects in ("flag", "pass"):
        claim_type = example.entry.split("/")[0]
        flagged = [finding for finding in result.flagged if finding.claim.type == claim_type]
        if example.expects == "pass":
            return f"{example.text!r} was flagged: {flagged[0].claim.text!r}" if flagged else None
        own = any(finding.claim.proposed_by == f"pattern:{example.entry}" for finding in flagged)
        return None if own else f"{example.text!r} was not flagged by this entry"
    cue = next(cue for cue in auditor.pack.cues.cues if cue.id == example.entry)
    has_category = cue.category in _assertions(result)
    if has_category == (example.expects == "on"):
        return None
    return f"{example.text!r} holds {'no' if example.expects == 'on' else 'a'} claim that is {cue.category.value}"


def _disclaimer_failure(example: Example, pack: Pack) -> str | None:
    reader, entry = disclaimer_reader(pack), example.entry.removeprefix(f"{DISCLAIMER}/")
    is_one = any(entry in reader.kinds_of(sent) for sent in split_sentences(Listing("example", example.text, markup="text")))
    if is_one == (example.expects == "on"):
        return None
    return f"{example.text!r} is {'a' if is_one else 'no'} disclaimer to this entry"


def failures(pack: Pack) -> Iterator[str]:
    """One line for each example that does not hold, with file and line of its entry."""
    auditor = Auditor(pack, speed="patterns")
    for example in examples(pack):
        wrong = failure(example, auditor)
        if wrong is not None:
            yield f"{example.origin}: {example.entry}: {wrong}"


def _assertions(result: AuditResult) -> set[Assertion]:
    items: tuple[Finding | NearMiss, ...] = (*result.findings, *result.near_misses)
    return {item.claim.assertion for item in items}
