"""What the system can do to a scan: each fault ends it with one line, the right status, and no half-written file.

A killed worker and an interrupted batch job are provoked in `tests/batch/test_kill.py`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from claimaudit import Auditor, Listing, cli
from claimaudit.batch import patience
from claimaudit.batch.dossier import DossierFiles
from claimaudit.batch.readers import Entry, Rejected
from claimaudit.batch.run import audit_entries
from tests.cli.test_cli import PEN

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="faults of POSIX")
CLI = [sys.executable, "-m", "claimaudit.cli"]
FULL = Path("/dev/full")


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps({"id": str(n), "text": PEN}) for n in range(250)), "utf-8")
    return path


def scan(path: Path | str, *options: str, limit: Callable[[], None] | None = None) -> tuple[int, str]:
    """Exit status and what was said, of a scan under a limit of the system."""
    command = [*CLI, "scan", str(path), "--speed", "patterns", *options]
    done = subprocess.run(command, capture_output=True, preexec_fn=limit, check=False, timeout=300)
    return done.returncode, done.stderr.decode()


def at_most(name: str, value: int) -> Callable[[], None]:
    def limit() -> None:
        import resource

        resource.setrlimit(getattr(resource, name), (value, value))

    return limit


def assert_one_line(said: str, *parts: str) -> None:
    assert said.startswith("claimaudit: ")
    assert said.count("\n") == 1, said
    for part in parts:
        assert part in said


@pytest.mark.parametrize("name", ["out.txt", "out.html", "out.json", "out.xlsx", "out.jsonl", "out.csv", "out.parquet"])
def test_a_full_disk(name: str, rows: Path, tmp_path: Path) -> None:
    status, said = scan(rows, "-o", str(tmp_path / name), "--quiet", limit=at_most("RLIMIT_FSIZE", 3000))
    assert status == 2
    assert_one_line(said, name, "cannot be written", "File too large")
    assert not (tmp_path / name).exists()
    assert not list(tmp_path.glob(".*.part"))


def test_a_scan_goes_on_when_there_is_room_again(rows: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    command = ("-o", str(output), "--quiet", "--workers", "1")
    assert scan(rows, *command, limit=at_most("RLIMIT_FSIZE", 100_000))[0] == 2
    assert not output.exists()
    assert scan(rows, *command)[0] == 1
    assert len(output.read_text("utf-8").splitlines()) >= 500
    assert {path.name for path in tmp_path.iterdir()} == {"rows.jsonl", "out.jsonl", "out.jsonl.manifest.json"}


def test_an_old_file_survives_a_full_disk(rows: Path, tmp_path: Path) -> None:
    for name in ("out.csv", "out.html", "baseline.json"):
        (tmp_path / name).write_text("of before", "utf-8")
        options = ("--write-baseline", str(tmp_path / name)) if name.startswith("base") else ("-o", str(tmp_path / name))
        assert scan(rows, *options, limit=at_most("RLIMIT_FSIZE", 100))[0] == 2
        assert (tmp_path / name).read_text("utf-8") == "of before"


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
@pytest.mark.parametrize(
    "command",
    [
        *(
            ["scan", "docs/examples/marker.txt", "--speed", "patterns", "--format", name]
            for name in ("table", "csv", "html")
        ),
        ["explain", "painless"],
        ["evidence", "--type", "painless"],
        ["--help"],
    ],
    ids=" ".join,
)
def test_standard_output_that_is_full(command: list[str]) -> None:
    with FULL.open("w") as out:
        done = subprocess.run([*CLI, *command], stdout=out, stderr=subprocess.PIPE, check=False, timeout=120)
    assert done.returncode == 2
    assert_one_line(done.stderr.decode(), "standard output: No space left on device")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="a folder that nobody may write to, not even root")
@pytest.mark.parametrize("name", ["out.txt", "out.html", "out.xlsx", "out.jsonl"])
def test_a_place_that_is_read_only(name: str, rows: Path) -> None:
    status, said = scan(rows, "-o", f"/proc/{name}")
    assert status == 2
    assert_one_line(said, f"{name}", "cannot be written")


@pytest.mark.parametrize("output", ["out.jsonl", "out.html"])
def test_an_input_that_vanishes(output: str, tmp_path: Path) -> None:
    """The first input is a pipe, so that the second can go while the first is read."""
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    os.mkfifo(first)
    second.write_text(PEN, "utf-8")
    command = [*CLI, "scan", str(first), str(second), "--speed", "patterns", "-o", str(tmp_path / output), "--quiet"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        with first.open("w") as pipe:  # opens when the scan reads it
            second.unlink()
            pipe.write(PEN)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 2
    assert_one_line(said, "second.txt: cannot be read: No such file or directory")
    assert not (tmp_path / output).exists()


@pytest.mark.parametrize("options", ["table", "jsonl", "csv", "json", "html", "table --rejects bad.jsonl"])
def test_a_reader_who_leaves(options: str, rows: Path) -> None:
    command = [*CLI, "scan", str(rows), "--speed", "patterns", "--format", *options.split()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=rows.parent) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 2


def test_an_interrupted_stream(rows: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.html"
    command = [*CLI, "scan", "-", "--speed", "patterns", "-o", str(output)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(rows.read_bytes() + b"\n")
        process.stdin.flush()
        while not (tmp_path / ".out.html.part").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read().decode()
    # A shell shows both as 130. CPython ends by the signal itself where it came while a string was compiled (data classes).
    assert process.returncode in (130, -signal.SIGINT)
    assert_one_line(said, "interrupted")
    assert {path.name for path in tmp_path.iterdir()} == {"rows.jsonl"}


@pytest.mark.parametrize("handles", [8, 12])
def test_out_of_file_handles(handles: int, rows: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    status, said = scan(rows, "-o", str(output), "--workers", "2", "--quiet", limit=at_most("RLIMIT_NOFILE", handles))
    assert status == 2
    assert_one_line(said, "too many open files")
    assert not output.exists()


def test_out_of_memory(tmp_path: Path) -> None:
    code = """
