"""Whether time and memory a listing stay the same from a thousand listings to a million.

    python benchmarks/growth.py [LISTINGS …] [--speed fast] [-o FOLDER]

Each number is one batch job over a file of that many listings (made as those of `speed.py`: none repeats a sentence), by one
worker for each core, in processes of its own. A million takes an hour or two and some 11 GB of disk for the time of the run.
Writes growth.json and growth.md, anew after each job: one that is asked for and missing was stopped.
"""

from __future__ import annotations

import argparse
import json
import os
from datetime import date
from pathlib import Path
from typing import Any

from speed import HERE, Bench, machine

from claimaudit import Auditor

Row = dict[str, Any]


def page(found: Row) -> str:
    rows = [
        f"| {row['read']:,} | {row['read_mb']:,.0f} | {1000 * row['cpu_seconds'] / row['read']:.2f} | "
        f"{row['written_mb']:,.0f} | {row['peak_mb']:,.0f} |"
        for row in found["jobs"]
    ]
    return "\n".join(
        [
            "# Growth\n",
            "Written by `benchmarks/growth.py`, whose docstring says how it measures.",
            f"{found['date']}, {found['machine']}. `{found['command']}`\n",
            f"Signature: `{found['signature']}`\n",
            f"`claimaudit scan --show flagged` by {found['workers']} workers. Time of the whole job, with its start;",
            "memory of all processes together, pages that they share counted in each.\n",
            "| listings | MB read | CPU ms a listing | MB of findings | peak MB, together |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("listings", type=int, nargs="*", default=[1_000, 10_000], help="how many, for each job")
    parser.add_argument("--speed", choices=("patterns", "fast", "accurate"), default="fast")
    parser.add_argument("-o", "--output", type=Path, default=HERE)
    options = parser.parse_args()
    bench, workers = Bench(0, None), len(os.sched_getaffinity(0))
    found: Row = {
        "date": date.today().isoformat(),
        "machine": machine(),
        "command": f"python benchmarks/growth.py {' '.join(map(str, options.listings))} --speed {options.speed}",
        "signature": str(Auditor(speed=options.speed).signature),
        "workers": workers,
        "jobs": [],
    }
    options.output.mkdir(parents=True, exist_ok=True)
    for count in options.listings:
        found["jobs"].append({"read": count, **bench.scan(options.speed, count, workers)})
        (options.output / "growth.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        (options.output / "growth.md").write_text(page(found), "utf-8")


if __name__ == "__main__":
    main()
