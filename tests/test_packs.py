# ruff: noqa: E501
"""Errors of a pack name file and line, and every pattern and cue of the shipped pack is run on its own example lines."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from claimaudit import Auditor, Pack, PackError, load_pack
from claimaudit.claims.classify import ClaimFinder
from claimaudit.claims.scope import closure
from claimaudit.evidence.verdict import Judge
from claimaudit.packs import Example, examples, failure
from claimaudit.resources import read_yaml
from claimaudit.types import Finding, Scope
from tests.conftest import TESTS, sentences_of

PLANTS = TESTS / "packs" / "houseplants"


@pytest.mark.parametrize("example", list(examples(load_pack())), ids=lambda e: f"{e.entry}:{e.expects}:{e.text[:40]}")
def test_examples_of_the_shipped_pack(example: Example, auditor: Auditor) -> None:
    assert failure(example, auditor) is None, example.origin


@pytest.mark.parametrize("path", sorted(load_pack().root.glob("**/*.yaml")), ids=lambda path: path.name)
def test_files_read_the_same_without_libyaml(path: Path) -> None:
    """PyYAML's own scanner refuses some plain scalars that libyaml takes (`freckles?` in a flow list)."""
    text = path.read_text("utf-8")
    assert yaml.load(text, Loader=yaml.SafeLoader) == yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def test_every_cue_has_both_sides(pack: Pack) -> None:
    for cue in pack.cues.cues:
        assert cue.on, f"{cue.id} has no `on` line"
        assert cue.off, f"{cue.id} has no `off` line"


def test_the_reference_corpus_is_as_large_as_promised(pack: Pack) -> None:
    assert len(pack.limitations) >= 120
    assert len(pack.rules) >= 60
    assert {entry.kind for entry in pack.limitations} == {"limitation", "permission"}


def test_wording_that_would_hold_is_never_flagged(pack: Pack) -> None:
    """What a flag suggests must not itself be flagged, for a product of the entry's own modality and condition."""
    finder, judge, parents = ClaimFinder(pack), Judge(pack), closure(pack.scope.modalities)
    for entry in pack.limitations:
        modalities = () if "any" in entry.modality else tuple(parents[name] for name in entry.modality)
        conditions = frozenset(entry.conditions) - {"any"}
        for setting in pack.settings if entry.setting == "any" else (entry.setting,):
            scope = Scope(
                in_scope=True,
                setting=setting,
                assumed_setting=setting,
                modalities=frozenset().union(*modalities),
                primary=modalities[:1],
                conditions=conditions,
                title_conditions=conditions,
            )
            for claim in finder.find(sentences_of(entry.wording), scope):
                judged = judge.judge(claim, scope)
                assert not (isinstance(judged, Finding) and judged.is_flagged), (
                    f"{entry.origin}: {setting}: {claim.type} ({claim.proposed_by}): {claim.text!r} in {entry.wording!r}"
                )


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    folder = tmp_path / "corpora" / "houseplants"
    shutil.copytree(PLANTS, folder)
    return folder


