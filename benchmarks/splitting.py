"""The splitter on the English golden rules of Pragmatic Segmenter, as pySBD keeps them (MIT).

    python benchmarks/splitting.py PATH/TO/pySBD/tests/lang/test_english.py

The rules are read from a checkout of pySBD, which is not part of this project; `tests/text/test_sentences.py` holds our
own sentences for the same rules. Two are missed and left so, since copy of our kind has neither: a time (`6 P.M.`) that ends
a sentence before a title (`Mr.`), and an ellipsis of spaced dots that begins one.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from claimaudit import Listing
from claimaudit.text.sentences import split_sentences


def golden_rules(path: Path) -> list[tuple[str, list[str]]]:
    """The (text, sentences) pairs of the file's list of cases; nothing of it is run."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "GOLDEN_EN_RULES_TEST_CASES":
            assert isinstance(node.value, ast.List)
            cases = [case.args if isinstance(case, ast.Call) else case.elts for case in node.value.elts]  # type: ignore[attr-defined]
            return [(ast.literal_eval(case[0]), ast.literal_eval(case[1])) for case in cases]
    raise SystemExit(f"{path}: no GOLDEN_EN_RULES_TEST_CASES here. Give tests/lang/test_english.py of pySBD.")


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    rules = golden_rules(Path(sys.argv[1]))
    right = 0
    for text, expected in rules:
        found = [sent.readable.text for sent in split_sentences(Listing("rule", text, markup="text"))]
        right += found == expected
        if found != expected:
            print("expected", expected, "\n   found", found)
    print(f"{right} of {len(rules)}")


if __name__ == "__main__":
    main()
