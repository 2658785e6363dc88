"""Imports flow one way, and only `resources` knows where data lie."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "claimaudit"
LAYERS = [
    "_version",
    "errors",
    "types",
    "resources",
    "text",
    "claims",
    "evidence",
    "audit",
    "evaluation",
    "training",
    "packs",
    "labels",
    "decisions",
    "substantiation",
    "reports",
    "batch",
    "integrations",
    "spark",
    "cli",
]
"""Left may not import right. `reports`, `batch` and `integrations` may not import each other but in this order."""

MODULES = sorted(PACKAGE.rglob("*.py"))


def layer(module: str) -> int:
    return LAYERS.index(module.split(".")[1])


def imports(path: Path) -> set[str]:
    """Modules of the package that a file imports when it is loaded (imports inside functions and for types excepted)."""
    tree = ast.parse(path.read_text("utf-8"))
    found = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("claimaudit."):
            found.add(node.module)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_flow_one_way(path: Path) -> None:
    relative = path.relative_to(PACKAGE).with_suffix("")
    if relative.parts == ("__init__",):
        return
    own = layer("claimaudit." + relative.parts[0])
    for module in imports(path):
        assert layer(module) <= own, f"{relative} imports {module}"


def test_no_skin_in_the_engine() -> None:
    """Words of the field stand in `corpora/`; docstrings may use them as examples, code may not."""
    words = {"melasma", "freckle", "tattoo", "wrinkle", "acne", "dermatologist", "laser", "home", "clinic"}
    for path in MODULES:
        tree = ast.parse(path.read_text("utf-8"))
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | bare:
                helps = path.name == "cli.py"
                found = words & set(node.value.lower().replace(",", " ").replace("(", " ").replace(")", " ").split())
                assert not found or helps, f"{path.name}:{node.lineno}: {found}"


def test_pandas_is_loaded_by_who_asks() -> None:
    for path in MODULES:
        if path.parent.name not in ("integrations", "batch"):
            assert "import pandas" not in path.read_text("utf-8").replace("    import pandas as pd\n", "")
