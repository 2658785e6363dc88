"""The lock files hold what `pyproject.toml` asks for, with hashes, and name no place to fetch it from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.mark.parametrize("name", ["run", "dev", "tools"])
def test_what_is_asked_for_is_locked(name: str) -> None:
    """If this fails after a change of `pyproject.toml`: `make lock`."""
    text = (ROOT / "requirements" / f"{name}.lock").read_text("utf-8")
    assert "://" not in text
    entries = re.split(r"\n(?=\S)", text.strip())
    locked: dict[str, list[Version]] = {}
    for entry in entries:
        assert "--hash=sha256:" in entry, entry
        requirement = Requirement(entry.split(" \\")[0])
        (version,) = requirement.specifier
        locked.setdefault(canonicalize_name(requirement.name), []).append(Version(version.version))
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"].get(name, [])]
    for requirement in map(Requirement, wanted):
        versions = locked[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(version) for version in versions), requirement
