"""How fast claimaudit reads, beside a tokenizer, a keyword scan and a clinical pipeline, all in one run on one machine.

    make bench        or        python benchmarks/speed.py [--count N] [--medspacy PYTHON] [-o FOLDER]

Listings are the documents of the test split in turn, some 1,300 characters each, every sentence with a number of its own, so
that no memory of sentences wins. Each contender has a fresh process pinned to one core, and is warmed up on other listings;
measured is its CPU time. All cores are measured as a job uses them: a scan of a file by one worker and by one for each core,
on the clock, from when all workers are at work. What the search for disguises costs copy that has none is measured on the
documents in plain ASCII, with the search and without. Writes speed.json, speed.md and speed.svg. More and more listings:
`growth.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from claimaudit import Auditor, load_pack
from claimaudit.claims.corpus import read_corpus

HERE = Path(__file__).resolve().parent
OWN = ("patterns", "fast", "accurate")
AS_WRITTEN = "patterns, disguises not read"
OTHERS = ("spaCy tokenizer", "keyword scan", "medspaCy")
SLOW = {"accurate": 0.2, "medspaCy": 0.1}
"""The share of the listings that a slow contender reads."""
LEAST_SCANNED = 1_000
"""Listings of a scan: enough blocks for every worker."""
Row = dict[str, Any]


def documents() -> list[Row]:
    corpus = read_corpus(load_pack())
    return [{"text": document.text, "sentences": document.sentences} for document in corpus.split("test")]


class Bench:
    def __init__(self, count: int, medspacy: str | None) -> None:
        self.documents = documents()
        self.count = count
        self.python = {"medspaCy": medspacy}

    def on_one_core(self, name: str, count: int, documents: Sequence[Row] | None = None) -> Row:
        """One contender in a process of its own on one core, the last one."""
        python = self.python.get(name, sys.executable)
        if python is None:
            return {"name": name, "missing": "no environment: give --medspacy PYTHON"}
        core = max(os.sched_getaffinity(0))
        job = {
            "documents": self.documents if documents is None else documents,
            "count": count,
            "warm": min(count, 300),
            "core": core,
        }
        command = [python, str(HERE / "contenders.py"), name]
        done = subprocess.run(command, input=json.dumps(job), capture_output=True, text=True, check=False)
        if done.returncode:
            return {"name": name, "missing": (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]}
        return {"name": name, **json.loads(done.stdout)}

    def on_ascii(self, count: int) -> Row:
        """How fast the patterns read plain ASCII, and what part that is of their speed without the search for disguises.

        The best of three runs of each, in turn: a difference of some per cent is no more than what else the machine does.
        """
        plain = [document for document in self.documents if document["text"].isascii()]
        runs = [(self.on_one_core(OWN[0], count, plain), self.on_one_core(AS_WRITTEN, count, plain)) for _ in range(3)]
        missing = next((row["missing"] for run in runs for row in run if "missing" in row), None)
        if missing is not None:
            return {"missing": missing}
        seconds, without = (min(row["seconds"] for row in rows) for rows in zip(*runs, strict=True))
        return {
            "documents": len(plain),
            "listings_per_second": round(count / seconds, 1),
            "of_as_written": round(without / seconds, 3),
        }

    def on_all_cores(self, name: str, count: int) -> Row:
        """A scan by one worker for each core, and how much faster it is than by one worker."""
        one, several = (self.scan(name, count, workers) for workers in (1, len(os.sched_getaffinity(0))))
        rates = [row["listings"] / row["seconds"] for row in (one, several)]
        return {"name": name, **several, "of_one_worker": round(rates[1] / rates[0], 3)}

    def scan(self, name: str, count: int, workers: int) -> Row:
        """One batch job over a file of listings, in processes of its own."""
        job = {"documents": self.documents, "count": count, "workers": workers}
        command = [sys.executable, str(HERE / "contenders.py"), name, "--scan"]
        done = subprocess.run(command, input=json.dumps(job), capture_output=True, text=True, check=True)
        return dict(json.loads(done.stdout))

    def run(self) -> Row:
        counts = {name: max(50, int(self.count * SLOW.get(name, 1))) for name in (*OWN, *OTHERS)}
        return {
            "one_core": [_told(self.on_one_core(name, counts[name])) for name in (*OWN, *OTHERS)],
            "ascii": self.on_ascii(counts[OWN[0]]),
            "all_cores": [_told(self.on_all_cores(name, max(self.count, LEAST_SCANNED))) for name in OWN],
            "start": start_up(),
        }


def start_up() -> dict[str, float]:
    """CPU seconds of whole commands, the best of three."""
    with tempfile.TemporaryDirectory() as folder:
        line = Path(folder) / "one.txt"
        line.write_text("Mole pen for home use. It does not hurt.\n", "utf-8")
        scans = {f"scan of one line, {speed}": ["scan", str(line), "--speed", speed, "--fail-on", "never"] for speed in OWN}
        commands = {"--help": ["--help"], **scans}
        return {name: min(_cpu_seconds(arguments) for _ in range(3)) for name, arguments in commands.items()}


def _cpu_seconds(arguments: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "claimaudit.cli", *arguments], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 3)


def _told(row: Row) -> Row:
    """A row with its rates."""
    if "missing" in row:
        return row
    rates = {
        "listings_per_second": round(row["listings"] / row["seconds"], 1),
        "mb_per_second": round(row["characters"] / 1e6 / row["seconds"], 3),
    }
    return {**row, "characters": int(row["characters"]), "peak_mb": round(row["peak_mb"]), **rates}


def page(found: Row) -> str:
    one = {row["name"]: row for row in found["one_core"]}
    tokenizer = one["spaCy tokenizer"].get("listings_per_second")
    clinical = one["medspaCy"].get("listings_per_second")

    def ratio(row: Row, other: float | None) -> str:
        return f"{row['listings_per_second'] / other:.2f} ×" if other else "–"

    lines = ["| one core | listings/s | MB/s | of spaCy's tokenizer | of medspaCy | peak MB |", "|---|---|---|---|---|---|"]
    for row in found["one_core"]:
        if "missing" in row:
            lines.append(f"| {row['name']} | not measured: {row['missing']} | | | | |")
        else:
            rates = f"{row['listings_per_second']:,.1f} | {row['mb_per_second']:.2f}"
            lines.append(
                f"| {row['name']} | {rates} | {ratio(row, tokenizer)} | {ratio(row, clinical)} | {row['peak_mb']:,} |"
            )
    ascii_copy = found["ascii"]
    lines += ["", "Disguised letters, looked for in plain ASCII: "]
    if "missing" in ascii_copy:
        lines[-1] += f"not measured: {ascii_copy['missing']}"
    else:
        told = f"{ascii_copy['listings_per_second']:,.1f} listings/s of {ascii_copy['documents']} documents"
        lines[-1] += f"`patterns` read {told}, {ascii_copy['of_as_written']:.2f} × their speed where none is looked for."
    lines += ["", "| all cores | workers | listings/s | MB/s | of one worker | peak MB, together |"]
    lines += ["|---|---|---|---|---|---|"]
    for row in found["all_cores"]:
        rates = f"{row['listings_per_second']:,.1f} | {row['mb_per_second']:.2f}"
        lines.append(f"| {row['name']} | {row['workers']} | {rates} | {row['of_one_worker']:.2f} × | {row['peak_mb']:,} |")
    lines += ["", "| command | CPU seconds, start to end |", "|---|---|"]
    lines += [f"| {name} | {seconds:.2f} |" for name, seconds in found["start"].items()]
    about = f"{found['date']}, {found['machine']}. `{found['command']}`\n\nSignature: `{found['signature']}`"
    return (
        f"# Speed\n\nWritten by `benchmarks/speed.py`, whose docstring says how it measures.\n{about}\n\n"
        + "\n".join(lines)
        + "\n"
    )


def plot(found: Row, path: Path) -> None:
    """Listings a second on one core, on a logarithmic axis."""
    from matplotlib.figure import Figure

    rows = [row for row in found["one_core"] if "missing" not in row]
    rows.sort(key=lambda row: row["listings_per_second"])
    figure = Figure(figsize=(7, 0.5 * len(rows) + 1), layout="constrained")
    axes = figure.subplots()
    rates = [row["listings_per_second"] for row in rows]
    colours = ["#2b6cb0" if row["name"] in OWN else "#a0aec0" for row in rows]
    bars = axes.barh([row["name"] for row in rows], rates, color=colours)
    axes.bar_label(bars, [f"{rate:,.0f}" for rate in rates], padding=3)
    axes.set_xscale("log")
    axes.set_xlabel("listings a second on one core (logarithmic)")
    axes.margins(x=0.15)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def machine() -> str:
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    busy = f"load {os.getloadavg()[0]:.1f} before the run"  # what else runs takes caches, and so time, from all contenders
    cores = f"{len(os.sched_getaffinity(0))} cores of {cpu}"
    return f"{cores}, {platform.system()}, Python {platform.python_version()}, {busy}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000, help="listings that a quick contender reads")
    parser.add_argument("--medspacy", help="Python of an environment that holds medspaCy")
    parser.add_argument("-o", "--output", type=Path, default=HERE)
    options = parser.parse_args()
    started = time.monotonic()
    found = {
        "date": date.today().isoformat(),
        "machine": machine(),
        "command": f"python benchmarks/speed.py --count {options.count}",
        "signature": str(Auditor(speed="accurate").signature),
        **Bench(options.count, options.medspacy).run(),
    }
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "speed.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    (options.output / "speed.md").write_text(page(found), "utf-8")
    plot(found, options.output / "speed.svg")
    print(page(found))
    print(f"{time.monotonic() - started:.0f} seconds")


if __name__ == "__main__":
    main()
