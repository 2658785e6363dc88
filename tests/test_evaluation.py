"""Scores of labelled copy, worked out by hand on three small documents, and against a second computation at random."""

from __future__ import annotations

import json
import random
import re
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claimaudit import Auditor, InputError, Listing, Pack, load_pack
from claimaudit.evaluation import Evaluation, Gold, Score, evaluate, read_gold, split_gold
from claimaudit.reports.evaluation import render, to_html
from claimaudit.types import (
    Assertion,
    AuditResult,
    Claim,
    Finding,
    MappedText,
    NearMiss,
    Scope,
    Sentence,
    Signature,
    Span,
    Strength,
    Unchecked,
    Verdict,
)
from tests.conftest import TESTS

PLANTS = TESTS / "packs" / "houseplants"
TEXT = "It never wilts. It cleans the air. A fern."
SENTENCES = [[0, 15], [16, 34], [35, 42]]
UNKILLABLE, AIR = "unkillable", "air_cleaning"


@pytest.fixture(scope="module")
def plants() -> Pack:
    return load_pack(PLANTS)


@dataclass(frozen=True)
class Said:
    """What the stub says of a span: a verdict, or None for a near miss."""

    start: int
    end: int
    type: str
    verdict: str | None
    confidence: float = 0.9
    review: bool = False
    held: bool = False


@dataclass
class Stub:
    """Audits by saying what it was told to."""

    pack: Pack
    says: Mapping[str, Sequence[Said]]
    unread: frozenset[str] = frozenset()
    model: str = "stub"
    settings: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.signature = Signature("0", "plants-1", "f" * 64, self.model)

    def audit_many(self, listings: Iterable[Listing | str]) -> Iterator[AuditResult]:
        for listing in listings:
            assert isinstance(listing, Listing)
            self.settings.append(listing.setting)
            items = [_item(listing, said) for said in self.says.get(listing.id, ())]
            yield AuditResult(
                listing=listing,
                scope=Scope(True, "indoor", "indoor"),
                sentences=(),
                findings=tuple(item for item in items if isinstance(item, Finding)),
                near_misses=tuple(item for item in items if isinstance(item, NearMiss)),
                unchecked=(Unchecked(listing.id, "language", "not read"),) if listing.id in self.unread else (),
                signature=self.signature,
            )


def _item(listing: Listing, said: Said) -> Finding | NearMiss:
    span = Span(said.start, said.end)
    whole = MappedText(listing.text)
    sentence = Sentence(listing, Span(0, len(listing.text)), 0, whole, whole)
    claim = Claim(
        sentence, span, span.of(listing.text), said.type, Strength.STRONG, Assertion.ASSERTED, said.confidence, "stub",
        is_held=said.held,
    )  # fmt: skip
    if said.verdict is None:
        reason = "held back" if said.held else "asked, so nobody promises it here"
        return NearMiss(claim, "indoor", (), reason, review=said.review)
    return Finding(claim, Verdict(said.verdict), "indoor", (), "", "", review=said.review)


def label(sentence: int, claim_type: str, verdict: str | None) -> dict[str, Any]:
    return {"sentence": sentence, "type": claim_type, "verdict": verdict, "strength": "strong", "start": 0}


def row(id_: str, *labels: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": id_, "text": TEXT, "sentences": SENTENCES, "labels": list(labels), **more}


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in rows), "utf-8")
    return path


