from __future__ import annotations

import itertools

import pytest

from claimaudit import Assertion, Auditor, Pack, Strength, Verdict
from claimaudit.evidence.verdict import Ceiling, replay, verdict_steps
from claimaudit.types import NO_VERDICT, Step

LADDER = {
    Strength.ABSOLUTE: Verdict.CONTRADICTED,
    Strength.STRONG: Verdict.OVERSTATED,
    Strength.MODEST: Verdict.CONSISTENT,
}


def verdict(strength: Strength, assertion: Assertion) -> Verdict:
    return Verdict(verdict_steps("painless", strength, assertion, Ceiling(LADDER, "claims/painless"))[-1].value)


def test_the_ladder_holds_for_what_is_asserted() -> None:
    assert {strength: verdict(strength, Assertion.ASSERTED) for strength in Strength} == LADDER


@pytest.mark.parametrize("assertion", [Assertion.HEDGED, Assertion.LIMITED])
def test_a_hedge_or_limit_softens_once(assertion: Assertion) -> None:
    assert verdict(Strength.ABSOLUTE, assertion) == "overstated"
    assert verdict(Strength.STRONG, assertion) == "consistent"
    assert verdict(Strength.MODEST, assertion) == "consistent"


def test_what_is_denied_is_consistent() -> None:
    assert {verdict(strength, Assertion.DENIED) for strength in Strength} == {Verdict.CONSISTENT}


def test_replaying_the_steps_gives_the_verdict(pack: Pack) -> None:
    for claim_type, strength, assertion in itertools.product(pack.claim_types, Strength, set(Assertion) - NO_VERDICT):
        ceiling = Ceiling(pack.claims[claim_type].verdicts, f"claims/{claim_type}")
        steps = verdict_steps(claim_type, strength, assertion, ceiling)
        assert replay(steps, pack) == steps[-1].value


def test_replaying_needs_its_steps(pack: Pack) -> None:
    with pytest.raises(ValueError, match="'type' is missing"):
        replay([], pack)
    steps = [
        Step("type", "painless"),
        Step("strength", "absolute"),
        Step("assertion", "asserted"),
        Step("ceiling", "", "no-such"),
    ]
    with pytest.raises(ValueError, match="no limitation 'no-such'"):
        replay(steps, pack)


def test_a_changed_limitation_changes_verdicts(home: Auditor) -> None:
    """LED light is painless, a plasma pen is not: the same words, another ceiling."""
    led = home.audit("LED mask, 5 colours, USB. It is painless.")
    plasma = home.audit("Plasma pen for brown spots, 9 levels, USB. It is painless.")
    assert {finding.verdict for finding in led.findings if finding.claim.type == "painless"} == {Verdict.CONSISTENT}
    assert {finding.verdict for finding in plasma.findings if finding.claim.type == "painless"} == {Verdict.CONTRADICTED}


@pytest.mark.parametrize(
    ("product", "claim", "ground"),
    [
        ("Pico laser pen, USB.", "Clinically tested.", "proof-must-fit-the-product"),
        ("Pico laser pen, USB.", "Dermatologist recommended.", "proof-must-fit-the-product"),
        ("Pico laser pen, USB.", "FDA approved.", "fda-cleared-is-not-approved"),
        ("Pico laser pen, USB.", "Approved by the health authorities.", "fda-cleared-is-not-approved"),
        ("LED mask, USB.", "Clinically proven.", "proof-must-fit-the-product"),
        ("LED mask, USB.", "Certified by the Ministry of Health.", "otc-clearance-scope"),
        ("Dark spot cream, 50 ml.", "Dermatologist tested.", "proof-must-fit-the-product"),
        ("Dark spot cream, 50 ml.", "Clinically proven.", "serum-two-weeks-not-proven"),
        ("Dark spot cream, 50 ml.", "FDA approved.", "cosmetic-never-fda-approved"),
        ("Plasma pen, USB.", "The result lasts forever.", "home-device-lasting-unknown"),
        ("Microcurrent roller, USB.", "The result lasts forever.", "microcurrent-is-temporary"),
    ],
)
def test_the_wording_that_would_hold_fits_the_words(home: Auditor, product: str, claim: str, ground: str) -> None:
    (finding,) = home.audit(f"{product} {claim}").flagged
    assert finding.limitations[0].id == ground
    assert finding.suggestion == finding.limitations[0].wording
    assert finding.limitations[0].statement in finding.message


def test_a_flag_cites_what_applies_and_nothing_else(home: Auditor, clinic: Auditor) -> None:
    finding = clinic.audit("Laser tattoo removal with a picosecond laser: all ink gone after one session.").flagged[0]
    assert finding.limitations
    for limitation in finding.limitations:
        assert finding.claim.type in limitation.claim_types
        assert limitation.setting in ("any", "clinic")
        assert limitation.kind == "limitation"
        assert limitation.sources
    assert all(set(limitation.conditions) & {"any", "tattoo"} for limitation in finding.limitations)


def test_what_holds_for_one_of_two_devices_excuses_nothing_of_the_other(clinic: Auditor) -> None:
    claim = "Sun spots are gone after one session."
    alone = clinic.audit(f"Pico laser clinic for sun spots. {claim}")
    beside = clinic.audit(f"IPL and pico laser, IPL or laser, for sun spots. {claim}")
    found = [
        next(item.verdict for item in result.findings if item.claim.type == "single_session") for result in (alone, beside)
    ]
    assert found[0].severity < found[1].severity


MENU = """Linden Skin Clinic: treatments
Every course begins with a talk.
{heading}
You lie under the lamp with goggles on. {claim}
Picosecond laser for tattoos, from £90
Numbing cream is included."""


@pytest.mark.parametrize(
    ("heading", "claim", "verdict"),
    [
        ("LED light facial, 30 minutes", "It does not hurt.", "consistent"),
        ("Picosecond laser for sun spots", "It does not hurt.", "contradicted"),
        ("LED light facial, 30 minutes", "Like our laser, it does not hurt.", "contradicted"),
        ("LED or laser?", "It does not hurt.", "contradicted"),
        ("Our Saturday offer", "It does not hurt.", "contradicted"),
    ],
)
def test_a_section_is_about_what_its_heading_names(clinic: Auditor, heading: str, claim: str, verdict: str) -> None:
    result = clinic.audit(MENU.format(heading=heading, claim=claim))
    (finding,) = [found for found in result.findings if found.claim.sentence.text == claim]
    assert (finding.claim.type, finding.verdict) == ("painless", verdict)


def test_a_section_cites_what_applies_to_its_modality(clinic: Auditor) -> None:
    page = MENU.format(heading="Chemical peel with TCA", claim="It never leaves marks.")
    (finding,) = clinic.audit(page).flagged
    assert finding.modality == ("peel",)
    assert "modality: peel (by its heading and sentence)" in [str(step) for step in finding.why]
    assert [entry.modality for entry in finding.limitations] == [("peel",)]


def test_what_a_claim_is_made_of_or_for_whom_leaves_open_what_it_is_about(clinic: Auditor) -> None:
    (finding,) = clinic.audit("Mole removal plasters\n100% natural and painless.").flagged
    assert finding.claim.conditions >= {"natural-ingredients", "mole"}
    asked = clinic.audit("Laser for melasma at our clinic\nIs it safe during pregnancy?\nYes, absolutely.")
    (answer,) = [each.claim for each in asked.findings if each.claim.sentence.index == 2]
    assert answer.conditions == {"pregnancy", "melasma"}
