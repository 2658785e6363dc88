"""Copy that is written to run in whatever shows the findings: pages in a real browser, tables and terminals read back."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from claimaudit import Auditor, Listing
from claimaudit.batch.writers import Csv
from claimaudit.decisions.diff import Change, Diff
from claimaudit.decisions.tables import ACTIVE
from claimaudit.evaluation import evaluate, read_gold
from claimaudit.reports import evaluation, evidence, html, text
from claimaudit.resources import Pack
from claimaudit.types import AuditResult, Verdict
from tests.cli.test_cli import run
from tests.conftest import table_of
from tests.reports import test_html_browser as browsers
from tests.reports.test_xlsx import read, written

RUN = "window.pwned=1"
PAYLOADS = (
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg/onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<math><mi//xlink:href='javascript:{RUN}'>",
    f"<a href='javascript:{RUN}' autofocus onfocus={RUN}>x</a>",
    f"<a href='java\tscript:{RUN}'>x</a>",
    f"<details open ontoggle={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<object data='data:text/html,<script>parent.{RUN}</script>'></object>",
    f"<style>@import 'data:text/css,x';*{{animation:x}}</style><b style='animation-name:x' onanimationstart={RUN}>x</b>",
    f"<meta http-equiv=refresh content='0;url=javascript:{RUN}'><base href='//example.org/'>",
    f"<form action='javascript:{RUN}'><button autofocus>x</button></form>",
    f"&lt;script&gt;{RUN}&lt;/script&gt; &#60;script&#62;{RUN}&#60;/script&#62;",
    f"\"'><script>{RUN}</script> `${{{RUN}}}` {{{{constructor.constructor('{RUN}')()}}}} {{% raw %}}",
    f"<!--><script>{RUN}</script>--> <![CDATA[<script>{RUN}</script>]]> <?x {RUN} ?>",
    f"</textarea></title></style></template></noscript><script>{RUN}</script>",
    "\u2028\u2029</\u202escript\u202c> \u0000\u001b[31m\u009b2J\ud800 \u2066x\u2069",
    "=HYPERLINK(1)",
    "@SUM(1)",
    "+1",
    "-1",
    "\t=1",
)


def copy_of(payload: str) -> str:
    return f"{payload} Spot pen, USB: no pain {payload} at all! It never hurts {payload}"


@pytest.fixture(scope="module")
def hostile(auditor: Auditor) -> list[AuditResult]:
    listings = [
        Listing(f"{payload} {markup}", copy_of(payload), setting="home", field=payload, markup=markup)
        for payload in PAYLOADS
        for markup in ("text", "html")
    ]
    found = list(auditor.audit_many(listings))
    assert sum(len(result.findings) for result in found) > len(PAYLOADS)
    return found


@pytest.fixture(scope="module")
def pages(hostile: list[AuditResult], auditor: Auditor, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The reviewer's page, the page of an evaluation, and what a notebook shows."""
    folder = tmp_path_factory.mktemp("hostile")
    gold = folder / "gold.jsonl"
    with gold.open("w", encoding="utf-8") as out:
        for number, payload in enumerate(PAYLOADS):
            payload = payload.encode("utf-8", "replace").decode("utf-8")  # gold holds no lone surrogates
            document = copy_of(payload)
            label = {"sentence": 0, "type": "permanent", "verdict": "contradicted"}
            row = {"id": f"{number} {payload}", "text": document, "sentences": [[0, len(document)]], "labels": [label]}
            out.write(json.dumps(row | {"kind": payload}) + "\n")
    measured = evaluate(read_gold(gold, auditor.pack), auditor, by=["kind"], errors=99)
    cells = "".join(result._repr_html_() for result in hostile)
    contents = {
        "report": html.render(hostile, not_read=PAYLOADS),
        "evaluation": evaluation.to_html(measured),
        "notebook": f"<!DOCTYPE html><meta charset=utf-8><title>cells</title>{cells}",
    }
    for name, content in contents.items():
        (folder / f"{name}.html").write_text(content, "utf-8", "replace")
    return {name: folder / f"{name}.html" for name in contents}


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browsers.WebDriver]:
    if browsers.CHROMIUM is None or browsers.DRIVER is None:
        pytest.skip("no Chromium with its driver here (Debian: chromium, chromium-driver)")
    yield from browsers.browser.__wrapped__(tmp_path_factory)


@pytest.mark.parametrize("name", ["report", "evaluation", "notebook"])
def test_nothing_runs_in_a_browser(name: str, pages: dict[str, Path], window: browsers.WebDriver) -> None:
    window.get(pages[name].as_uri())
    window.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
    window.execute_async_script("setTimeout(arguments[0], 300)")  # what waits for an event or a picture has had its time
    assert window.execute_script("return window.pwned") is None
    assert window.current_url == pages[name].as_uri()
    assert window.execute_script("return performance.getEntriesByType('resource').length") == 0
    elements = window.execute_script("return [...new Set([...document.body.querySelectorAll('*')].map((e) => e.localName))]")
    assert {"iframe", "object", "img", "base", "meta", "math"}.isdisjoint(elements)
    handlers = """return [...document.querySelectorAll('*')].filter((one) => [...one.attributes].some(
        (a) => a.name.startsWith('on') || /^\\s*(javascript|data):/i.test(a.value))).length"""
    assert window.execute_script(handlers) == 0


def test_no_cell_of_a_table_runs(hostile: list[AuditResult]) -> None:
    rows = list(csv.reader(io.StringIO(table_of(Csv, hostile).decode("utf-8"))))
    assert len(rows) > len(PAYLOADS)
    for row in rows:
        assert not any(cell.startswith(ACTIVE) for cell in row), row
    for sheet in read(written(hostile, not_read=PAYLOADS)):
        for cells in sheet.iter_rows():
            for cell in cells:
                assert cell.data_type in ("s", "n", "inlineStr"), cell.coordinate
                assert cell.hyperlink is None or sheet.title == "Sources"


def test_no_terminal_is_steered(hostile: list[AuditResult], tmp_path: Path) -> None:
    for line in text.render(hostile, show="all"):
        assert line.replace("\t", " ").isprintable(), line
    path = tmp_path / "copy.jsonl"
    rows = [{"id": f"{payload}", "text": copy_of(payload)} for payload in PAYLOADS[-6:]] * 2
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    for line in text.render_diff(Diff(tuple(Change(p, p, p, copy_of(p), None, Verdict.OVERSTATED) for p in PAYLOADS), 0)):
        assert line.isprintable(), line
    for command in (["sentences", str(path)], ["scan", str(path), "--speed", "patterns"]):
        done = run(*command)
        for line in (done.stdout + done.stderr).decode("utf-8").splitlines():
            assert line.replace("\t", " ").isprintable(), line


def test_no_pack_steers_a_terminal(pack: Pack) -> None:
    steering = next(payload for payload in PAYLOADS if "\x1b" in payload)
    entries = tuple(replace(entry, statement=steering) for entry in pack.limitations)
    hostile = replace(pack, limitations=entries)
    for claim_type in pack.claim_types:
        assert all(line.isprintable() for line in text.explain_type(hostile, claim_type))
    assert all(line.isprintable() for line in evidence.render(entries, as_of=date(2026, 1, 1)))