from claimaudit.audit import Auditor
from claimaudit.cli import main

def exhausted(*_, **__):
    raise MemoryError

Auditor.__init__ = exhausted
main()
"""
    command = [sys.executable, "-c", code, "scan", "docs/examples/marker.txt"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=120)
    assert done.returncode == 2
    assert_one_line(done.stderr.decode(), "out of memory")


def test_a_listing_that_never_ends_is_given_up_and_the_others_are_read(
    auditor: Auditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "SECONDS", 0.5)
    audit = Auditor.audit

    def slow(self: Auditor, listing: Listing) -> object:
        while listing.id == "endless":
            pass
        return audit(self, listing)

    monkeypatch.setattr(Auditor, "audit", slow)
    entries = [Entry(Listing(name, PEN), "x.jsonl", row, {}) for row, name in enumerate(("a", "endless", "b"), 1)]
    first, given_up, last = audit_entries(auditor, DossierFiles().read(auditor.pack), iter(entries))
    assert isinstance(given_up, Rejected)
    assert (given_up.row, "the audit was not done after" in given_up.reason) == (2, True)
    assert not isinstance(first, Rejected)
    assert not isinstance(last, Rejected)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_timer_of_the_caller_goes_on() -> None:
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    try:
        signal.setitimer(signal.ITIMER_REAL, 500.0, 7.0)
        with patience.patience(60):
            assert signal.getitimer(signal.ITIMER_REAL)[0] <= 60
        left, every = signal.getitimer(signal.ITIMER_REAL)
        assert 60 < left <= 500
        assert every == 7.0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_crash_has_not_the_status_of_findings(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def crash() -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(cli, "app", crash)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert "a fault of ours" in capsys.readouterr().err
