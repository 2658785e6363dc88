"""The judge: from strength, assertion and ceiling to a verdict, in steps that can be replayed.

The ceiling is a table from strength to verdict: the claim type's default, or the one of the most specific entry of the
reference corpus that applies and carries a table of its own. A hedged or limited claim is one verdict softer, once. A denied
one is consistent. A claim that nobody asserts (asked, conditional, reported, wished, compared) is a near miss, and so is a
promise that the model holds back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from claimaudit.evidence.limitations import EvidenceIndex, Place, specificity
from claimaudit.resources import Pack
from claimaudit.types import (
    NO_VERDICT,
    SOFTENED,
    Assertion,
    Claim,
    ClaimType,
    Finding,
    Limitation,
    NearMiss,
    Scope,
    Step,
    Strength,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The table that holds for a claim, and which entry of the pack it comes from."""

    verdicts: Mapping[Strength, Verdict]
    origin: str


class Judge:
    """Gives verdicts. The only place where one is made."""

    def __init__(self, pack: Pack, *, jurisdictions: Iterable[str] | None = None) -> None:
        self._pack = pack
        self._evidence = EvidenceIndex(pack)
        self._jurisdictions = None if jurisdictions is None else frozenset(jurisdictions)

    def judge(self, claim: Claim, scope: Scope) -> Finding | NearMiss:
        """The finding that a claim leads to, or a near miss if it is nobody's promise or too improbable to be flagged."""
        modality = tuple(sorted(Place.of(claim, scope).modalities))
        if claim.assertion in NO_VERDICT:
            return NearMiss(claim, scope.setting, modality, reason=self._reason(claim), review=claim.is_doubtful)
        limitations = self._evidence.applying(claim, scope, "limitation")
        permissions = self._evidence.applying(claim, scope, "permission")
        ceiling = self._ceiling(claim, scope, (*permissions, *limitations))
        steps = verdict_steps(claim.type, claim.strength, claim.assertion, ceiling)
        verdict = Verdict(steps[-1].value)
        flagged = verdict.is_flagged
        if flagged and claim.is_held:
            reason = f"held back: the probability of a flag is {claim.confidence:.2f}"
            return NearMiss(claim, scope.setting, modality, reason=reason, review=claim.is_doubtful)
        cited = limitations if flagged else ()
        file = self._pack.claims[claim.type]
        return Finding(
            claim=claim,
            verdict=verdict,
            setting=scope.setting,
            modality=modality,
            message=_fill(file.message.get(verdict, ""), claim, cited or permissions),
            suggestion=(cited[0].wording if cited else file.suggestion) if flagged else "",
            limitations=cited,
            permissions=permissions,
            rules=self._evidence.rules(claim, scope, self._jurisdictions) if flagged else (),
            why=(*claim.why, *_place_steps(claim, scope, modality), *steps),
            review=claim.is_doubtful and flagged,
        )

    def _ceiling(self, claim: Claim, scope: Scope, applying: Sequence[Limitation]) -> Ceiling:
        """The ceiling of what the claim is about; of several modalities the one that leaves the claim least.

        What holds for one of two devices that a page sells says nothing of the other. A section of its own, under a heading
        that names its modality, is about that.
        """
        entries = [entry for entry in applying if _decides(entry, claim)]
        about = claim.section_modalities or scope.primary or (frozenset(),)
        ceilings = [self._narrowest(claim, [entry for entry in entries if _reaches(entry, each)]) for each in about]
        return max(ceilings, key=lambda ceiling: ceiling.verdicts[claim.strength].severity)

    def _narrowest(self, claim: Claim, entries: Sequence[Limitation]) -> Ceiling:
        """The most specific table; between two equally specific ones the softer, for the claim at hand."""
        default = self._pack.claims[claim.type].verdicts
        if not entries:
            return Ceiling(default, f"claims/{claim.type}")
        ceilings = [(specificity(entry), Ceiling(_table(entry, default), entry.id)) for entry in entries]
        narrowest = max(key for key, _ in ceilings)
        return min(
            (ceiling for key, ceiling in ceilings if key == narrowest),
            key=lambda ceiling: (ceiling.verdicts[claim.strength].severity, ceiling.origin),
        )

    @staticmethod
    def _reason(claim: Claim) -> str:
        cue = next((step for step in claim.why if step.kind == "cue"), None)
        told = f": '{cue.detail}'" if cue else ""
        return f"{claim.assertion.value}, so nobody promises it here{told}"


