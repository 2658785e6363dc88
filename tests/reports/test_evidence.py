"""The reference corpus as people read it: what a choice leaves in, and the page made from the data."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date

import pytest

from claimaudit.errors import InputError
from claimaudit.reports.evidence import Selection, render, select, to_markdown
from claimaudit.resources import load_pack
from claimaudit.types import Rule
from tests.conftest import TESTS

PAGE = TESTS.parent / "docs" / "evidence.md"


def test_a_choice_leaves_in_what_holds_for_it() -> None:
    pack = load_pack()
    everything = select(pack)
    assert len(everything) == len(pack.limitations) + len(pack.rules)
    chosen = select(pack, Selection(claim_type="painless", setting="home", modality="led", jurisdiction="uk"))
    assert 0 < len(chosen) < len(everything)
    for entry in chosen:
        assert "painless" in entry.claim_types
        assert entry.setting in ("any", "home")
        assert not isinstance(entry, Rule) or entry.jurisdiction == "uk"
    assert any(entry.kind == "permission" for entry in chosen if not isinstance(entry, Rule))


def test_entries_of_what_stands_above_are_chosen_too() -> None:
    pack = load_pack()
    child = next(group for group in pack.scope.modalities if group.under)
    of_parent = [entry for entry in pack.limitations if child.under[0] in entry.modality]
    assert of_parent
    assert {entry.id for entry in of_parent} <= {entry.id for entry in select(pack, Selection(modality=child.id))}


def test_what_the_pack_does_not_know_is_refused() -> None:
    with pytest.raises(InputError, match=r"there is no modality 'steam'\. Choose among "):
        select(load_pack(), Selection(modality="steam"))


def test_overdue_reviews_are_pointed_out() -> None:
    entries = select(load_pack(), Selection(claim_type="permanent"))
    due = max(entry.review_by for entry in entries)
    late = date(int(due[:4]) + 1, 1, 1)
    assert list(render(entries, as_of=late))[-1].endswith(f"; {len(entries)} overdue for review on {late.isoformat()}")
    assert "overdue" not in list(render(entries, as_of=date(2026, 11, 20)))[-1]


def test_the_page_is_up_to_date() -> None:
    assert to_markdown(load_pack()) == PAGE.read_text("utf-8"), "run `make docs`"


def test_every_source_that_the_page_cites_is_on_it() -> None:
    page = PAGE.read_text("utf-8")
    for source in load_pack().sources:
        assert page.count(f"<a id='{source}'>") == 1


def test_a_second_field_has_its_page_too() -> None:
    assert "## Limitations" in to_markdown(load_pack(TESTS / "packs" / "houseplants"))


def test_the_command_line() -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "claimaudit.cli", "evidence", *arguments]
        return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)

    entries = json.loads(run("--type", "melasma_cure", "--setting", "clinic", "--format", "json").stdout)
    assert {"limitation", "rule"} <= {entry["kind"] for entry in entries}
    assert all("melasma_cure" in entry["claim_types"] for entry in entries)
    assert "REVIEW OVERDUE" in run("--type", "melasma_cure", "--as-of", "2040-01-01").stdout
    wrong = run("--type", "melasma_cure", "--format", "markdown")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert run("--as-of", "soon").returncode == 2
