"""The wheel, installed into an empty environment and run from another folder, works without the checkout."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment that holds the wheel; its dependencies come from the environment that runs the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True, timeout=300)
    site = subprocess.run(
        [str(python), "-c", "import site; print(site.getsitepackages()[0])"], check=True, capture_output=True, text=True
    )
    here = next(path for path in sys.path if path.endswith("site-packages"))
    # Only the dependencies are lent: an editable install's finder is a .pth file, which this one does not read.
    Path(site.stdout.strip(), "dependencies.pth").write_text(here + "\n")
    return python


def test_it_audits_from_another_folder(python: Path, tmp_path: Path) -> None:
    (tmp_path / "pen.txt").write_text("Freckle pen, USB charging. It does not hurt.", "utf-8")
    code = "import claimaudit; print(claimaudit.__file__); print(claimaudit.load_pack().root)"
    where = subprocess.run([str(python), "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert str(ROOT) not in where.replace(str(python.parent.parent), "")
    done = subprocess.run(
        [str(python), "-m", "claimaudit.cli", "scan", "pen.txt"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "painless" in done.stdout


def test_help_runs(python: Path, tmp_path: Path) -> None:
    command = python.parent / "claimaudit"
    done = subprocess.run([str(command), "--help"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "scan" in done.stdout
