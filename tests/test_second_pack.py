"""The engine knows one field as well as another: a tiny pack about potted plants, without Python of its own."""

from __future__ import annotations

import pytest

from claimaudit import Auditor, SettingsError, load_pack
from claimaudit.packs import failures
from tests.conftest import TESTS

PLANTS = TESTS / "packs" / "houseplants"


@pytest.fixture(scope="module")
def plants() -> Auditor:
    return Auditor(PLANTS)


def test_a_pack_of_another_field_audits(plants: Auditor) -> None:
    result = plants.audit("A fern in a pot for your living room. It never wilts! It purifies the air.")
    assert [(f.claim.type, f.verdict, f.claim.text) for f in result.findings] == [
        ("unkillable", "contradicted", "never wilts"),
        ("air_cleaning", "overstated", "purifies the air"),
    ]
    assert result.scope.setting == "indoor"
    finding = result.findings[0]
    assert finding.message == "Every plant can die. Any potted plant dies without light or water."
    assert finding.suggestion == "Forgiving if you forget to water it once."
    assert [rule.id for rule in finding.rules] == ["fair-trading"]
    assert result.signature.pack_id.startswith("houseplants-1+")


def test_a_permission_with_a_table_decides_where_the_sentence_names_its_condition(plants: Auditor) -> None:
    shade, sun = "This fern survives neglect in the shade indoors.", "This fern survives neglect in the sun indoors."
    (finding,) = plants.audit(shade).findings
    assert finding.verdict == "consistent"
    assert [permission.id for permission in finding.permissions] == ["ferns-in-shade"]
    (finding,) = plants.audit(sun).findings
    assert finding.verdict == "overstated"


def test_out_of_scope_copy_yields_nothing(plants: Auditor) -> None:
    result = plants.audit("Our power plant never dies.")
    assert not result.scope.in_scope
    assert result.findings == result.near_misses == ()


def test_its_examples_hold() -> None:
    assert list(failures(load_pack(PLANTS))) == []


def test_settings_are_those_of_the_pack() -> None:
    with pytest.raises(SettingsError, match="'home' is none of indoor, outdoor"):
        Auditor(PLANTS, setting="home")
