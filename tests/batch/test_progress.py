"""What a scan shows while it runs, on a terminal and elsewhere, and at its end."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path

import pytest
from tqdm import tqdm

from claimaudit.batch import progress
from claimaudit.batch.progress import reporting, summary
from claimaudit.batch.run import Counts, Progress, ScanSummary


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands until it is put forward."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_log_line_now_and_then(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with reporting() as report:
        assert report is not None
        report(Progress(100, 9, 0, 10, 1000))
        assert capsys.readouterr().err == ""
        clock[0] += 30
        report(Progress(3000, 50, 2, 500, 1000))
        report(Progress(3100, 50, 2, 500, 1000))
    said = capsys.readouterr().err
    assert said == "claimaudit: 3,000 listings, 50 flagged, 2 rejected, 100 listings/s, 50 % read\n"


def test_a_bar_with_rate_time_left_and_flags(clock: list[float]) -> None:
    screen = io.StringIO()
    bar = progress._Bar(partial(tqdm, file=screen, ncols=100))
    bar(Progress(0, 0, 0, 0, 1000))
    clock[0] += 2
    bar(Progress(1000, 50, 0, 500, 1000))
    bar.close()
    assert "1,000 listings, 50 flagged, 500 listings/s  50% |" in screen.getvalue()
    assert " left" in screen.getvalue()
    unknown = io.StringIO()
    bar = progress._Bar(partial(tqdm, file=unknown, ncols=100))
    bar(Progress(7, 1, 0, 0, None))
    bar.close()
    assert "7 listings, 1 flagged" in unknown.getvalue()


def test_quiet() -> None:
    with reporting(quiet=True) as report:
        assert report is None


def test_the_summary_by_type_and_verdict() -> None:
    counts = Counts(1234, 2, 3, 4, 5678, 99, 5, 6, {"permanent": {"overstated": 1}, "painless": {"contradicted": 2000}})
    done = ScanSummary(counts, {"findings": Path("out.csv"), "rejects": Path("bad.jsonl")}, 9, 3)
    assert list(summary(done)) == [
        "1,234 listings, 5,678 sentences, 2,001 flagged (3 of 9 blocks were done before)",
        "             contradicted    overstated    consistent",
        "  painless          2,000             0             0",
        "  permanent             0             1             0",
        "  5 near misses, 6 for review, 4 listings out of scope",
        "written: out.csv, bad.jsonl",
        "claimaudit: 3 listings not read whole: see their unchecked reasons (--listings).",
        "claimaudit: 2 rows not read: see bad.jsonl.",
    ]
    assert len(list(summary(done, quiet=True))) == 2