def edit(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("limitations.yaml", "  sources: [gardeners-handbook]", "  sources: [no-such]", r"limitations.yaml:1: source 'no-such' is not in sources.yaml"),
        ("limitations.yaml", "claim_types: [unkillable]", "claim_types: [immortal]", r"limitations.yaml:1: claim type 'immortal' is not in pack.yaml"),
        ("limitations.yaml", "confidence: high", "confidence: sure", r"limitations.yaml:11: 'confidence'"),
        ("limitations.yaml", "review_by: 2027-01-01", "review_by: 2025-01-01", "review_by 2025-01-01 is not after reviewed_on"),
        ("limitations.yaml", "review_by: 2027-01-01", "review_by: 2027-13-01", "'2027-13-01' is no date"),
        ("limitations.yaml", "wording: Forgiving", "wordings: Forgiving", r"limitations.yaml:\d+: .*wording"),
        ("limitations.yaml", "id: chamber-studies", "id: plants-die", "the id 'plants-die' stands twice"),
        ("limitations.yaml", "claim_types: [air_cleaning]", "claim_types: [unkillable]", "no limitation with modality .any. .* for 'air_cleaning'"),
        ("limitations.yaml", "modality: [fern]", "modality: [cactus]", "modality 'cactus' is not in scope.yaml"),
        ("sources.yaml", "- id: gardeners-handbook", "- {id: spare, kind: book, citation: x, supports: y, verified: read}\n- id: gardeners-handbook", "source 'spare' is cited by nothing"),
        ("claims/unkillable.yaml", "any: [unkillable, 'never <dies>'", "any: [unkillable, 'never <rots>'", r"claims/unkillable.yaml:\d+: '<rots>' is not in vocabulary.yaml"),
        ("claims/unkillable.yaml", "'cannot <dies>'", "'cannot (<dies>'", "is no regular expression"),
        ("claims/unkillable.yaml", "    flag: [An unkillable fern., It never wilts.]\n", "", "needs at least one `flag` line"),
        ("claims/unkillable.yaml", "strength: strong", "strength: huge", r"claims/unkillable.yaml:\d+: "),
        ("claims/unkillable.yaml", "type: unkillable", "type: hardy", "'type' is 'hardy', the file says 'unkillable'"),
        ("claims/unkillable.yaml", "id: survives", "id: never-dies", "the pattern id 'never-dies' stands twice"),
        ("pack.yaml", "[unkillable, air_cleaning]", "[unkillable]", "'air_cleaning' is not among the claim_types"),
        ("pack.yaml", "[unkillable, air_cleaning]", "[unkillable, air_cleaning, rare]", "claims/rare.yaml: the file is missing"),
        ("pack.yaml", "product_setting: ", "product_setting: x", r"pack.yaml: setting 'x\w*' is not in its settings"),
        ("pack.yaml", "version: '1'", "version: '1'\nversion: '2'", r"pack.yaml:3: the key 'version' stands twice"),
        ("cues.yaml", "category: denied", "category: doubted", r"cues.yaml:\d+: "),
        ("cues.yaml", "order: [asked, denied, hedged, asserted]", "order: [asked, hedged, asserted]", "is not in 'order'"),
        ("vocabulary.yaml", "dies: [die, dies, 'wilts?']", "dies: [die, <dies>]", "is defined by itself"),
        ("vocabulary.yaml", "words:", "words:\n  unused: ['(open']", r"vocabulary.yaml: unused: '\(open' is no regular expression"),
        ("vocabulary.yaml", "words:", "words: &all\n  more: *all", "aliases are not allowed"),
        ("scope.yaml", "id: shade", "id: shade, colour: x", r"scope.yaml:\d+: unknown key 'colour'"),
        ("scope.yaml", "id: shade", "id: fern", r"scope.yaml:\d+: the id 'fern' stands twice"),
        ("rules.yaml", "jurisdiction: uk", "jurisdiction: [uk", "not valid YAML"),
    ],
)  # fmt: skip
def test_errors_name_file_line_and_mend(broken: Path, file: str, old: str, new: str, message: str) -> None:
    edit(broken, file, old, new)
    with pytest.raises(PackError, match=message):
        Auditor(broken)


def test_a_pack_that_was_edited_is_read_anew(broken: Path) -> None:
    before = load_pack(broken)
    assert load_pack(broken) is before
    edit(broken, "claims/unkillable.yaml", "title: ", "title: Truly ")
    after = load_pack(broken)
    assert after.claims["unkillable"].title.startswith("Truly ")
    assert after.hash != before.hash


def test_a_missing_pack_is_named() -> None:
    with pytest.raises(PackError, match="no-such-pack: no pack here"):
        load_pack("no-such-pack")


def test_yaml_means_what_it_spells(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("country: NO\nversion: 1.10\ntime: 12:30\ndate: 2026-01-01\nyes: on\nnumber: 12\ntrue_: true\n", "utf-8")
    assert read_yaml(path, name="x.yaml") == {
        "country": "NO", "version": "1.10", "time": "12:30", "date": "2026-01-01", "yes": "on", "number": 12, "true_": True,
    }  # fmt: skip


def test_a_file_that_is_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(PackError, match=r"x.yaml:2: not UTF-8"):
        read_yaml(path, name="x.yaml")


def test_the_hash_follows_what_decides_a_verdict(broken: Path) -> None:
    before = load_pack(PLANTS).hash
    assert load_pack(broken).hash == before
    (broken / "training").mkdir()
    other = broken.parent / "again" / "houseplants"
    shutil.copytree(broken, other)
    assert load_pack(other).hash == before
    third = broken.parent / "third" / "houseplants"
    shutil.copytree(broken, third)
    edit(third, "limitations.yaml", "confidence: high", "confidence: low")
    assert load_pack(third).hash != before
