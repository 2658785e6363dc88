"""The notebooks run, and show what is committed: `make notebooks` writes them anew."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.conftest import TESTS

FOLDER = TESTS.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def shown(notebook: Any) -> list[list[str]]:
    """The text that each code cell shows, without warnings of the machine's own on standard error."""
    return [
        [
            output["text"] if output.output_type == "stream" else output["data"]["text/plain"]
            for output in cell.outputs
            if output.get("name") != "stderr"
        ]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def test_there_are_notebooks() -> None:
    assert len(NOTEBOOKS) == 4


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("default")  # those of the kernel's own machinery are not ours
def test_a_notebook_shows_what_it_does(path: Path) -> None:
    committed = nbformat.read(path, as_version=4)
    assert shown(runpy.run_path(str(FOLDER / "execute.py"))["executed"](path)) == shown(committed)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_complete_and_tells_nothing_of_a_machine(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert all(output.get("name") != "stderr" for cell in code for output in cell.outputs)
    images = re.compile(r'"image/png": "[^"]*"')
    assert not re.search(r"/tmp|/home/|/root|/Users|site-packages", images.sub("", path.read_text("utf-8")))
    assert any("text/html" in output.get("data", {}) for cell in code for output in cell.outputs)
