"""Labels out and in: what goes out unchanged comes back as what the audit found, whatever a tool counts."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimaudit import Auditor, InputError, Listing, Pack, load_pack
from claimaudit.claims.corpus import read_corpus
from claimaudit.evaluation import evaluate, read_gold
from claimaudit.labels import label_studio, prodigy
from claimaudit.labels.documents import Imported, to_documents
from claimaudit.labels.regions import Offsets, Region, Task, place_regions, tasks_of
from claimaudit.types import Span
from tests.conftest import TESTS

PLANTS = TESTS / "packs" / "houseplants"
COPY = (
    "👩‍👩‍👧 A fern 🇩🇪 in a pot 🪴 for your living room.\r\n\r\n"
    "• It never wilts 😀!\r\n• Tre\u0301s green, and it purifies the air.\n"
    "Is it unkillable? It is not unkillable. 💚 It survives almost anything. 🏴󠁧󠁢󠁥󠁮󠁧󠁿 It never dies."
)
PAGE = "<h1>A fern &#x1F33F; in a pot</h1><ul><li>It never <b>wi</b>lts &amp; <i>purifies&nbsp;the air</i></ul><!-- none -->"
TOOLS = (label_studio, prodigy)


@pytest.fixture(scope="module")
def plants() -> Pack:
    return load_pack(PLANTS)


@pytest.fixture(scope="module")
def auditor(plants: Pack) -> Auditor:
    return Auditor(plants, speed="patterns")


def written(tool: ModuleType, auditor: Auditor, *listings: Listing, offsets: Offsets = Offsets.CODE_POINTS) -> str:
    out = io.StringIO()
    tool.write_tasks((task for result in auditor.audit_many(listings) for task in tasks_of(result, offsets)), out)
    return out.getvalue()


def annotated(text: str, change: Callable[[dict[str, Any]], object] = lambda row: None) -> str:
    """What Label Studio exports when a reader accepts every prediction; `change` is what the reader did otherwise."""
    rows = json.loads(text)
    for number, row in enumerate(rows, 1):
        row["id"] = number
        row["annotations"] = [{"id": 10 * number, "was_cancelled": False, "result": row.pop("predictions")[0]["result"]}]
        change(row)
    return json.dumps(rows)


def taken(tool: ModuleType, text: str, pack: Pack, path: Path, **options: Any) -> Imported:
    path.write_bytes(text.encode("utf-8"))
    return to_documents(tool.read_tasks(path), pack, author="ann", **options)


def from_label_studio(text: str, pack: Pack, folder: Path, **options: Any) -> Imported:
    return taken(label_studio, text, pack, folder / "back.json", **options)


def said(imported: Imported) -> list[tuple[str, str | None, str, str, str]]:
    (document,) = imported.documents
    return [
        (label.type, label.verdict, label.assertion, label.strength, document.text[label.start : label.end])
        for label in document.labels
    ]


FOUND = [
    ("unkillable", "contradicted", "asserted", "absolute", "never wilts"),
    ("air_cleaning", "overstated", "asserted", "strong", "purifies the air"),
    ("unkillable", None, "asked", "absolute", "unkillable"),
    ("unkillable", "consistent", "denied", "absolute", "unkillable"),
    ("unkillable", "overstated", "asserted", "strong", "survives almost anything"),
    ("unkillable", "contradicted", "asserted", "absolute", "never dies"),
]


# --- Out -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offsets", Offsets)
def test_offsets_count_what_they_are_said_to_count(auditor: Auditor, offsets: Offsets) -> None:
    rows = json.loads(written(label_studio, auditor, Listing("fern", COPY), offsets=offsets))
    results = [one for one in rows[0]["predictions"][0]["result"] if one["type"] == "labels"]
    units = COPY.encode("utf-16-le")
    for result in results:
        value = result["value"]
        if offsets is Offsets.UTF_16:
            cut = units[2 * value["start"] : 2 * value["end"]].decode("utf-16-le")
        else:
            cut = COPY[value["start"] : value["end"]]
        assert cut == value["text"]
    assert [one["value"]["text"] for one in results] == [words for *_, words in FOUND]


def test_a_task_of_label_studio_says_what_was_found(auditor: Auditor, plants: Pack) -> None:
    (row,) = json.loads(written(label_studio, auditor, Listing("fern", "A fern indoors. It never wilts.", field="title")))
    assert row["data"] == {
        "text": "A fern indoors. It never wilts.",
        "listing_id": "fern",
        "field": "title",
        "setting": "indoor",
        "product_class": "fern",
    }
    setting, label, *choices = row["predictions"][0]["result"]
    assert setting["value"] == {"choices": ["indoor"]}
    place = {"start": 19, "end": 30, "text": "never wilts"}
    assert (label["id"], label["type"], label["value"]) == ("c1", "labels", {**place, "labels": ["unkillable"]})
    assert label["meta"]["text"][0].startswith("Every plant can die.")
    assert [(one["id"], one["from_name"], one["value"]["choices"]) for one in choices] == [
        ("c1", "verdict", ["contradicted"]),
        ("c1", "assertion", ["asserted"]),
        ("c1", "strength", ["absolute"]),
    ]
    assert all(one["value"].items() >= place.items() for one in choices)
    # every control that the results name stands in the interface, with the values that they choose
    controls = {one.get("name"): one for one in ElementTree.fromstring(label_studio.setup(plants)).iter()}
    for one in row["predictions"][0]["result"]:
        control = controls[one["from_name"]]
        assert control.tag.lower() == one["type"]
        assert control.get("toName") == one["to_name"] == controls["copy"].get("name")
        assert set(one["value"][one["type"]]) <= {child.get("value") for child in control}
    assert [child.get("value") for child in controls["claim"]] == list(plants.claim_types)


def test_a_row_of_prodigy_says_what_was_found(auditor: Auditor, plants: Pack) -> None:
    copy = "A fern indoors. It never wilts. Is it unkillable?"
    row = json.loads(written(prodigy, auditor, Listing("fern", copy)))
    assert row["text"] == copy
    assert [(copy[span["start"] : span["end"]], span["label"]) for span in row["spans"]] == [
        ("never wilts", "unkillable/contradicted"),
        ("unkillable", "unkillable/asked"),
    ]
    meta = {name: row["meta"][name] for name in ("listing_id", "field", "setting", "product_class")}
    assert meta == {"listing_id": "fern", "field": "text", "setting": "indoor", "product_class": "fern"}
    assert {span["label"] for span in row["spans"]} <= set(prodigy.setup(plants).splitlines())


@pytest.mark.parametrize("tool", TOOLS)
def test_html_goes_out_as_its_readable_text(tool: ModuleType, auditor: Auditor, plants: Pack, tmp_path: Path) -> None:
    text = written(tool, auditor, Listing("page", PAGE))
    back = taken(tool, annotated(text) if tool is label_studio else text, plants, tmp_path / "back")
    assert [(one[0], one[-1]) for one in said(back)] == [
        ("unkillable", "never wilts"),
        ("air_cleaning", "purifies\xa0the air"),
    ]
    assert "<" not in back.documents[0].text


def test_copy_without_words_makes_no_task(auditor: Auditor) -> None:
    assert json.loads(written(label_studio, auditor, Listing("empty", " \n"))) == []


# --- Out and in ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("counted", Offsets)
@pytest.mark.parametrize("said_to_count", Offsets)
def test_what_goes_out_comes_back(
    tool: ModuleType, counted: Offsets, said_to_count: Offsets, auditor: Auditor, plants: Pack, tmp_path: Path
) -> None:
    """Whatever the tool counts, and even if it is said to count otherwise: each region brings its words."""
    text = written(tool, auditor, Listing("fern", COPY), offsets=counted)
    back = taken(tool, annotated(text) if tool is label_studio else text, plants, tmp_path / "back", offsets=said_to_count)
    assert back.problems == back.notes == ()
    assert said(back) == FOUND
    (document,) = back.documents
    assert (document.id, document.author, document.setting, document.product_class) == ("fern", "ann", "indoor", "fern")
    assert document.text == COPY


def test_documents_are_gold_and_a_corpus(auditor: Auditor, tmp_path: Path) -> None:
    root = tmp_path / "corpora" / "houseplants"
    shutil.copytree(PLANTS, root)
    pack = load_pack(root)
    listings = [Listing("shop/Fern 1", COPY), Listing("palm", "A palm in a pot. It cleans the air.")]
    back = from_label_studio(annotated(written(label_studio, auditor, *listings)), pack, tmp_path)
    rows = "".join(document.model_dump_json() + "\n" for document in back.documents)
    (tmp_path / "gold.jsonl").write_text(rows, "utf-8")
    measured = evaluate(read_gold(tmp_path / "gold.jsonl", pack), auditor)
    assert (measured.overall.gold, measured.overall.hit, measured.overall.found) == (5, 5, 5)
    (root / "training" / "documents").mkdir(parents=True)
    (root / "training" / "splits.yaml").write_text("authors: {ann: train}\nheld_out: []\n", "utf-8")
    (root / "training" / "documents" / "ann.jsonl").write_text(rows, "utf-8")
    assert read_corpus(load_pack(root)).documents == back.documents


# --- Offsets -------------------------------------------------------------------------------------------------


PIECES = ["a", "b", " ", "\n", "\r\n", "😀", "👩\u200d👧", "🇩🇪", "e\u0301"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=20).map("".join)


@given(TEXTS, st.data())
def test_a_region_lies_where_it_was_marked(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    words = text[start:end]
    units = [len(text[:place].encode("utf-16-le")) // 2 for place in (start, end)]
    (found,) = place_regions(text, [Region("r", "t", *units)], Offsets.UTF_16)
    if words.strip():
        assert isinstance(found, Span)
        assert found.of(text) == words.strip()
    else:
        assert isinstance(found, InputError)


def test_a_line_break_may_be_one_character() -> None:
    text = "One.\r\nTwo.\r\nNever dies."
    (found,) = place_regions(text, [Region("r", "t", 10, 20, "Never dies")], Offsets.CODE_POINTS)
    assert isinstance(found, Span)
    assert found.of(text) == "Never dies"
    (found,) = place_regions(text, [Region("r", "t", 5, 20, r"Two.\nNever dies")], Offsets.CODE_POINTS)
    assert isinstance(found, Span)
    assert found.of(text) == "Two.\r\nNever dies"


def test_a_region_without_words_is_read_as_its_neighbours() -> None:
    text = "😀😀 Never wilts. Never dies. Ever."
    with_words, without = Region("a", "t", 5, 16, "Never wilts"), Region("b", "t", 18, 28)
    alone, *_ = place_regions(text, [without], Offsets.CODE_POINTS)
    assert isinstance(alone, Span)
    assert alone.of(text) == "ver dies."  # there is nothing to tell it by
    _, found = place_regions(text, [with_words, without], Offsets.CODE_POINTS)
    assert isinstance(found, Span)
    assert found.of(text) == "Never dies"


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (Region("r", "t", 0, 5, "wilts"), r"says 'wilts', and there stands 'Never', in whatever unit\. Mark it again"),
        (Region("r", "t", 4, 4), r"\[4, 4\) is empty or not in the text of 13 characters, counted in code-points"),
        (Region("r", "t", 4, 99), r"Choose the other --offsets"),
        (Region("r", "t", 5, 6), r"holds no words\. Delete it"),
    ],
)
def test_a_region_that_cannot_be_placed_is_told(region: Region, message: str) -> None:
    (found,) = place_regions("Never dies 😀.", [region], Offsets.CODE_POINTS)
    assert isinstance(found, InputError)
    with pytest.raises(InputError, match=message):
        raise found


def test_half_an_emoji_is_no_place() -> None:
    (found,) = place_regions("😀 dies", [Region("r", "t", 1, 7)], Offsets.UTF_16)
    assert isinstance(found, InputError)


# --- In: what is wrong, and what is told ---------------------------------------------------------------------


def task(*regions: Region, text: str | None = "A fern in a pot. It never wilts. It dies.", **said: Any) -> Task:
    return Task(
        **{"where": "back.json: task 1", "listing_id": "fern", "field": "text", "text": text, "regions": regions, **said}
    )


def region(**changes: Any) -> Region:
    usual = {"id": "r1", "type": "unkillable", "start": 20, "end": 31, "verdict": "contradicted"}
    return Region(**{**usual, **changes})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (task(region(type="immortal")), "there is no claim type 'immortal'. Choose among unkillable, air_cleaning."),
        (
            task(region(verdict=None)),
            "it has no verdict. Choose among contradicted, overstated, consistent, none.",
        ),
        (task(region(verdict="false")), "'false' is no verdict"),
        (task(region(assertion="asked")), "a claim that is asked has a verdict, and it is given as contradicted. Correct"),
        (task(region(assertion="denied")), "what is denied is consistent"),
        (task(region(strength="huge")), "'huge' is not a valid Strength. Choose among asserted"),
        (task(region(end=35)), "[20, 35) runs over sentences. Mark the words of each."),
        (task(region(), text=None), "there is no text of 'fern'. Name the file that was exported with --copy."),
        (task(region(), listing_id=""), "it does not say which listing it is."),
        (task(text=" \n "), "holds no words"),
        (task(region(), setting="cellar"), "setting 'cellar' is none of the pack's."),
        (
            task(region(), region(id="r2", start=17, verdict="overstated")),
            "label sentence 1 as unkillable, as contradicted/absolute/asserted and overstated/strong/asserted. Keep one.",
        ),
    ],
)
def test_a_task_that_is_wrong_is_left_out_and_the_others_are_not(wrong: Task, message: str, plants: Pack) -> None:
    back = to_documents([wrong, task(region(), listing_id="other")], plants, author="ann")
    assert [document.id for document in back.documents] == ["other"]
    (problem,) = back.problems
    assert problem.startswith("back.json: task 1: ")
    assert message in problem


def test_all_that_is_wrong_in_a_task_is_told_at_once(plants: Pack) -> None:
    back = to_documents([task(region(type="immortal"), region(id="r2", verdict=None))], plants, author="ann")
    assert [problem.split("'")[1] for problem in back.problems] == ["r1", "r2"]


def test_what_a_reader_does_not_say_has_a_default(plants: Pack) -> None:
    asked = region(id="r2", type="air_cleaning", verdict="none", assertion="asked", start=33, end=40)
    back = to_documents([task(region(verdict="overstated"), asked)], plants, author="ann")
    assert said(back) == [
        ("unkillable", "overstated", "asserted", "strong", "never wilts"),
        ("air_cleaning", None, "asked", "strong", "It dies"),
    ]


def test_no_claim_is_no_label(plants: Pack) -> None:
    back = to_documents([task(region(verdict="none", assertion="asserted"), region(verdict="none"))], plants, author="ann")
    assert said(back) == []
    assert back.problems == back.notes == ()


def test_a_label_given_twice_is_taken_once_and_told(plants: Pack) -> None:
    back = to_documents([task(region(), region(id="r2", start=17))], plants, author="ann")
    assert [words for *_, words in said(back)] == ["never wilts"]
    assert back.notes == (
        "back.json: task 1: regions 'r1' and 'r2' both label sentence 1 as unkillable; the first is taken.",
    )


def test_readers_who_agree_are_one_and_those_who_do_not_are_told(plants: Pack) -> None:
    again = task(region(), where="back.json: task 2")
    back = to_documents([task(region()), again], plants, author="ann")
    assert len(back.documents) == 1
    assert back.notes == ("back.json: task 2: 'fern' is labelled as at back.json: task 1; it is taken once.",)
    other = task(region(verdict="overstated"), where="back.json: task 2")
    back = to_documents([task(region()), other], plants, author="ann")
    assert back.documents == ()
    (problem,) = back.problems
    assert "sentence 1, unkillable: contradicted/absolute/asserted and overstated/strong/asserted" in problem
    assert "Neither is taken: settle it, and keep one." in problem


def test_listings_with_like_names_stay_apart(plants: Pack) -> None:
    names = ("Fern 1", "fern-1", "fern_1", "🌿")
    tasks = [task(region(), listing_id=name) for name in names] + [task(region(), listing_id="fern-1", field="title")]
    back = to_documents(tasks, plants, author="ann")
    ids = [document.id for document in back.documents]
    assert len(set(ids)) == 5
    assert ids[1] == "fern-1"


# --- Exports as tools write them -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exported(auditor: Auditor) -> str:
    return written(label_studio, auditor, Listing("fern", "A fern in a pot 🪴. It never wilts."), Listing("palm", "A palm."))


def test_what_nobody_labelled_is_counted(exported: str, plants: Pack, tmp_path: Path) -> None:
    def skip(row: dict[str, Any]) -> None:
        if row["id"] == 1:
            row["annotations"] = []
        else:
            row["annotations"][0]["was_cancelled"] = True

    back = from_label_studio(annotated(exported, skip), plants, tmp_path)
    assert back.documents == back.problems == ()
    assert back.skipped == {"not annotated": 1, "skipped by the reader": 1}


def test_the_ground_truth_counts_alone(exported: str, plants: Pack, tmp_path: Path) -> None:
    def settle(row: dict[str, Any]) -> None:
        row["annotations"].append({"id": 99, "result": [], "ground_truth": True})

    back = from_label_studio(annotated(exported, settle), plants, tmp_path)
    assert [document.labels for document in back.documents] == [[], []]


def test_the_reader_may_correct_the_setting(exported: str, plants: Pack, tmp_path: Path) -> None:
    def correct(row: dict[str, Any]) -> None:
        for one in row["annotations"][0]["result"]:
            if one["from_name"] == "setting":
                one["value"]["choices"] = ["outdoor"]

    back = from_label_studio(annotated(exported, correct), plants, tmp_path)
    assert {document.setting for document in back.documents} == {"outdoor"}


def test_exports_without_text_are_joined_with_the_copy(exported: str, plants: Pack, tmp_path: Path) -> None:
    def strip(row: dict[str, Any]) -> None:
        del row["data"]["text"]
        for one in row["annotations"][0]["result"]:
            one["value"].pop("text", None)

    (tmp_path / "tasks.json").write_text(exported, "utf-8")
    copy = label_studio.read_copy(tmp_path / "tasks.json")
    back = from_label_studio(annotated(exported, strip), plants, tmp_path, copy=copy)
    assert back.problems == ()
    assert [[d.text[label.start : label.end] for label in d.labels] for d in back.documents] == [["never wilts"], []]
    assert len(from_label_studio(annotated(exported, strip), plants, tmp_path).problems) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"annotations": [{"id": 7, "result": [{"id": "x", "from_name": "verdict", "type": "choices", "value": {}}]}]},
         "annotation 7: region 'x' has choices and no claim type. Label it, or delete it."),
        ({"annotations": [{"id": 7, "result": [{"id": "x", "type": "labels", "value": {"start": "/p[1]", "end": 3}}]}]},
         "region 'x' has no whole numbers as 'start' and 'end'"),
        ({"annotations": [{"id": 7, "result": [{"id": "x", "type": "labels",
                                                "value": {"start": 1, "end": 3, "labels": []}}]}]},
         "annotation 7: region 'x' has no claim type. Label it, or delete it."),
        ({"annotations": [{"id": 7}]}, "annotation 7: there is no 'result'"),
        ({"data": 3}, "there is no 'data'"),
    ],
)  # fmt: skip
def test_a_task_that_cannot_be_read_is_named(
    change: Mapping[str, Any], message: str, exported: str, plants: Pack, tmp_path: Path
) -> None:
    rows = json.loads(annotated(exported))
    rows[0].update(change)
    back = from_label_studio(json.dumps([*rows, 7]), plants, tmp_path)
    assert [document.id for document in back.documents] == ["palm"]
    first, second = back.problems
    assert first.startswith(f"{tmp_path / 'back.json'}: task 1 (id 1)")
    assert message in first
    assert second == f"{tmp_path / 'back.json'}: task 3: an object was expected, got int. Export it again."


def test_a_faulty_annotation_leaves_the_others_of_its_task(exported: str, plants: Pack, tmp_path: Path) -> None:
    rows = json.loads(annotated(exported))
    rows[0]["annotations"].insert(0, {"id": 7})
    back = from_label_studio(json.dumps(rows), plants, tmp_path)
    assert [document.id for document in back.documents] == ["fern", "palm"]
    assert [problem.partition("annotation ")[2] for problem in back.problems] == [
        "7: there is no 'result'. Export the tasks with their annotations."
    ]


def test_the_flat_export_is_refused(plants: Pack, tmp_path: Path) -> None:
    rows = [
        {"id": 1, "text": "It dies.", "claim": [{"start": 0, "end": 2, "labels": ["unkillable"]}], "verdict": "consistent"}
    ]
    back = from_label_studio(json.dumps(rows), plants, tmp_path)
    assert "Export as JSON, not as JSON-MIN." in back.problems[0]


def test_prodigy_answers_and_labels(plants: Pack, tmp_path: Path) -> None:
    text = "A fern in a pot. It never wilts. It cleans the air."
    stale = {"strength": "strong", "assertion": "asked"}
    rows = [
        {"text": text, "meta": {"listing_id": "a"}, "answer": "accept", "spans": [
            {"start": 20, "end": 31, "label": "unkillable/contradicted", **stale},
            {"start": 36, "end": 50, "label": "air_cleaning/reported"}]},
        {"text": text, "meta": {"listing_id": "b"}, "answer": "reject", "spans": []},
        {"text": text, "meta": {"listing_id": "c"}, "answer": "ignore", "spans": []},
        {"text": text, "meta": {"listing_id": "d"}, "spans": [{"start": 20, "end": 31, "label": "unkillable"}]},
        {"text": text, "meta": {"listing_id": "e"}, "spans": [{"start": 20, "label": "unkillable/none"}]},
        {"text": text, "meta": {"listing_id": "f"}, "label": "yes"},
        {"text": text, "spans": []},
    ]  # fmt: skip
    lines = [json.dumps(row) for row in rows] + ["{", ""]
    path = tmp_path / "back.jsonl"
    back = taken(prodigy, "\n".join(lines), plants, path)
    assert said(back) == [
        ("unkillable", "contradicted", "asserted", "strong", "never wilts"),
        ("air_cleaning", None, "reported", "strong", "cleans the air"),
    ]
    assert back.skipped == {"answered 'reject'": 1, "answered 'ignore'": 1}
    assert [problem.partition(": ")[0] for problem in back.problems] == [f"{path}:{row}" for row in (4, 5, 6, 7, 8)]
    for problem, told in zip(
        back.problems,
        ("it has no verdict", "span 1 has no whole numbers", "there are no 'spans'", "which listing", "not JSON"),
        strict=True,
    ):
        assert told in problem


@pytest.mark.parametrize(("data", "message"), [(b"[{", "not JSON"), (b"\xff", "not UTF-8"), (None, "cannot be read")])
def test_a_file_that_cannot_be_read_is_an_error(data: bytes | None, message: str, plants: Pack, tmp_path: Path) -> None:
    if data is not None:
        (tmp_path / "back.json").write_bytes(data)
    with pytest.raises(InputError, match=message):
        list(label_studio.read_tasks(tmp_path / "back.json"))
