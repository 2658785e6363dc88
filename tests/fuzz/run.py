"""Coverage-guided fuzzing of one target with atheris: `python -m tests.fuzz.run TARGET [seconds] [libFuzzer options]`.

Begins with the shipped examples and the cases kept in `tests/fuzz/cases`. What crashes or hangs is written into
`build/fuzz/<target>/`, the corpus that was grown beside it; a crash that is mended moves into the cases.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CASES = HERE / "cases"
GROWN = ROOT / "build" / "fuzz"


def main(arguments: list[str]) -> None:
    try:
        import atheris
    except ImportError:
        version = ".".join(map(str, sys.version_info[:2]))
        sys.exit(
            "fuzz: atheris is not installed. `pip install 'claimaudit[fuzz]'` brings it where it has a wheel: CPython "
            f"on Linux, not for every version (this is {version}). The kept cases run in `make test` without it."
        )
    with atheris.instrument_imports(include=["claimaudit"]):
        from tests.fuzz.targets import TARGETS
    if not arguments or arguments[0] not in TARGETS:
        sys.exit(f"fuzz: name a target: {', '.join(TARGETS)}.")
    name = arguments[0]
    seconds = arguments[1] if len(arguments) > 1 else "60"
    corpus, artifacts, words = GROWN / name / "corpus", GROWN / name, GROWN / name / "words.dict"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        TARGETS[name](seed)  # loads pack and model before the clock of the first input runs
        (corpus / f"seed-{number}").write_bytes(seed)
    words.write_text("".join(f'"{word}"\n' for word in dictionary()), "utf-8")
    options = [
        f"-max_total_time={seconds}",
        f"-artifact_prefix={artifacts}/",
        f"-dict={words}",
        "-timeout=20",
        "-len_control=0",
        "-rss_limit_mb=3000",
        "-max_len=4096",
        "-print_final_stats=1",
        *arguments[2:],
        str(corpus),
    ]
    atheris.Setup([sys.argv[0], *options], TARGETS[name])
    atheris.Fuzz()


def seeds(name: str) -> Iterator[bytes]:
    """Inputs to begin with: what is kept, and whole files of the kind."""
    from tests.fuzz import targets

    yield from (path.read_bytes() for path in sorted((CASES / name).glob("*.bin")))
    if name in ("text", "html", "report"):
        for path in sorted((ROOT / "docs" / "examples").iterdir()):
            yield b"\0" + path.read_bytes()
        yield b"\x03Painless pen! Is it safe? No.\n- removes moles* instantly\n*Results may vary."
    elif name == "pack":
        yield from (bytes([n]) + (targets.PLANTS / file).read_bytes() for n, file in enumerate(targets.PACK_FILES))
    elif name == "model":
        folder = targets._scratch("model")
        yield from (bytes([n]) + (folder / file).read_bytes() for n, file in enumerate(targets.MODEL_FILES))
    else:
        whole = {".parquet": _parquet(), ".xlsx": _workbook()}
        rows = {
            ".csv": 'id,text\na,"Painless, 5 ml"\nb,x,y\n',
            ".jsonl": '{"id": "a", "text": "No pain"}\n[]\n',
            ".tsv": "id\ttext\na\tb\n",
        }
        for number, suffix in enumerate(targets.TABLE_SUFFIXES):
            yield bytes([number]) + whole.get(suffix, rows.get(suffix, "<p>No pain</p>").encode())


def _parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.table({"id": ["a", "b"], "text": ["No pain", None]}), out)
    return out.getvalue()


def _workbook() -> bytes:
    import openpyxl

    book, out = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    book.active.append(["id", "text"])
    book.active.append(["a", "No pain"])
    book.save(out)
    return out.getvalue()


def dictionary() -> Iterator[str]:
    """Pieces that copy, pages and packs are made of."""
    pieces = """painless permanent instantly removes freckles melasma no pain never clinic not may results vary without
    any guaranteed 100% FDA session <p> </p> <script> </script> <!-- --> <a <img <sup> <title> <li> &amp; &# &#x
    style= alt= any: with: unless: id: flag: pass: strength: ~3 ( )? [ ] {1,9} | * + \\\\w {"text": [[ ]] null true
    """.split()
    yield from (piece.replace('"', '\\"') for piece in pieces)


if __name__ == "__main__":
    main(sys.argv[1:])
