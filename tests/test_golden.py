"""Golden listings: what is flagged, and nothing else; `consistent` names types that must be heard and excused.

No file `in-the-wild`: real copy has no licence to stand here.

`known-failures` are strict expected failures, so that an improvement has to move its line.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from claimaudit import Auditor, Listing
from tests.conftest import TESTS


def cases(name: str) -> list[dict[str, Any]]:
    lines = (TESTS / "golden" / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def found(auditor: Auditor, case: dict[str, Any]) -> tuple[list[list[str]], set[str]]:
    """What is flagged, and the types of what is found consistent."""
    result = auditor.audit(Listing(case["id"], case["text"], setting=case.get("setting"), markup="text"))
    flagged = sorted([finding.claim.type, finding.verdict.value] for finding in result.flagged)
    return flagged, {finding.claim.type for finding in result.findings if not finding.is_flagged}


@pytest.mark.parametrize("case", cases("negative") + cases("synthetic"), ids=lambda case: case["id"])
def test_golden(case: dict[str, Any], auditor: Auditor) -> None:
    flagged, consistent = found(auditor, case)
    assert flagged == sorted(case["flagged"]), case["comment"]
    assert consistent >= set(case.get("consistent", [])), "it is heard, and excused"


@pytest.mark.parametrize("case", cases("known-failures"), ids=lambda case: case["id"])
@pytest.mark.xfail(strict=True)
def test_known_failures(case: dict[str, Any], auditor: Auditor) -> None:
    assert found(auditor, case)[0] == sorted(case["flagged"]), case["comment"]
