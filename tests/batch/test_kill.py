"""A scan that is killed at any moment and started again ends in the same bytes.

`CLAIMAUDIT_KILLS=50 pytest tests/batch/test_kill.py` kills it at so many moments.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.batch.conftest import children_of, run, scan_command

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds processes in /proc")

KILLS = int(os.environ.get("CLAIMAUDIT_KILLS", "3"))
FILES = ("out.jsonl", "listings.csv", "out.jsonl.manifest.json")


class Undisturbed(NamedTuple):
    seconds: float
    files: dict[str, bytes]


def command(catalogue: Path, folder: Path) -> list[str]:
    return scan_command(catalogue, folder / "out.jsonl", "--listings", str(folder / "listings.csv"), "--workers", "2")


def files_of(folder: Path) -> dict[str, bytes]:
    """Files of a run, with the manifest's own paths made comparable."""
    return {name: (folder / name).read_bytes().replace(str(folder).encode(), b"") for name in FILES}


@pytest.fixture(scope="session")
def undisturbed(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("undisturbed")
    began = time.monotonic()
    done = run(command(catalogue, folder))
    assert done.returncode == 1, done.stderr.decode()
    assert not (folder / "out.jsonl.work").exists()
    return Undisturbed(time.monotonic() - began, files_of(folder))


def assert_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 20
    while pids and time.monotonic() < deadline:
        pids = [pid for pid in pids if is_alive(pid)]
        time.sleep(0.05)
    assert not pids, "workers outlive their parent"


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for_blocks(process: subprocess.Popen[bytes], folder: Path, count: int) -> None:
    work = folder / "out.jsonl.work"
    while not (work.exists() and len(list(work.glob("0*"))) >= count):
        assert process.poll() is None, "it ended before it could be disturbed"
        time.sleep(0.01)


@pytest.mark.parametrize("seed", range(KILLS))
def test_killed_and_started_again(seed: int, catalogue: Path, undisturbed: Undisturbed, tmp_path: Path) -> None:
    moments = random.Random(seed)
    for _ in range(2):
        process = subprocess.Popen(command(catalogue, tmp_path), stderr=subprocess.DEVNULL)
        try:
            process.wait(moments.uniform(0.1, undisturbed.seconds))
        except subprocess.TimeoutExpired:
            workers = children_of(process.pid)
            process.kill()
            process.wait()
            assert_gone(workers)
            for name in FILES[:2]:
                assert not (tmp_path / name).exists() or (tmp_path / name).read_bytes() == undisturbed.files[name]
    done = run(command(catalogue, tmp_path))
    assert done.returncode == 1, done.stderr.decode()
    assert files_of(tmp_path) == undisturbed.files
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)


@pytest.mark.parametrize("seed", range(max(1, KILLS // 4)))
def test_a_killed_worker_is_replaced(seed: int, catalogue: Path, undisturbed: Undisturbed, tmp_path: Path) -> None:
    process = subprocess.Popen(command(catalogue, tmp_path), stderr=subprocess.PIPE)
    wait_for_blocks(process, tmp_path, 1 + seed % 12)
    os.kill(children_of(process.pid)[-1], signal.SIGKILL)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 1, said.decode()
    assert files_of(tmp_path) == undisturbed.files


def test_interrupted(catalogue: Path, undisturbed: Undisturbed, tmp_path: Path) -> None:
    process = subprocess.Popen(command(catalogue, tmp_path), stderr=subprocess.PIPE, start_new_session=True)
    wait_for_blocks(process, tmp_path, 2)
    workers = children_of(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.decode().strip() == "claimaudit: interrupted. To go on, start the same command again: what is done is kept."
    assert_gone(workers)
    assert (tmp_path / "out.jsonl.work").is_dir()
    assert run(command(catalogue, tmp_path)).returncode == 1
    assert files_of(tmp_path) == undisturbed.files