ROWS = (
    row("a", label(0, UNKILLABLE, "contradicted"), label(1, AIR, "overstated"), setting="indoor", shelf="top"),
    row("b", label(0, UNKILLABLE, "consistent"), label(2, AIR, None), setting="unknown", shelf=None),
    row("c", label(0, UNKILLABLE, "contradicted"), label(0, UNKILLABLE, "overstated"), setting="outdoor", shelf=2),
)
SAYS = {
    "a": [
        Said(3, 14, UNKILLABLE, "overstated"),  # right, too soft
        Said(37, 41, AIR, "overstated", 0.8),  # false: gold has no label there
        Said(16, 34, AIR, None, 0.35, review=True, held=True),  # a miss that was nearly found
    ],
    "b": [
        Said(0, 34, UNKILLABLE, "contradicted", 0.95),  # false, and goes to the second sentence, which it covers more of
        Said(16, 20, UNKILLABLE, "overstated", 0.5, review=True),  # the same unit once more, softer
        Said(15, 16, AIR, "overstated", 0.6),  # false: between the sentences
        Said(35, 42, AIR, "consistent", 0.99),
    ],
    "c": [
        Said(0, 15, UNKILLABLE, "contradicted", 0.7),  # right
        Said(35, 42, AIR, None, 0.99),  # asked: no promise
    ],
}


@pytest.fixture
def gold(tmp_path: Path, plants: Pack) -> Gold:
    return read_gold(write(tmp_path / "gold.jsonl", *ROWS), plants)


@pytest.fixture
def evaluation(gold: Gold, plants: Pack) -> Evaluation:
    return evaluate(gold, Stub(plants, SAYS), core=[AIR], by=["shelf"])


def counts(score: Score) -> tuple[int, int, int]:
    return score.gold, score.found, score.hit


def values(score: Score) -> tuple[float, float, float]:
    return score.precision.value, score.recall.value, score.f1.value


def test_scores(evaluation: Evaluation) -> None:
    assert (evaluation.documents, evaluation.sentences, evaluation.clean_documents) == (3, 9, 1)
    assert counts(evaluation.overall) == (3, 5, 2)
    assert values(evaluation.overall) == (2 / 5, 2 / 3, 4 / 8)
    assert counts(evaluation.contradicted) == (2, 2, 1)
    assert {name: counts(score) for name, score in evaluation.types.items()} == {AIR: (1, 2, 0), UNKILLABLE: (2, 3, 2)}
    assert values(evaluation.types[AIR]) == (0, 0, 0)
    assert evaluation.core == evaluation.types[AIR]
    assert evaluation.macro_f1 is None
    assert evaluation.false_flags_per_100_clean is not None
    assert evaluation.false_flags_per_100_clean.value == 200


def test_scores_by_field(evaluation: Evaluation) -> None:
    groups = evaluation.by["shelf"]
    assert {name: (score.documents, *counts(score)) for name, score in groups.items()} == {
        "(none)": (1, 0, 2, 0),
        "2": (1, 1, 1, 1),
        "top": (1, 2, 2, 1),
    }


def test_verdicts_are_compared_on_hits(evaluation: Evaluation) -> None:
    assert evaluation.confusion == {
        "contradicted": {"contradicted": 1, "overstated": 1},
        "overstated": {"contradicted": 0, "overstated": 0},
    }
    assert evaluation.verdict_accuracy is not None
    assert evaluation.verdict_accuracy.value == 0.5


def test_calibration_is_that_of_promises(evaluation: Evaluation) -> None:
    bins = [(one.low, one.high, one.predicted, one.observed, one.count) for one in evaluation.calibration.bins]
    assert bins == [
        (0.3, 0.4, 0.35, 1, 1),
        (0.4, 0.5, 0.5, 0, 1),
        (0.5, 0.6, 0.6, 0, 1),
        (0.6, 0.7, 0.7, 1, 1),
        (0.7, 0.8, 0.8, 0, 1),
        (0.8, 0.9, 0.9, 1, 1),
        (0.9, 1.0, 0.95, 0, 1),
    ]
    assert evaluation.calibration.error == pytest.approx((0.65 + 0.5 + 0.6 + 0.3 + 0.8 + 0.1 + 0.95) / 7)


def test_calibration_begins_above_a_fifth(gold: Gold, plants: Pack) -> None:
    low = [Said(0, 15, UNKILLABLE, None, confidence, held=True) for confidence in (0.1, 0.2, 0.21)]
    calibration = evaluate(gold, Stub(plants, {"a": low})).calibration
    assert [(one.low, one.predicted, one.count) for one in calibration.bins] == [(0.2, 0.21, 1)]
    assert evaluate(gold, Stub(plants, {})).calibration.error is None