def _decides(entry: Limitation, claim: Claim) -> bool:
    """Whether an entry has a table of its own that holds for what the claim is about."""
    if entry.verdicts is None and not entry.softer:
        return False
    if entry.named_in_sentence and claim.named_conditions.isdisjoint(entry.conditions):
        return False
    return claim.conditions.isdisjoint(entry.not_beside)


def _reaches(entry: Limitation, modality: frozenset[str]) -> bool:
    """Whether an entry holds for a modality, given with its parents: a permission for some excuses no other."""
    return entry.kind != "permission" or "any" in entry.modality or not modality or not modality.isdisjoint(entry.modality)


def _table(entry: Limitation, default: Mapping[Strength, Verdict]) -> Mapping[Strength, Verdict]:
    if entry.verdicts is not None:
        return {**default, **entry.verdicts}
    return {strength: verdict.softer for strength, verdict in default.items()}


def verdict_steps(claim_type: ClaimType, strength: Strength, assertion: Assertion, ceiling: Ceiling) -> tuple[Step, ...]:
    """The steps from a claim's strength to its verdict.

    >>> ceiling = Ceiling({Strength.ABSOLUTE: Verdict.CONTRADICTED}, "claims/painless")
    >>> for step in verdict_steps("painless", Strength.ABSOLUTE, Assertion.HEDGED, ceiling):
    ...     print(step)
    type: painless
    strength: absolute
    assertion: hedged
    ceiling: contradicted (claims/painless)
    soften: overstated (hedged)
    verdict: overstated
    """
    steps = [Step("type", claim_type), Step("strength", strength.value), Step("assertion", assertion.value)]
    if assertion is Assertion.DENIED:
        return (*steps, Step("denial", Verdict.CONSISTENT.value), Step("verdict", Verdict.CONSISTENT.value))
    verdict = ceiling.verdicts[strength]
    steps.append(Step("ceiling", verdict.value, ceiling.origin))
    if assertion in SOFTENED:
        verdict = verdict.softer
        steps.append(Step("soften", verdict.value, assertion.value))
    return (*steps, Step("verdict", verdict.value))


def replay(why: Iterable[Step], pack: Pack) -> Verdict:
    """The verdict that the steps of a finding lead to, computed anew from strength, assertion and the named ceiling.

    Raises
    ------
    ValueError
        A step that is needed is missing, or names a ceiling that the pack does not have.
    """
    steps = {step.kind: step for step in why}
    try:
        claim_type = steps["type"].value
        strength, assertion = Strength(steps["strength"].value), Assertion(steps["assertion"].value)
        if assertion is Assertion.DENIED:
            return Verdict.CONSISTENT
        origin = steps["ceiling"].detail
    except KeyError as error:
        raise ValueError(f"why: the step {error} is missing, so the verdict cannot be replayed") from None
    if claim_type not in pack.claims:
        raise ValueError(f"why: the pack has no claim type '{claim_type}'")
    verdicts: Mapping[Strength, Verdict] = pack.claims[claim_type].verdicts
    if origin != f"claims/{claim_type}":
        entry = next((entry for entry in pack.limitations if entry.id == origin), None)
        if entry is None:
            raise ValueError(f"why: the pack has no limitation '{origin}'")
        verdicts = _table(entry, verdicts)
    return Verdict(verdict_steps(claim_type, strength, assertion, Ceiling(verdicts, origin))[-1].value)


def _place_steps(claim: Claim, scope: Scope, modality: Sequence[str]) -> Iterator[Step]:
    """Where the claim is made: the setting, and the modality where a heading names one."""
    yield Step("setting", scope.setting, "given" if scope.given else "read as " + scope.assumed_setting)
    if claim.section_modalities:
        yield Step("modality", ", ".join(modality), "by its heading and sentence")


def _fill(template: str, claim: Claim, grounds: Sequence[Limitation]) -> str:
    """A message with its places filled: the claim's words, and what the first ground states."""
    ground = grounds[0] if grounds else None
    return (
        template.replace("{text}", claim.text)
        .replace("{statement}", ground.statement if ground else "")
        .replace("{ceiling}", ground.ceiling if ground else "")
        .strip()
    )
