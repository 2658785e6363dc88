"""A small catalogue, and the command line as a process of its own with small blocks."""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

SMALL_BLOCKS = "import claimaudit.batch.run as run; run.BLOCK_LISTINGS = 20; from claimaudit.cli import main; main()"
TITLES = ("Pico pen for home use, USB", "Freckle cream, 50 ml", "Garden hose", "LED mask for home use")
LINES = (
    "Removes freckles instantly.",
    "No pain!",
    "It may sting a little, {} g.",
    "Dark spots fade over {} months.",
    "Safe for all skin types.",
    "Made of steel, {} mm.",
    "Results vary from person to person.",
    "Gone for good, or your money back.",
)


def write_catalogue(path: Path, count: int) -> Path:
    """A CSV of invented goods: sku, title, bullets, description, seller."""
    rng = random.Random(7)
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["sku", "title", "bullets", "description", "seller"])
        for number in range(count):
            lines = [rng.choice(LINES).format(rng.randrange(900)) for _ in range(4)]
            title = f"{rng.choice(TITLES)} {number}"
            writer.writerow([f"sku-{number}", title, " ".join(lines[:2]), " ".join(lines[2:]), f"seller {number % 3}"])
    return path


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_catalogue(tmp_path_factory.mktemp("catalogue") / "goods.csv", 400)


def scan_command(source: Path, output: Path, *options: str) -> list[str]:
    """Ends in the options; the blocks are small, so that a small catalogue has many."""
    fixed = ["--text", "title,bullets,description", "--id-column", "sku", "--keep", "seller", "--speed", "patterns"]
    return [sys.executable, "-c", SMALL_BLOCKS, "scan", str(source), "-o", str(output), *fixed, *options]


def run(command: Sequence[str], *, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=300)


def children_of(pid: int) -> list[int]:
    """Processes whose parent is `pid` (Linux)."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = Path("/proc", name, "stat").read_text()
            except OSError:
                continue
            if int(stat.rpartition(")")[2].split()[1]) == pid:
                found.append(int(name))
    return found
