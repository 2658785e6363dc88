"""What README and docs show is what the program does."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys

from claimaudit.types import RECORD_FIELDS
from tests.conftest import TESTS

ROOT = TESTS.parent
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_python_examples_run() -> None:
    source = "\n".join(blocks("python"))
    test = doctest.DocTestParser().get_doctest(source, {}, "README", "README.md", 0)
    assert test.examples
    said: list[str] = []
    doctest.DocTestRunner().run(test, out=said.append)
    assert not said, "".join(said)


def test_console_examples_run() -> None:
    for block in blocks("console"):
        command, _, expected = block.partition("\n")
        arguments = command.removeprefix("$ claimaudit ").split()
        done = subprocess.run(
            [sys.executable, "-m", "claimaudit.cli", *arguments], cwd=ROOT, capture_output=True, check=False
        )
        assert done.stdout.decode().strip() == expected.strip()


def test_the_record_is_documented() -> None:
    for field in RECORD_FIELDS:
        assert f"`{field}`" in README


def test_the_command_line_page_is_up_to_date() -> None:
    command = [sys.executable, "-m", "typer", "claimaudit.cli", "utils", "docs", "--name", "claimaudit"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.decode().strip() == (ROOT / "docs" / "cli.md").read_text("utf-8").strip(), "run `make docs`"
