"""The wheel, installed into an empty environment and run from another folder, works without the checkout."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


def test_the_same_tree_makes_the_same_wheel(python: Path, tmp_path: Path) -> None:
    """Built again from a copy, elsewhere and at another time."""
    copy = tmp_path / "elsewhere"
    kept = ("claimaudit", "corpora", "models")
    for name in kept:
        shutil.copytree(
            ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"), copy_function=shutil.copyfile
        )
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copyfile(ROOT / name, copy / name)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(copy)]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    (again,) = tmp_path.glob("*.whl")
    (wheel,) = python.parents[2].glob("*.whl")
    assert hashlib.sha256(again.read_bytes()).hexdigest() == hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_a_plain_install_is_enough(python: Path, tmp_path: Path) -> None:
    """Without any extra: what is not among the dependencies of the dependencies cannot be imported."""
    (tmp_path / "pen.txt").write_text("Freckle pen, USB charging. It does not hurt.", "utf-8")
    (tmp_path / "sitecustomize.py").write_text(
        f"""
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {sorted(_not_in_a_plain_install())!r}:
            raise ModuleNotFoundError(f"no module {{name}}", name=name)
sys.meta_path.insert(0, Refuse())
""",
        "utf-8",
    )

    def claimaudit(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(python), "-m", "claimaudit.cli", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    for name in ("out.txt", "out.html", "out.json", "out.jsonl", "out.csv"):
        done = claimaudit("scan", "pen.txt", "-o", name)
        assert done.returncode == 1, done.stderr
        assert (tmp_path / name).stat().st_size > 100
    for name in ("out.parquet", "out.xlsx"):
        done = claimaudit("scan", "pen.txt", "-o", name)
        assert done.returncode == 2
        assert "claimaudit[" in done.stderr
    assert claimaudit("packs", "check", "skin").returncode == 0


def _not_in_a_plain_install() -> set[str]:
    """Top-level modules of what is installed here and is no dependency of the core, nor of its dependencies."""
    wanted, queue = set[str](), ["claimaudit"]
    while queue:
        name = canonicalize_name(queue.pop())
        if name in wanted:
            continue
        wanted.add(name)
        with suppress(metadata.PackageNotFoundError):
            needs = [Requirement(line) for line in metadata.requires(name) or ()]
            queue += [need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    owners = metadata.packages_distributions()
    others = {module for module, names in owners.items() if wanted.isdisjoint(map(canonicalize_name, names))}
    assert {"pytest", "spacy"} <= others
    return others - {"pip", "setuptools", "_distutils_hack"}
