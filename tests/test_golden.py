"""Golden listings: what is flagged, and nothing else. No file `in-the-wild`: real copy has no licence to stand here.

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


def flagged(auditor: Auditor, case: dict[str, Any]) -> list[list[str]]:
    result = auditor.audit(Listing(case["id"], case["text"], setting=case.get("setting"), markup="text"))
    return sorted([finding.claim.type, finding.verdict.value] for finding in result.flagged)


@pytest.mark.parametrize("case", cases("negative") + cases("synthetic"), ids=lambda case: case["id"])
def test_golden(case: dict[str, Any], auditor: Auditor) -> None:
    assert flagged(auditor, case) == sorted(case["flagged"]), case["comment"]


@pytest.mark.parametrize("case", cases("known-failures"), ids=lambda case: case["id"])
@pytest.mark.xfail(strict=True)
def test_known_failures(case: dict[str, Any], auditor: Auditor) -> None:
    assert flagged(auditor, case) == sorted(case["flagged"]), case["comment"]
