"""Whether the time of an audit grows with the length of the copy, and no faster: `python benchmarks/length.py`.

Each shape is one kind of copy, most of them made to be slow to read. It is audited at growing lengths; the ratio says how
much longer ten times the copy takes: about 10 where time is linear, 100 where it is quadratic. A length that would take
more than `--patience` seconds, going by the last, is left out and said so.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import pairwise
from math import log10

from claimaudit import Auditor, Listing

COPY = "Our painless pen removes freckles for good in one session! Results may vary.* Is it safe? Yes. "
SHAPES: dict[str, tuple[str, Callable[[int], str]]] = {
    # name: markup, copy of about n characters
    "copy": ("text", lambda n: COPY * (n // len(COPY))),
    "lines": ("text", lambda n: (COPY[:58] + "\n") * (n // 59)),
    "wrapped": ("text", lambda n: "removes spots and freckles without any pain or any scars at all,\n" * (n // 65)),
    "one word": ("text", lambda n: "a" * n),
    "stops": ("text", lambda n: "a." * (n // 2)),
    "stops, spaced": ("text", lambda n: ". " * (n // 2)),
    "capital stops": ("text", lambda n: "Ab.Cd" * (n // 5)),
    "ends": ("text", lambda n: "No pain! " * (n // 9)),
    "marks": ("text", lambda n: "!?" * (n // 2)),
    "brackets": ("text", lambda n: "(" * (n // 2) + ")" * (n // 2)),
    "quotes": ("text", lambda n: "removes \"'" * (n // 10)),
    "hyphens": ("text", lambda n: "removes a-'" * (n // 11)),
    "spaces": ("text", lambda n: " " * (n - 2) + "a."),
    "line breaks": ("text", lambda n: "a\n\n" * (n // 3)),
    "bullets": ("text", lambda n: "✅ no pain " * (n // 10)),
    "emoji lines": ("text", lambda n: "✅ no pain ✅ no scars\n" * (n // 22)),
    "bars": ("text", lambda n: "no pain | " * (n // 10)),
    "numbers": ("text", lambda n: "1) No pain " * (n // 11)),
    "dashes": ("text", lambda n: "such: - no pain; " * (n // 17)),
    "footnotes": ("text", lambda n: "No pain* *results vary\n\n" * (n // 24)),
    "questions": ("text", lambda n: "Q: Does it hurt?\nA: No.\n" * (n // 24)),
    "lead-ins": ("text", lambda n: "It is:\n- painless\n" * (n // 18)),
    "accents": ("text", lambda n: "pai\u0301n\u0301less " * (n // 11)),
    "invisible": ("text", lambda n: "pain\u200bless\u00ad " * (n // 11)),
    "look-alikes": ("text", lambda n: "pаinlеss " * (n // 9)),
    "overrides": ("text", lambda n: "\u202eno pain\u202c " * (n // 10)),
    "spaced letters": ("text", lambda n: "p a i n l e s s " * (n // 16)),
    "letters": ("text", lambda n: "p " * (n // 2)),
    "figures for letters": ("text", lambda n: "p4inle55 " * (n // 9)),
    "covered letters": ("text", lambda n: "pa*nless " * (n // 9)),
    "stars": ("text", lambda n: "a*" * (n // 2)),
    "split words": ("text", lambda n: "pain-\nless " * (n // 11)),
    "joined words": ("text", lambda n: "PainlessRemoval" * (n // 15)),
    "hashtags": ("text", lambda n: "#painless" * (n // 9)),
    "doubled letters": ("text", lambda n: "paaainless " * (n // 11)),
    "ligatures": ("text", lambda n: "\ufdfa" * n),
    "foreign": ("text", lambda n: "Es tut nicht weh und ist für die Haut. " * (n // 39)),
    "page": ("html", lambda n: f"<h2>Pen</h2><p>{COPY}</p><ul><li>No pain</ul>" * (n // 142)),
    "one paragraph": ("html", lambda n: f"<p>{COPY * (n // len(COPY))}</p>"),
    "headings": ("html", lambda n: "<h2>No pain</h2>" * (n // 16)),
    "images": ("html", lambda n: '<img alt="no pain at all">' * (n // 26)),
    "nested": ("html", lambda n: "<div>" * (n // 5) + "No pain"),
    "open tags": ("html", lambda n: "<a" * (n // 2)),
    "open tags, one end": ("html", lambda n: "<a " * (n // 3) + ">"),
    "end tags": ("html", lambda n: "</a" * (n // 3)),
    "open quotes": ("html", lambda n: "<a b='" * (n // 6) + ">"),
    "open quotes, ends": ("html", lambda n: "<a b='>" * (n // 7)),
    "ends in quotes": ("html", lambda n: '<a b=">"' * (n // 8)),
    "comments": ("html", lambda n: "<!--" * (n // 4)),
    "comments, ends": ("html", lambda n: "<!-- a>" * (n // 7)),
    "declarations": ("html", lambda n: "<![" * (n // 3)),
    "instructions": ("html", lambda n: "<?a" * (n // 3)),
    "scripts": ("html", lambda n: "<script>" * (n // 8)),
    "script ends": ("html", lambda n: "<script></scrip" * (n // 15)),
    "one attribute": ("html", lambda n: f"<p {'a' * n}>"),
    "attributes": ("html", lambda n: f"<p {'a ' * (n // 2)}>"),
    "ampersands": ("html", lambda n: "&" * n),
    "entities": ("html", lambda n: "&#x61;" * (n // 6)),
    "superscripts": ("html", lambda n: "No pain<sup>1</sup> " * (n // 20)),
    "nested hiding": ("html", lambda n: '<b style="display:none">' * (n // 24) + "no pain"),
    "hiding, other ends": ("html", lambda n: "<b hidden>" + "<i></u>" * (n // 7)),
    "linked data": ("html", lambda n: '<script type="application/ld+json">' + '"name":"no pain",' * (n // 17)),
    "turned text": ("html", lambda n: "<bdo dir=rtl>niap on</bdo> " * (n // 27)),
    "styles": ("html", lambda n: '<b style="display:none">no pain</b>' * (n // 35)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="least", type=int, default=10_000, help="shortest copy, characters")
    parser.add_argument("--to", dest="most", type=int, default=1_000_000, help="longest copy; 10000000 takes long")
    parser.add_argument("--patience", type=float, default=60.0, help="seconds that one audit may take")
    parser.add_argument("--speed", default="patterns")
    parser.add_argument("shapes", nargs="*", help=f"of {', '.join(SHAPES)}; default: all")
    given = parser.parse_args()
    auditor = Auditor(speed=given.speed, max_characters=10 * given.most)
    auditor.audit(COPY)
    steps = round(log10(given.most / given.least)) + 1
    lengths = [given.least * 10**step for step in range(steps)]
    print(f"{'shape':20}" + "".join(f"{length:>12,}" for length in lengths) + "   ratios")
    for name in given.shapes or SHAPES:
        markup, make = SHAPES[name]
        seconds: list[float] = []
        cells = ""
        for length in lengths:
            if seconds and seconds[-1] * 10 > given.patience:
                cells += f"{'left out':>12}"
                continue
            listing = Listing("x", make(length), markup=markup)
            begun = time.process_time()
            auditor.audit(listing)
            seconds.append(time.process_time() - begun)
            cells += f"{seconds[-1]:>11.3f}s"
        ratios = [after / max(before, 1e-6) for before, after in pairwise(seconds)]
        print(f"{name:20}{cells}   {' '.join(f'{ratio:.0f}' for ratio in ratios)}", flush=True)


if __name__ == "__main__":
    main()
