"""Inputs that once crashed or stalled something, kept; see `tests/fuzz/run.py` for how such are found."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from tests.fuzz.run import CASES, seeds
from tests.fuzz.targets import TARGETS

PATIENCE = 120
"""Seconds after which a case counts as stalled: none takes one."""


@contextmanager
def hang_guard() -> Iterator[None]:
    def stop(signum: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"no end after {PATIENCE} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("path", sorted(CASES.rglob("*.bin")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_case_that_was_mended_stays_so(path: Path) -> None:
    with hang_guard():
        TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_reads_whole_and_cut_off_files(name: str) -> None:
    for seed in seeds(name):
        with hang_guard():
            TARGETS[name](seed)
            TARGETS[name](seed[: len(seed) // 2])