def test_the_review_band_is_taken_from_both_sides(evaluation: Evaluation) -> None:
    review = evaluation.review
    assert review.items == 2
    assert review.sentences.value == 2 / 9
    assert counts(review.outside) == (2, 4, 2)
    assert values(review.outside) == (0.5, 1, 2 / 3)


def test_the_worst_errors_come_first(evaluation: Evaluation) -> None:
    assert [(one.document, one.sentence, one.type, one.verdict, one.confidence) for one in evaluation.false_flags] == [
        ("b", 1, UNKILLABLE, "contradicted", 0.95),
        ("a", 2, AIR, "overstated", 0.8),
        ("b", None, AIR, "overstated", 0.6),
    ]
    assert [one.note for one in evaluation.false_flags] == [
        f"flagged for “{TEXT[:34]}”; gold: no label",
        "flagged for “fern”; gold: no label",
        "flagged for “ ”; outside every gold sentence",
    ]
    (miss,) = evaluation.misses
    assert (miss.document, miss.sentence, miss.confidence, miss.note) == ("a", 1, 0.35, "held back")
    assert miss.text == "It cleans the air."


def test_what_gold_says_of_a_false_flag_and_what_was_heard_of_a_miss(gold: Gold, plants: Pack) -> None:
    says = {
        "b": [Said(0, 15, UNKILLABLE, "overstated"), Said(35, 42, AIR, "overstated")],
        "a": [Said(0, 15, UNKILLABLE, None), Said(16, 34, AIR, "consistent")],
    }
    found = evaluate(gold, Stub(plants, says, unread=frozenset("c")))
    assert [one.note.partition("; ")[2] for one in found.false_flags] == [
        "gold: consistent",
        "gold: spoken of, promised by nobody",
    ]
    assert [(one.confidence, one.note) for one in found.misses] == [
        (None, "asked, so nobody promises it here"),
        (None, "judged consistent: “It cleans the air.”"),
        (None, "no claim was seen; the document was not read whole"),
    ]
    assert found.incomplete == ("c",)
    assert "not read whole: c" in list(render(found))
    assert "Not read whole:" in to_html(found)


def test_so_many_errors_as_asked(gold: Gold, plants: Pack) -> None:
    some = evaluate(gold, Stub(plants, SAYS), errors=1)
    assert [len(some.false_flags), len(some.misses)] == [1, 1]
    none = evaluate(gold, Stub(plants, SAYS), errors=0)
    assert [none.false_flags, none.misses] == [(), ()]


def test_intervals_are_drawn_over_documents(evaluation: Evaluation, gold: Gold, plants: Pack) -> None:
    again = evaluate(gold, Stub(plants, SAYS), core=[AIR], by=["shelf"])
    assert again == evaluation
    recall = evaluation.overall.recall
    assert (recall.low, recall.high) == (0.5, 1.0)  # only `a` misses: half of its two; drawn alone, that is all there is
    for score in (evaluation.overall, *evaluation.types.values()):
        for estimate in (score.precision, score.recall, score.f1):
            assert estimate.low is not None
            assert estimate.high is not None
            assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    of_one = evaluation.by["shelf"]["top"].f1
    assert (of_one.low, of_one.high) == (None, None)


def test_nothing_to_find_and_nothing_found_is_perfect(tmp_path: Path, plants: Pack) -> None:
    gold = read_gold(write(tmp_path / "g.jsonl", row("a"), row("b")), plants)
    found = evaluate(gold, Stub(plants, {}))
    assert values(found.overall) == (1, 1, 1)
    assert found.overall.f1.low is None
    assert found.verdict_accuracy is None
    assert "Gold flags nothing, and nothing was found." in to_html(found)
    flagging = evaluate(gold, Stub(plants, {"a": [Said(0, 5, AIR, "overstated")]}))
    assert values(flagging.overall) == (0, 0, 0)


