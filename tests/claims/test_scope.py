from __future__ import annotations

import pytest

from claimaudit import Auditor

HOME = "Freckle remover pen, 9 levels, USB charging. What's in the box: pen, cable, manual. Free shipping."
CLINIC = "Our clinic in Leeds offers laser tattoo removal. Book a consultation with our nurses; most patients come monthly."


@pytest.mark.parametrize(
    ("text", "in_scope", "setting"),
    [
        (HOME, True, "home"),
        (CLINIC, True, "clinic"),
        ("A permanent marker that writes on steel. Painless refills, instant drying.", False, None),
        ("Painless dentistry for the whole family: teeth cleaned in one visit, results guaranteed.", False, None),
        ("Removes rust instantly from garden tools. Safe on paint.", False, None),
        ("We sell beauty goods: laser wand, creams, masks.\nThe laser wand removes moles.", True, "home"),
        ("Ink out of your skin by laser, at our clinic.\nOut like wine from a carpet.", True, "clinic"),
        ("Velor is an injectable dermal filler that smooths wrinkles of the face at once. It is safe.", False, None),
        (
            "Botox treatment at our skin clinic: painless botox injections for frown lines and wrinkles, no downtime.",
            False,
            None,
        ),
        ("Inch loss at our skin clinic. Permanent, painless fat reduction for a body shape you will love.", False, None),
        ("Hair loss treatment at our skin clinic. No side effects: hair regrowth therapy for alopecia.", False, None),
        (
            "Skin clinic: laser for dark spots and melasma, hair loss treatment, dermal fillers.\nBook a visit.",
            True,
            "clinic",
        ),
        ("", False, None),
    ],
)
def test_scope_is_inferred(auditor: Auditor, text: str, in_scope: bool, setting: str | None) -> None:
    scope = auditor.audit(text).scope
    assert scope.in_scope == in_scope
    if setting:
        assert scope.setting == scope.assumed_setting == setting


def test_cues_are_named_with_their_place(auditor: Auditor) -> None:
    scope = auditor.audit(HOME).scope
    assert scope.cues
    for cue in scope.cues:
        assert cue.span.of(HOME).lower() == cue.text


def test_a_given_setting_is_taken(auditor: Auditor, clinic: Auditor) -> None:
    scope = clinic.audit(HOME).scope
    assert scope.given
    assert scope.setting == "clinic"


def test_modalities_come_with_their_parents(auditor: Auditor) -> None:
    scope = auditor.audit("Picosecond laser tattoo removal at our clinic. The pico laser is fast.").scope
    assert {"pico-laser", "laser"} <= scope.modalities
    assert "tattoo" in scope.conditions


def test_words_are_counted_once(auditor: Auditor) -> None:
    once, often = auditor.audit("teeth"), auditor.audit("teeth " * 50)
    assert len(once.scope.cues) == len(often.scope.cues)
