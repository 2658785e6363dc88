"""Contrast pairs: a minimal change, with what must change (the verdict of one type) and what must not (its twin's).

`verdicts` are those of base and changed; null means that nobody promises it (a near miss or nothing), `consistent`
that it is not flagged.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from claimaudit import Auditor, Listing, Pack
from tests.conftest import TESTS


def pairs() -> list[dict[str, Any]]:
    lines = (TESTS / "contrast" / "pairs.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def verdict(auditor: Auditor, text: str, setting: str, claim_type: str) -> str | None:
    result = auditor.audit(Listing("pair", text, setting=setting, markup="text"))
    verdicts = {finding.verdict for finding in result.findings if finding.claim.type == claim_type}
    return max(verdicts, key=lambda verdict: verdict.severity).value if verdicts else None


@pytest.mark.parametrize("pair", pairs(), ids=lambda pair: pair["id"])
def test_contrast(pair: dict[str, Any], auditor: Auditor) -> None:
    settings = pair["setting"] if isinstance(pair["setting"], list) else [pair["setting"]] * 2
    for side, setting, expected in zip(("base", "changed"), settings, pair["verdicts"], strict=True):
        found = verdict(auditor, pair[side], setting, pair["type"])
        if expected in ("consistent", None):
            assert found in ("consistent", None), side
        else:
            assert found == expected, side


def test_every_claim_type_has_both_sides(pack: Pack) -> None:
    for claim_type in pack.claim_types:
        verdicts = {verdict for pair in pairs() if pair["type"] == claim_type for verdict in pair["verdicts"]}
        assert verdicts & {"contradicted", "overstated"}, claim_type
        assert verdicts & {"consistent", None}, claim_type