def test_all_flagged_means_no_clean_document(tmp_path: Path, plants: Pack) -> None:
    gold = read_gold(write(tmp_path / "g.jsonl", ROWS[0], ROWS[2]), plants)
    assert evaluate(gold, Stub(plants, {})).false_flags_per_100_clean is None


def test_types_with_five_in_gold_make_the_macro_f1(tmp_path: Path, plants: Pack) -> None:
    rows = [row(str(number), label(0, UNKILLABLE, "contradicted"), label(1, AIR, "overstated")) for number in range(4)]
    gold = read_gold(write(tmp_path / "g.jsonl", *rows, row("4", label(0, UNKILLABLE, "contradicted"))), plants)
    found = evaluate(gold, Stub(plants, {"0": [Said(0, 15, UNKILLABLE, "overstated")]}))
    assert found.macro_f1 == pytest.approx(2 / 6)


def test_the_setting_is_told_only_when_asked(gold: Gold, tmp_path: Path, plants: Pack) -> None:
    stub = Stub(plants, SAYS)
    assert "gold-setting:auto" in evaluate(gold, stub).signature
    assert stub.settings == [None, None, None]
    stub = Stub(plants, SAYS)
    assert "gold-setting:given" in evaluate(gold, stub, with_setting=True).signature
    assert stub.settings == ["indoor", None, "outdoor"]
    without = read_gold(write(tmp_path / "g.jsonl", row("a")), plants)
    with pytest.raises(InputError, match=r"g.jsonl: no document says its setting"):
        evaluate(without, stub, with_setting=True)


def test_unknown_names_fail(gold: Gold, tmp_path: Path, plants: Pack) -> None:
    stub = Stub(plants, SAYS)
    with pytest.raises(InputError, match=r"there is no claim type 'immortal'. Choose among unkillable, air_cleaning"):
        evaluate(gold, stub, core=["immortal"])
    with pytest.raises(InputError, match=r"no document has the field 'colour'. Choose among setting, shelf"):
        evaluate(gold, stub, by=["colour"])
    bare = read_gold(write(tmp_path / "bare.jsonl", row("a")), plants)
    with pytest.raises(InputError, match="They have no fields to score by"):
        evaluate(bare, stub, by=["colour"])
    with pytest.raises(InputError, match="there is no document to evaluate on"):
        evaluate(Gold("empty", ()), stub)


def test_the_signature_names_the_data(gold: Gold, evaluation: Evaluation, tmp_path: Path, plants: Pack) -> None:
    assert evaluation.signature == (
        "claimaudit:0|pack:plants-1+ffffffffffff|model:stub"
        f"|gold:gold.jsonl+{gold.hash[:12]}|gold-setting:auto|rounds:1000|seed:7"
    )
    relabelled = read_gold(write(tmp_path / "gold.jsonl", *ROWS[:2], row("c")), plants)
    assert relabelled.hash != gold.hash


def test_json_round_trips(evaluation: Evaluation) -> None:
    assert json.loads(evaluation.to_json()) == evaluation.to_dict()
    assert evaluation.to_dict()["overall"]["recall"]["value"] == 0.6667
    assert evaluation.to_dict()["review"]["outside"]["gold"] == 2


