"""Negation inside a claim and negation over it, hedges, questions, reports: the cases that clinical NegEx gets backwards."""

from __future__ import annotations

import pytest

from claimaudit import Auditor


@pytest.mark.parametrize(
    ("text", "claim_type", "assertion"),
    [
        ("There is no pain.", "painless", "asserted"),
        ("Pain-free removal of spots.", "painless", "asserted"),
        ("Freckles never come back.", "permanent", "asserted"),
        ("It is not painless.", "painless", "denied"),
        ("Melasma cannot be cured.", "melasma_cure", "denied"),
        ("We never promise permanent hair removal.", "permanent", "denied"),
        ("This pen does not remove freckles instantly.", "instant_removal", "denied"),
        ("Is it painless?", "painless", "asked"),
        ("Many people believe it is painless.", "painless", "reported"),
        ("If you expect instant results, look elsewhere.", "instant_removal", "conditional"),
        ("Our aim is permanent results.", "permanent", "wished"),
        ("It may permanently reduce the hair and permanently remove it.", "permanent", "hedged"),
        ("It is painless, bar the odd sting.", "painless", "limited"),
        ("Not only painless, but permanent too.", "painless", "asserted"),
        ("According to the maker it is painless.", "painless", "asserted"),
    ],
)
def test_assertion_status(home: Auditor, text: str, claim_type: str, assertion: str) -> None:
    result = home.audit(text)
    items = [*result.findings, *result.near_misses]
    found = {item.claim.type: item.claim.assertion.value for item in items}
    assert found.get(claim_type) == assertion


def test_a_list_item_is_read_with_its_lead_in(home: Auditor) -> None:
    denied = home.audit("It is not suitable if you expect:\n– instant results\n– no pain")
    claimed = home.audit("Why you will love it:\n– instant results\n– no pain")
    assert not denied.flagged
    assert {finding.claim.type for finding in claimed.flagged} == {"instant_removal", "painless"}


def test_an_answer_is_read_with_its_question(home: Auditor) -> None:
    result = home.audit("Does it hurt? Not at all!")
    (finding,) = result.flagged
    assert (finding.claim.type, finding.verdict, finding.claim.text) == ("painless", "contradicted", "Not at all")


def test_a_limit_in_another_sentence_changes_nothing(home: Auditor) -> None:
    (finding,) = home.audit("The pen is painless. You may feel a slight sting.").flagged
    assert finding.verdict == "contradicted"


@pytest.mark.parametrize(
    ("text", "assertion"),
    [
        ("The pen is painless, with a faint tickle.", "limited"),
        ("The pen is painless, not a tickle is felt.", "asserted"),
        ("The pen is painless, without a tickle or pinch.", "asserted"),
        ("Unlike tingly peels, the pen is painless.", "asserted"),
    ],
)
def test_a_modest_claim_limits_unless_it_is_taken_back(home: Auditor, text: str, assertion: str) -> None:
    claims = [finding.claim for finding in home.audit(text).findings if finding.claim.type == "painless"]
    assert [claim.assertion.value for claim in claims] == [assertion]


def test_one_softening_at_most(home: Auditor) -> None:
    (finding,) = home.audit("For some people it may be painless, bar the odd sting.").flagged
    assert finding.verdict == "overstated"
