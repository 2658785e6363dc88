"""Which constructions of ordinary copy make the audit deaf to a promise, or hear one where there is none.

    python benchmarks/constructions.py [--speeds patterns fast accurate] [--model FOLDER] [-o FILE.json]

Behavioural tests in the sense of Ribeiro et al. 2020 (CheckList, ACL): every construction of `constructions.yaml` is filled
with phrases that promise something of each claim type, and read on a page of a seller and on one that informs. `promised`
constructions must be flagged whatever stands in them ("It not only gives …"), `unpromised` ones must not ("It falls short
of …"). Labelled documents hold too few of each construction to show that a model is wrong about one of them. What was found
wanting is taught by training lines that put other words into the same constructions, so these figures tell whether a mend
has worked, and not how constructions fare that nobody thought of.
"""

from __future__ import annotations

import argparse
import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from claimaudit import Auditor, Listing
from claimaudit.audit import PATTERNS
from claimaudit.types import ClaimType

HERE = Path(__file__).parent
WORST = 15
"""Constructions of each kind that the page names."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A construction with a phrase in it, on a page."""

    construction: str
    claim_type: ClaimType
    sentence: str
    page: str

    def is_flagged(self, auditor: Auditor) -> bool:
        """Whether a claim of the type is flagged in the sentence."""
        start = self.page.index(self.sentence)
        found = auditor.audit(Listing("page", self.page, markup="text")).flagged
        end = start + len(self.sentence)
        return any(each.claim.type == self.claim_type and start <= each.claim.span.start < end for each in found)


def filled(constructions: Sequence[str], given: Mapping[str, Any]) -> Iterator[Filled]:
    for construction in constructions:
        phrases = given["nouns"] if "{noun}" in construction else given["verbs"]
        for claim_type, wordings in phrases.items():
            for wording in wordings:
                words = {"noun": wording, "verb": wording.replace("+", ""), "verbs": wording.replace("+", "s")}
                sentence = construction.format(**words)
                sentence = sentence[0].upper() + sentence[1:]
                for page in given["pages"].values():
                    yield Filled(construction, claim_type, sentence, page.format(sentence=sentence))


def shares(auditor: Auditor, constructions: Sequence[str], given: Mapping[str, Any]) -> dict[str, float]:
    """For each construction the share of its sentences that are flagged, 0..1."""
    told: dict[str, list[bool]] = {}
    for each in filled(constructions, given):
        told.setdefault(each.construction, []).append(each.is_flagged(auditor))
    return {construction: round(sum(flags) / len(flags), 3) for construction, flags in told.items()}


PAGE = """# Constructions

Written by `{command}`, whose docstring says what is measured and how. {date}.

*Heard* and *fooled* are shares of the sentences that are flagged, where something is promised ({promised} constructions) and
where nothing is ({unpromised}); beside each, the number of constructions that are wrong more than half the time.

| speed | heard | deaf to | fooled | fooled by |
|---|---|---|---|---|
{rows}

{worst}
"""


def report(result: Mapping[str, Any]) -> str:
    rows, worst = [], []
    for speed, told in result["speeds"].items():
        heard, false = told["promised"], told["unpromised"]
        deaf = sum(share < 0.5 for share in heard.values())
        fooled = sum(share > 0.5 for share in false.values())
        rows.append(f"| {speed} | {mean(heard):.2f} | {deaf} | {mean(false):.2f} | {fooled} |")
        for title, pairs in (
            ("Least heard", sorted(heard.items(), key=lambda pair: pair[1])),
            ("Most flagged though nothing is promised", sorted(false.items(), key=lambda pair: -pair[1])),
        ):
            listed = "\n".join(f"| {construction} | {share:.2f} |" for construction, share in pairs[:WORST])
            worst.append(f"## {title}, `{speed}`\n\n| construction | flagged |\n|---|---|\n{listed}")
    counts = {kind: len(next(iter(result["speeds"].values()))[kind]) for kind in ("promised", "unpromised")}
    return PAGE.format(
        command=result["command"], date=result["date"], rows="\n".join(rows), worst="\n\n".join(worst), **counts
    )


def mean(shares: Mapping[str, float]) -> float:
    return sum(shares.values()) / len(shares)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--speeds", nargs="+", default=["patterns", "fast", "accurate"])
    parser.add_argument("--model", type=Path, help="default: the one that ships")
    parser.add_argument("-o", "--output", type=Path, default=HERE / "constructions.json")
    options = parser.parse_args()
    given = yaml.safe_load((HERE / "constructions.yaml").read_text("utf-8"))
    speeds = {}
    for speed in options.speeds:
        auditor = Auditor(speed=speed, model=None if speed == PATTERNS else options.model)
        speeds[speed] = {"signature": str(auditor.signature)} | {
            kind: shares(auditor, given[kind], given) for kind in ("promised", "unpromised")
        }
    result = {
        "command": f"python benchmarks/constructions.py --speeds {' '.join(options.speeds)}",
        "date": datetime.date.today().isoformat(),
        "speeds": speeds,
    }
    options.output.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    page = report(result)
    options.output.with_suffix(".md").write_text(page, "utf-8")
    print(page)


if __name__ == "__main__":
    main()