# --- Gold ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("{oops", "not JSON"),
        ("[1]", "Input should be a valid dictionary"),
        (row(""), "'id': String should have at least 1 character. Correct it"),
        ({**row("b"), "id": 5}, "'id': Input should be a valid string"),
        ({key: value for key, value in row("b").items() if key != "text"}, "'text': Field required"),
        ({key: value for key, value in row("b").items() if key != "labels"}, "'labels': Field required"),
        ({**row("b"), "sentences": []}, "'sentences': List should have at least 1 item"),
        ({**row("b"), "sentences": [[0, "5"]]}, r"'sentences.0.1': Input should be a valid integer"),
        ({**row("b"), "sentences": [[0, 15], [16, 99]]}, r"sentence 1 \[16, 99\) is not in the text of 42 characters"),
        ({**row("b"), "sentences": [[4, 4]]}, r"sentence 0 \[4, 4\) is not in the text"),
        (row("b", label(0, "immortal", "overstated")), "sentence 0, immortal: no such claim type. Choose among unkillable"),
        (row("b", label(3, AIR, "overstated")), "the document has 3 sentences, counted from 0"),
        (row("b", label(-1, AIR, "overstated")), "'labels.0.sentence': Input should be greater than or equal to 0"),
        (row("b", label(0, AIR, "wrong")), "'labels.0.verdict': Input should be"),
        (row("b", {"sentence": 0, "type": AIR}), "'labels.0.verdict': Field required"),
        (row("b", setting="moon"), "setting 'moon' is none of indoor, outdoor, unknown"),
        (row("a"), "document 'a' stands twice. Give each its own id"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, plants: Pack, bad: Any, message: str) -> None:
    path = write(tmp_path / "gold.jsonl", row("a"), "", bad)
    with pytest.raises(InputError, match=rf"gold\.jsonl:3: .*{message}"):
        read_gold(path, plants)


def test_files_that_hold_no_gold(tmp_path: Path, plants: Pack) -> None:
    with pytest.raises(InputError, match=r"none\.jsonl: cannot be read: No such file"):
        read_gold(tmp_path / "none.jsonl", plants)
    with pytest.raises(InputError, match="there is no document"):
        read_gold(write(tmp_path / "empty.jsonl", ""), plants)
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(b'{"id": "\xff"}\n')
    with pytest.raises(InputError, match=r"broken\.jsonl:1: not JSON .*in UTF-8"):
        read_gold(broken, plants)


def test_a_split_of_the_pack_is_gold(tmp_path: Path) -> None:
    root = tmp_path / "plants"
    shutil.copytree(PLANTS, root)
    (root / "training" / "documents").mkdir(parents=True)
    (root / "training" / "splits.yaml").write_text("authors: {ann: train, ben: test}\nheld_out: [palm]\n", "utf-8")
    spoken = {"sentence": 0, "type": UNKILLABLE, "verdict": "contradicted", "strength": "absolute"}
    marked = {**spoken, "assertion": "asserted", "start": 3, "end": 15}
    base = {"setting": "indoor", "kind": "label", "text": TEXT, "sentences": SENTENCES}
    write(
        root / "training" / "documents" / "all.jsonl",
        {**base, "id": "d1", "author": "ann", "product_class": "fern", "labels": [marked]},
        {**base, "id": "d2", "author": "ben", "product_class": "fern", "labels": [marked]},
        {**base, "id": "d3", "author": "ben", "product_class": "palm", "labels": []},
    )
    auditor = Auditor(root, speed="patterns")
    for split, ids in {"train": ["d1"], "test": ["d2"], "held-out": ["d3"], "clean": ["d3"]}.items():
        assert [document.id for document in split_gold(auditor.pack, split).documents] == ids
    test = split_gold(auditor.pack, "test")
    assert test.name == "houseplants/test"
    assert test.field_names == ("author", "kind", "product_class", "setting")
    found = evaluate(test, auditor, by=["product_class", "kind", "author", "setting"])
    assert counts(found.overall) == (1, 2, 1)
    assert {name: list(groups) for name, groups in found.by.items()} == {
        "product_class": ["fern"], "kind": ["label"], "author": ["ben"], "setting": ["indoor"],
    }  # fmt: skip
    with pytest.raises(InputError, match="the split 'calibration' of pack 'houseplants' holds no document"):
        split_gold(auditor.pack, "calibration")
    with pytest.raises(InputError, match=r"there is no split 'dev'. Choose among train, calibration, test, held-out, clean"):
        split_gold(auditor.pack, "dev")


