"""Shows a scan's work: a bar with rate and time left on a terminal, a log line now and then elsewhere, a closing summary."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from claimaudit.batch.run import Counts, Progress, ScanSummary
from claimaudit.types import Verdict

LOG_SECONDS = 30
DRAWN_SECONDS = 0.2


@contextmanager
def reporting(*, quiet: bool = False) -> Iterator[Callable[[Progress], None] | None]:
    """What to give `scan_catalogue` as `progress`; on standard error."""
    if quiet:
        yield None
        return
    bar = _bar() if sys.stderr.isatty() else None
    if bar is None:
        yield _Log()
        return
    try:
        yield bar
    finally:
        bar.close()


class _Log:
    """A line every `LOG_SECONDS`, for a log that somebody reads later."""

    def __init__(self) -> None:
        self._began = self._said = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._said < LOG_SECONDS:
            return
        self._said = now
        share = f", {100 * progress.read // progress.total} % read" if progress.total else ""
        print(f"claimaudit: {_told(progress)}, {_rate(progress, now - self._began)}{share}", file=sys.stderr, flush=True)


class _Bar:
    """A bar over the bytes of the inputs, which tell the time left; where they are not known, counts alone."""

    def __init__(self, tqdm: Callable[..., Any]) -> None:
        self._tqdm = tqdm
        self._bar: Any = None
        self._began = self._drawn = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if self._bar is None:
            shape = "{desc} {percentage:3.0f}% |{bar}| {remaining} left" if progress.total else "{desc} [{elapsed}]"
            self._bar = self._tqdm(total=progress.total, bar_format=shape, delay=1e-9)  # not drawn before it has a text
        elif now - self._drawn < DRAWN_SECONDS:
            return
        self._drawn = now
        self._bar.set_description_str(f"{_told(progress)}, {_rate(progress, now - self._began)}", refresh=False)
        self._bar.update(progress.read - self._bar.n)
        self._bar.refresh()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _bar() -> _Bar | None:
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return _Bar(tqdm)


def _rate(progress: Progress, seconds: float) -> str:
    return f"{progress.listings / max(seconds, 1e-9):,.0f} listings/s"


def _told(progress: Progress) -> str:
    rejected = f", {progress.rejected:,} rejected" if progress.rejected else ""
    return f"{progress.listings:,} listings, {progress.flagged:,} flagged{rejected}"


def summary(done: ScanSummary, *, quiet: bool = False) -> Iterator[str]:
    """Closing lines: what was read, findings by claim type and verdict, what was not read, and where things lie.

    Quiet, only what was not read.
    """
    counts = done.counts
    if not quiet:
        again = f" ({done.reused} of {done.blocks} blocks were done before)" if done.reused else ""
        plural = "s" * (counts.listings != 1)
        yield f"{counts.listings:,} listing{plural}, {counts.sentences:,} sentences, {counts.flagged:,} flagged{again}"
        if counts.verdicts:
            width = max(map(len, counts.verdicts))
            yield f"  {'':{width}}" + "".join(f"{verdict.value:>14}" for verdict in Verdict)
            for claim_type, found in sorted(counts.verdicts.items(), key=lambda item: (-_flags(item[1]), item[0])):
                yield f"  {claim_type:{width}}" + "".join(f"{found.get(verdict.value, 0):14,}" for verdict in Verdict)
        notes = (
            (counts.near_misses, "near misses"),
            (counts.review, "for review"),
            (counts.out_of_scope, "listings out of scope"),
        )
        yield "  " + ", ".join(f"{number:,} {what}" for number, what in notes)
        if counts.known or counts.waived or counts.raised:
            yield f"  by the baseline {standing(counts)}"
        yield "written: " + ", ".join(str(path) for path in done.files.values())
    if counts.incomplete:
        listings = f"{counts.incomplete:,} listing{'s' * (counts.incomplete != 1)}"
        yield f"claimaudit: {listings} not read whole: see their unchecked reasons (--listings)."
    if counts.rejected:
        yield f"claimaudit: {counts.rejected:,} row{'s' * (counts.rejected != 1)} not read: see {done.files['rejects']}."


def standing(counts: Counts) -> str:
    """How findings stand to the baseline."""
    return f"{counts.known:,} known and {counts.waived:,} waived were not reported, {counts.raised:,} raised again."


def _flags(found: dict[str, int]) -> int:
    return sum(found.get(verdict.value, 0) for verdict in Verdict if verdict.is_flagged)
