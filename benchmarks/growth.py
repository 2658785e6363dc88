"""Whether time and memory a listing stay the same from a thousand listings to a million.

    python benchmarks/growth.py [LISTINGS …] [--speed fast] [-o FOLDER]

Each number is one batch job over a file of that many listings (made as those of `speed.py`: none repeats a sentence), by one
worker for each core, in processes of its own. A million takes half an hour to two hours, by speed, and 11 GB of disk for
the time of the run. Writes growth.json and growth.md, the part of this speed anew after each job: one that is asked for and
missing was stopped.
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
TEXT = """# Growth

Written by `benchmarks/growth.py`, whose docstring says how it measures: `claimaudit scan --show flagged` by a worker a
core. Time of the whole job, with its start; memory of all processes together, pages that they share counted in each."""


def page(found: dict[str, Row]) -> str:
    return "\n\n".join([TEXT, *(section(speed, found[speed]) for speed in sorted(found))]) + "\n"


def section(speed: str, row: Row) -> str:
    return "\n".join(
        [
            f"## {speed}\n",
            f"{row['date']}, {row['machine']}. `{row['command']}`\n",
            f"Signature: `{row['signature']}`; {row['workers']} workers\n",
            "| listings | MB read | CPU ms a listing | MB of findings | peak MB, together |",
            "|---|---|---|---|---|",
            *(
                f"| {job['read']:,} | {job['read_mb']:,.0f} | {1000 * job['cpu_seconds'] / job['read']:.2f} | "
                f"{job['written_mb']:,.0f} | {job['peak_mb']:,.0f} |"
                for job in row["jobs"]
            ),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("listings", type=int, nargs="*", default=[1_000, 10_000], help="how many, for each job")
    parser.add_argument("--speed", choices=("patterns", "fast", "accurate"), default="fast")
    parser.add_argument("-o", "--output", type=Path, default=HERE)
    options = parser.parse_args()
    bench, workers = Bench(0, None), len(os.sched_getaffinity(0))
    options.output.mkdir(parents=True, exist_ok=True)
    kept = options.output / "growth.json"
    found: dict[str, Row] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    found[options.speed] = {
        "date": date.today().isoformat(),
        "machine": machine(),
        "command": f"python benchmarks/growth.py {' '.join(map(str, options.listings))} --speed {options.speed}",
        "signature": str(Auditor(speed=options.speed).signature),
        "workers": workers,
        "jobs": [],
    }
    for count in options.listings:
        found[options.speed]["jobs"].append({"read": count, **bench.scan(options.speed, count, workers)})
        kept.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        kept.with_suffix(".md").write_text(page(found), "utf-8")


if __name__ == "__main__":
    main()