# --- A second computation ------------------------------------------------------------------------------------


def plainly(rows: Sequence[Mapping[str, Any]], says: Mapping[str, Sequence[Said]]) -> tuple[int, int, int]:
    """Units of gold, units found, and both, character by character."""
    gold, found = set(), set()
    for document in rows:
        for one in document["labels"]:
            if one["verdict"] in ("contradicted", "overstated"):
                gold.add((document["id"], one["sentence"], one["type"]))
        for number, said in enumerate(says.get(document["id"], ())):
            if said.verdict not in ("contradicted", "overstated"):
                continue
            covered = [len(set(range(*sent)) & set(range(said.start, said.end))) for sent in document["sentences"]]
            place = covered.index(max(covered)) if max(covered) else f"nowhere {number}"
            found.add((document["id"], place, said.type))
    return len(gold), len(found), len(gold & found)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_micro_scores_equal_a_second_computation(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    draw = random.Random(seed)
    verdicts = ("contradicted", "overstated", "consistent", None)
    pack = load_pack(PLANTS)
    rows, says = [], {}
    for number in range(draw.randint(1, 6)):
        labels = [label(draw.randrange(3), draw.choice([AIR, UNKILLABLE]), draw.choice(verdicts)) for _ in range(4)]
        rows.append(row(str(number), *labels[: draw.randint(0, 4)]))
        spans = [sorted(draw.sample(range(43), 2)) for _ in range(draw.randint(0, 5))]
        says[str(number)] = [Said(*span, draw.choice([AIR, UNKILLABLE]), draw.choice(verdicts)) for span in spans]
    path = write(tmp_path_factory.mktemp("random") / "gold.jsonl", *rows)
    score = evaluate(read_gold(path, pack), Stub(pack, says)).overall
    gold, found, hit = plainly(rows, says)
    assert counts(score) == (gold, found, hit)
    assert score.precision.value == (hit / found if found else float(not gold))
    assert score.recall.value == (hit / gold if gold else float(not found))
    assert score.f1.value == (2 * hit / (gold + found) if gold + found else 1)


# --- Reports -------------------------------------------------------------------------------------------------

TABLE = """\
gold.jsonl: 3 documents (1 without a flag), 9 sentences; model: stub

                                precision        recall           F1                gold found   hit
flagged                         0.400 0.00–0.75  0.667 0.50–1.00  0.500 0.00–0.75      3     5     2
core (1 type)                   0.000 0.00–0.00  0.000 0.00–0.00  0.000 0.00–0.00      1     2     0
contradicted (strict)           0.500 0.00–1.00  0.500 0.00–1.00  0.500 0.00–0.80      2     2     1
outside the review band         0.500 0.00–0.75  1.000 1.00–1.00  0.667 0.00–0.86      2     4     2

claim type                      precision        recall           F1                gold found   hit
air_cleaning                    0.000 0.00–0.00  0.000 0.00–0.00  0.000 0.00–0.00      1     2     0
unkillable                      0.667 0.00–1.00  1.000 1.00–1.00  0.800 0.00–1.00      2     3     2

shelf                           precision        recall           F1                gold found   hit
(none)                          0.000            0.000            0.000                0     2     0
2                               1.000            1.000            1.000                1     1     1
top                             0.500            0.500            0.500                2     2     1

macro F1 (5 or more in gold)    –
false flags per 100 clean       200.0 200.0–200.0
sentences for review            0.222 0.11–0.33  (2 items)
verdict accuracy on hits        0.500 0.00–1.00

verdicts on hits                 found contradicted    found overstated
gold contradicted                                 1                   1
gold overstated                                   0                   0

calibration above 0.2           predicted  observed  count
0.3–0.4                             0.350     1.000      1
0.4–0.5                             0.500     0.000      1
0.5–0.6                             0.600     0.000      1
0.6–0.7                             0.700     1.000      1
0.7–0.8                             0.800     0.000      1
0.8–0.9                             0.900     1.000      1
0.9–1.0                             0.950     0.000      1
expected calibration error      0.557

false flags: 3
  b#1  unkillable, contradicted  0.95
    “It cleans the air.”
    flagged for “It never wilts. It cleans the air.”; gold: no label
  a#2  air_cleaning, overstated  0.80
    “A fern.”
    flagged for “fern”; gold: no label
  b#outside  air_cleaning, overstated  0.60
    “ ”
    flagged for “ ”; outside every gold sentence

misses: 1
  a#1  air_cleaning, overstated  0.35
    “It cleans the air.”
    held back

SIGNATURE"""


def test_the_table(evaluation: Evaluation) -> None:
    assert "\n".join(render(evaluation)) == TABLE.replace("SIGNATURE", evaluation.signature)


def test_a_terminal_is_not_obeyed(gold: Gold, plants: Pack) -> None:
    stub = Stub(plants, {"a": [Said(0, 15, AIR, "overstated")]}, model="\x1b[31mred\udc80")
    assert all(line.isprintable() for line in render(evaluate(gold, stub)))


def page_of(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(html[html.index("<html") :])


def test_the_page_stands_alone_and_draws_what_was_measured(evaluation: Evaluation) -> None:
    html = to_html(evaluation)
    assert html.startswith("<!DOCTYPE html>")
    page = page_of(html)
    assert not list(page.iter("script"))
    assert not re.search(r"https?:|url\(|@import", html)
    plots = {svg.find("title").text: svg for svg in page.iter("svg")}  # type: ignore[union-attr]
    assert list(plots) == [
        "F1 by claim type",
        "F1 by shelf",
        "Reliability diagram",
        "Precision and recall, in all and outside the review band",
    ]
    assert [len(list(svg.iter("circle"))) for svg in plots.values()] == [2, 3, 7, 4]
    (of_air, of_unkillable) = plots["F1 by claim type"].iter("circle")
    assert (of_air.get("cx"), of_unkillable.get("cx")) == ("0.0%", "80.0%")
    for svg in plots.values():
        named = (svg.get("aria-labelledby") or "").split()
        assert svg.get("role") == "img"
        assert {element.get("id") for element in svg.iter()} >= set(named)
        assert len(named) == 2
    assert len(list(page.iter("figcaption"))) == len(plots)
    ids = [element.get("id") for element in page.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for table in page.iter("table"):
        assert table.find("caption") is not None
        assert all(cell.get("scope") for cell in table.iter("th"))
    confusion = [[cell.text for cell in line.iter("td")] for line in list(page.iter("table"))[3].iter("tr")]
    assert confusion == [[], ["1", "1"], ["0", "0"]]
    assert "prefers-color-scheme: dark" in html
    assert 'name="viewport"' in html


def test_the_page_escapes_what_others_wrote(tmp_path: Path, plants: Pack) -> None:
    text = "<img src=x onerror=alert(1)> & more \ud800"
    said = {"id": "<b>", "text": "<i>never</i>", "sentences": [[0, 12]], "labels": [], "<u>": "<s>"}
    gold = read_gold(write(tmp_path / "<em>.jsonl", said), plants)
    stub = Stub(plants, {"<b>": [Said(0, 12, AIR, "overstated")]}, model=text)
    html = to_html(evaluate(gold, stub, by=["<u>"]))
    tags = {element.tag for element in page_of(html).iter()}
    assert not tags & {"img", "b", "i", "u", "s", "em"}
    html.encode("utf-8")


def test_patterns_have_no_probabilities(gold: Gold, plants: Pack) -> None:
    note = "Without a model a claim's confidence is how sure its pattern is, not a calibrated probability."
    found = evaluate(gold, Auditor(plants, speed="patterns"))
    assert found.model == "patterns"
    assert note in list(render(found))
    assert note.replace("'", "&#39;") in to_html(found)
    assert note not in list(render(evaluate(gold, Stub(plants, SAYS))))
