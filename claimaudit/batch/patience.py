"""A limit to the time that one listing may take, so that no listing and no pack can stop a scan for good."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SECONDS = 60.0
CHARACTERS_A_SECOND = 1_000
"""A hundredth of what the slowest speed reads: only what would never end takes longer."""


class OutOfPatienceError(Exception):
    """What was tried took longer than it may."""


def patience_for(characters: int) -> float:
    """Seconds that a listing of so many characters may take."""
    return SECONDS + characters / CHARACTERS_A_SECOND


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Break off what takes longer, also within a regular expression.

    Without effect on systems without interval timers (Windows) and in threads other than the main one, where Python hears no
    signals.

    Raises
    ------
    OutOfPatienceError
        Where the work is, after so many seconds.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum: int, frame: FrameType | None) -> None:
        raise OutOfPatienceError

    before = signal.signal(signal.SIGALRM, stop)
    left, every = signal.setitimer(signal.ITIMER_REAL, seconds)
    began = time.monotonic()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:  # a timer of the program that calls us goes on; one that ran out meanwhile rings at once
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), 1e-3), every)
