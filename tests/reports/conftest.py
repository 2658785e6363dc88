"""Results to report on: plain text and HTML, overlaps, review, notes, and copy that tries to break the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from claimaudit import Auditor, Listing
from claimaudit.types import AuditResult, Finding

PEN = """\
🌟 LunaDot Pico Pen for home use 🌟

Painless and permanent: removes freckles instantly, with no scars!
It is 100% painless and safe for all skin types, and one session is enough.

• No downtime 💥
Does it hurt? Not at all!
Die Flecken sind nach einer Woche weg und kommen nicht wieder."""
PAGE = (
    "<html><head><title>Cures melasma in one night</title></head><body><h1>Miracle cream</h1>"
    '<img src="x" alt="melasma gone after one use">'
    "<p>It <b>permanently&nbsp;re<i>moves</i></b> dark spots &amp; scars, <em>without any downtime</em>.</p>"
    "<ul><li>Melasma cure</li><li>No side effects</li></ul></body></html>"
)
HOSTILE = (
    "Spot pen, USB. </script><script>window.pwned = 1</script> <img src=x onerror='window.pwned = 1'> No pain"
    " \u2028 -->  <!-- {{ 7 * 7 }} {% raw %} \u202e\x00\x1b[31m \ud800 &lt;b&gt; </mark></div></main> It never hurts."
)
CALM = "Freckle cream, 50 ml. Spots fade slowly over months. Is it painless? Results vary."
OTHER = "Permanent marker, 12 colours."
LISTINGS = (
    Listing("calm", CALM),
    Listing('shop/"><script>window.pwned = 1</script>\u2028\ud800', HOSTILE, setting="home", markup="text"),
    Listing("other", OTHER),
    Listing("=page", PAGE, setting="home"),
    Listing("pen", PEN),
    Listing("bare-html", "<p>Laser tattoo removal in our clinic. Our nurses promise no pain at all.", field="body"),
)


@pytest.fixture(scope="session")
def results(auditor: Auditor) -> Sequence[AuditResult]:
    found = list(auditor.audit_many(LISTINGS))
    pen = found[4]
    doubtful = tuple(replace(one, review=one.claim.type == "no_downtime") for one in pen.findings)
    found[4] = replace(pen, findings=doubtful)
    near_misses = tuple(replace(one, review=True) for one in found[0].near_misses)
    assert near_misses
    found[0] = replace(found[0], near_misses=near_misses)
    return found


@pytest.fixture(scope="session")
def many(results: Sequence[AuditResult]) -> Sequence[AuditResult]:
    """At least 2,000 flagged findings, no two of them under the same listing and sentence."""
    pen = replace(results[4], unchecked=())
    assert len(pen.flagged) >= 5

    def renamed(number: int) -> AuditResult:
        listing = replace(pen.listing, id=f"listing-{number}")
        sentences = tuple(replace(sentence, listing=listing) for sentence in pen.sentences)

        def moved(finding: Finding) -> Finding:
            return replace(finding, claim=replace(finding.claim, sentence=sentences[finding.claim.sentence.index]))

        return replace(pen, listing=listing, sentences=sentences, findings=tuple(map(moved, pen.findings)), near_misses=())

    return [renamed(number) for number in range(-(-2000 // len(pen.flagged)))]
