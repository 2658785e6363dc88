from __future__ import annotations

import copy
import subprocess
import sys
import warnings
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from claimaudit import Auditor, AuditSettings, InputError, Listing, SettingsError
from claimaudit.integrations.pandas import ROW_COLUMNS, NotReadWarning, audit_frame, audit_rows, frame_of
from claimaudit.reports.listings import listing_row
from claimaudit.types import RECORD_FIELDS

HOUSEPLANTS = Path(__file__).parents[1] / "packs" / "houseplants"
PEN = "Pico pen for home use, USB.\nRemoves freckles instantly and permanently. No pain!\nIt may sting a little."
CREAM = "Freckle cream. Dark spots fade over months."
ORDERED = {
    "verdict": ["consistent", "overstated", "contradicted"],
    "strength": ["modest", "strong", "absolute"],
    "evidence_confidence": ["none", "low", "moderate", "high"],
}
CATEGORIES = [*ORDERED, "field", "claim_type", "assertion", "setting", "pack", "model", "version"]


def goods(index: Any = ("pen", "cream", "pen 2"), **columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"description": [PEN, CREAM, PEN], "price": [20, 5, 25], **columns}, index=index)


def test_one_row_a_finding_under_the_label_of_its_row(auditor: Auditor) -> None:
    found = audit_frame(goods(), text="description", auditor=auditor)
    expected = [
        (label, record)
        for label, text in (("pen", PEN), ("cream", CREAM), ("pen 2", PEN))
        for record in auditor.audit(Listing(label, text, field="description")).records()
    ]
    assert expected
    assert list(found.columns) == list(RECORD_FIELDS)
    assert found.index.tolist() == [label for label, _ in expected]
    assert found.to_dict("records") == [record for _, record in expected]


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(10, 13, name="row"),
        pd.Index(["a", "a", "b"], name="sku"),
        pd.MultiIndex.from_tuples([("uk", 1), ("uk", 2), ("us", 1)], names=["country", "number"]),
        pd.date_range("2026-01-01", periods=3, name="day"),
        pd.CategoricalIndex(["x", "y", "x"]),
    ],
    ids=lambda index: type(index).__name__,
)
@pytest.mark.parametrize("rows", [3, 0], ids=["full", "empty"])
def test_any_index_is_kept(index: pd.Index[Any], rows: int, auditor: Auditor) -> None:
    df = goods(index)[:rows]
    found = audit_frame(df, "description", auditor=auditor)
    positions = [0] * 5 + [1] * 2 + [2] * 5 if rows else []
    assert len(found) == len(positions)
    pd.testing.assert_index_equal(found.index, df.index.take(positions), exact="equiv")
    pd.testing.assert_index_equal(audit_rows(df, "description", auditor=auditor).index, df.index, exact="equiv")


def test_types_are_categories_and_ladders_have_an_order(auditor: Auditor) -> None:
    found = audit_frame(goods(), "description", auditor=auditor)
    assert [name for name in found if isinstance(found[name].dtype, pd.CategoricalDtype)] == sorted(
        CATEGORIES, key=RECORD_FIELDS.index
    )
    for name, ladder in ORDERED.items():
        assert found[name].cat.ordered
        assert found[name].cat.categories.tolist() == ladder
    assert found["claim_type"].cat.categories.tolist() == list(auditor.pack.claim_types)
    assert set(found.loc[found["verdict"] >= "overstated", "verdict"]) == {"contradicted", "overstated"}
    assert found["verdict"].max() == "contradicted"
    assert found["review"].dtype == bool
    for name in ("start", "end", "sentence_start", "sentence_end"):
        assert found[name].dtype == "int64"
    for name in ("text", "sentence", "message", "suggestion", "listing_id"):
        assert pd.api.types.is_string_dtype(found[name])


@pytest.mark.parametrize("show", ["all", "flagged", "near-misses"])
def test_nothing_found_has_the_same_columns_dtypes_and_categories(show: str, auditor: Auditor) -> None:
    full = audit_frame(goods(), "description", auditor=auditor, show=show)
    no_finding = audit_frame(goods().assign(description="A cable, two metres."), "description", auditor=auditor, show=show)
    no_row = audit_frame(goods()[:0], "description", auditor=auditor, show=show)
    for frame in (no_finding, no_row):
        assert frame.empty
        pd.testing.assert_series_equal(frame.dtypes, full.dtypes)
        pd.testing.assert_frame_equal(pd.concat([full, frame]), full)


def test_rows_have_their_columns_whatever_is_given(auditor: Auditor) -> None:
    full = audit_rows(goods(), "description", auditor=auditor)
    empty = audit_rows(goods()[:0], "description", auditor=auditor)
    assert list(full.columns) == list(ROW_COLUMNS)
    pd.testing.assert_series_equal(empty.dtypes, full.dtypes)
    assert full["worst"].cat.ordered
    assert full[["worst", "contradicted", "overstated", "consistent", "near_misses", "complete"]].to_dict("index") == {
        "pen": row("contradicted", 3, 1, 1),
        "cream": row("consistent", 0, 0, 2),
        "pen 2": row("contradicted", 3, 1, 1),
    }
    assert goods().join(full)["contradicted"].tolist() == [3, 0, 3]


def row(worst: str, contradicted: int, overstated: int, consistent: int) -> dict[str, Any]:
    return {
        "worst": worst,
        "contradicted": contradicted,
        "overstated": overstated,
        "consistent": consistent,
        "near_misses": 0,
        "complete": True,
    }


def test_what_was_not_read_is_counted_and_said(auditor: Auditor) -> None:
    df = pd.DataFrame({"text": [PEN, None, float("nan"), pd.NA, 12, "", b"Painless"]})
    with pytest.warns(
        NotReadWarning, match=r"6 of 7 texts were not read, or not in full: 3 missing, 1 no-words, 2 not-text\."
    ):
        found = audit_frame(df, auditor=auditor)
    assert set(found.index) == {0}
    assert found.attrs["claimaudit"] == {
        "signature": str(auditor.signature),
        "listings": 7,
        "complete": 1,
        "not_read": {"missing": 3, "no-words": 1, "not-text": 2},
    }
    with pytest.warns(NotReadWarning):
        rows = df.claimaudit.rows(auditor=auditor)
    assert rows["complete"].tolist() == [True, *[False] * 6]
    assert rows["unchecked"].tolist() == [
        [],
        *[["column 'text' is missing. Give the copy as a string."]] * 3,
        ["column 'text' is int, not text. Give the copy as a string."],
        ["the text is empty."],
        ["column 'text' is bytes, not text. Give the copy as a string."],
    ]
    assert rows["in_scope"].isna().tolist() == [False, True, True, True, True, False, True]


def test_copy_over_the_limit_is_said_too() -> None:
    with pytest.warns(NotReadWarning, match="3 of 3 texts were not read, or not in full: 3 too-long"):
        found = audit_frame(goods(), "description", speed="patterns", max_characters=20)
    assert found.attrs["claimaudit"]["not_read"] == {"too-long": 3}


def test_all_read_says_nothing(auditor: Auditor) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = audit_frame(goods(), "description", auditor=auditor)
    assert found.attrs["claimaudit"]["not_read"] == {}
    assert found.attrs["claimaudit"]["complete"] == 3


def test_the_frame_given_stays_as_it_is(auditor: Auditor) -> None:
    df = goods(notes=[["a"], ["b"], ["c"]])
    df.attrs = {"origin": ["shop"]}
    before, attrs = df.copy(deep=True), copy.deepcopy(df.attrs)
    for call in (audit_frame, audit_rows):
        result = call(df, "description", auditor=auditor)
        result.loc[:, "listing_id"] = "another"
        pd.testing.assert_frame_equal(df, before)
        assert df.attrs == attrs


@pytest.mark.parametrize("dtype", ["object", "str", "string", "category"])
def test_any_kind_of_text_column(dtype: str, auditor: Auditor) -> None:
    df = goods()
    expected = audit_frame(df, "description", auditor=auditor)
    pd.testing.assert_frame_equal(audit_frame(df.astype({"description": dtype}), "description", auditor=auditor), expected)


def test_several_columns_are_the_fields_of_one_listing(auditor: Auditor) -> None:
    df = pd.DataFrame({"title": ["Freckle pen for home use", None], 7: ["No pain!", "Laser clinic. Results guaranteed."]})
    found = audit_frame(df, ["title", 7], auditor=auditor)
    assert found[["field", "claim_type", "setting", "start"]].to_numpy().tolist() == [
        ["7", "painless", "home", 0],
        ["7", "guaranteed_results", "clinic", 14],
    ]
    assert found["field"].cat.categories.tolist() == ["title", "7"]
    fields = Listing.of_fields("0", {"title": df.at[0, "title"], "7": df.at[0, 7]})
    assert found[:1]["why"].tolist() == [auditor.audit(fields).records()[0]["why"]]
    rows = audit_rows(df, ["title", 7], auditor=auditor)
    assert rows[["complete", "contradicted"]].to_numpy().tolist() == [[True, 1], [True, 1]]


def test_a_row_without_copy_in_any_column(auditor: Auditor) -> None:
    df = pd.DataFrame({"title": ["Pen", None, "Pen", None], "copy": [3, "", "No pain!", pd.NA]})
    with pytest.warns(NotReadWarning, match="3 of 4 texts"):
        rows = audit_rows(df, ["title", "copy"], auditor=auditor)
    assert rows["complete"].tolist() == [False, False, True, False]
    assert rows["unchecked"].tolist() == [
        ["column 'copy' is int, not text. Give the copy as a string."],
        ["the text is empty."],
        [],
        ["columns 'title', 'copy' are missing. Give the copy as a string."],
    ]


def test_of_several_columns_it_is_told_which_was_not_read() -> None:
    df = pd.DataFrame({"title": ["Freckle pen"], "copy": ["No pain! " * 9]})
    with pytest.warns(NotReadWarning):
        rows = audit_rows(df, ["title", "copy"], speed="patterns", max_characters=40)
    assert rows["unchecked"].tolist()[0][0].startswith("copy: characters 40 to 81 were not read")


def test_ids_and_settings_of_the_rows(auditor: Auditor) -> None:
    df = goods(sku=["A-1", None, 7], channel=["clinic", "", None])
    columns: dict[str, Any] = {"id_column": "sku", "setting_column": "channel"}
    found = audit_frame(df, "description", auditor=auditor, **columns)
    assert found.groupby("listing_id")["setting"].unique().map(list).to_dict() == {
        "A-1": ["clinic"],
        "cream": ["home"],
        "7": ["home"],
    }
    rows = audit_rows(df, "description", speed="patterns", setting="clinic", **columns)
    assert rows["listing_id"].tolist() == ["A-1", "cream", "7"]
    assert rows["setting"].tolist() == ["clinic"] * 3


def test_ids_of_whole_numbers_are_those_of_the_file(auditor: Auditor) -> None:
    found = audit_rows(goods(sku=[101, None, 103]), "description", id_column="sku", speed="patterns")
    assert found["listing_id"].tolist() == ["101", "cream", "103"]


def test_a_row_with_an_impossible_setting_does_not_lose_the_others(auditor: Auditor) -> None:
    df = goods(channel=["shed", "home", "home"])
    with pytest.warns(NotReadWarning, match="1 refused"):
        rows = audit_rows(df, "description", auditor=auditor, setting_column="channel")
    assert rows["complete"].tolist() == [False, True, True]
    assert "setting 'shed' is none of home, clinic" in rows["unchecked"].iloc[0][0]


def test_a_row_that_breaks_the_audit_does_not_lose_the_others(auditor: Auditor, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = auditor.audit
    monkeypatch.setattr(auditor, "audit", lambda listing: audit(listing) if listing.id != "cream" else 1 / 0)
    with pytest.warns(NotReadWarning, match="1 failed"):
        rows = audit_rows(goods(), "description", auditor=auditor)
    assert rows["complete"].tolist() == [True, False, True]
    assert "the audit failed (ZeroDivisionError: division by zero)" in rows["unchecked"].iloc[1][0]


def test_the_setting_is_the_one_of_other_listing_rows(auditor: Auditor) -> None:
    text = "A cable, two metres."
    result = auditor.audit(text)
    assert result.scope.setting == "unknown"
    rows = audit_rows(pd.DataFrame({"text": [text]}), auditor=auditor)
    assert rows["setting"].tolist() == [listing_row(result)["setting"]] == ["clinic"]


def test_near_misses_have_no_verdict(auditor: Auditor) -> None:
    df = pd.DataFrame({"text": ["Freckle pen. Does it hurt?"]})
    near = audit_frame(df, auditor=auditor, show="near-misses")
    assert len(near)
    assert near["verdict"].isna().all()
    assert audit_frame(df, auditor=auditor).empty


def test_every_option_reaches_the_auditor() -> None:
    given: dict[str, Any] = {"setting": "clinic", "jurisdictions": ("uk",), "speed": "patterns", "max_characters": 500}
    assert set(given) == {field.name for field in fields(AuditSettings)}
    found = audit_frame(goods(), "description", **given)
    assert found.attrs["claimaudit"]["signature"] == str(Auditor(**given).signature)
    pd.testing.assert_frame_equal(found, goods().claimaudit.findings("description", **given))
    with pytest.raises(SettingsError, match="uses no model"):
        audit_frame(goods(), "description", speed="patterns", model="somewhere")


def test_another_pack_brings_its_own_categories() -> None:
    df = pd.DataFrame({"text": ["Snake plant in a pot: unkillable, and it cleans the air of your room."]})
    found = audit_frame(df, pack=str(HOUSEPLANTS), speed="patterns")
    assert set(found["claim_type"]) <= {"air_cleaning", "unkillable"}
    assert len(found)
    assert found["claim_type"].cat.categories.tolist() == list(Auditor(HOUSEPLANTS, speed="patterns").pack.claim_types)


def test_one_auditor_for_many_frames_gives_the_same(auditor: Auditor) -> None:
    df = goods()
    parts = [audit_frame(df[at : at + 1], "description", auditor=auditor) for at in range(3)]
    pd.testing.assert_frame_equal(pd.concat(parts), audit_frame(df, "description", auditor=auditor))
    pd.testing.assert_frame_equal(df.pipe(audit_frame, "description", auditor=auditor), pd.concat(parts))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: audit_frame(goods()),
            InputError,
            "column 'text' is not in the frame. Choose among: description",
        ),
        (
            lambda: audit_frame(goods(), "description", id_column="sku"),
            InputError,
            "column 'sku' is not in",
        ),
        (lambda: audit_frame(goods(), []), InputError, "text names no column"),
        (lambda: audit_frame(goods(), ["description", "description"]), InputError, "names a column twice"),
        (lambda: audit_frame(pd.DataFrame()), InputError, "it has no columns"),
        (lambda: audit_frame(["a"]), InputError, "wanted a pandas DataFrame, got list"),  # type: ignore[arg-type]
        (
            lambda: audit_frame(pd.DataFrame([["a", "b"]], columns=["text", "text"])),
            InputError,
            "column 'text' stands 2 times",
        ),
        (
            lambda: audit_frame(goods(), "description", show="some"),
            SettingsError,
            "show must be one of all, flagged, near-misses",
        ),
        (lambda: audit_frame(goods(), "description", sped="fast"), SettingsError, "there is no setting 'sped'"),
    ],
)
def test_errors_say_what_and_the_mend(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_an_auditor_and_options_contradict(auditor: Auditor) -> None:
    with pytest.raises(SettingsError, match="give an auditor or setting, not both"):
        audit_frame(goods(), "description", auditor=auditor, setting="home")


def test_a_result_as_a_frame_has_the_same_dtypes(auditor: Auditor) -> None:
    full, empty = auditor.audit(PEN).to_frame(), frame_of([])
    pd.testing.assert_series_equal(
        full.dtypes.drop(["field", "claim_type", "setting", "pack", "model", "version"]),
        empty.dtypes.drop(["field", "claim_type", "setting", "pack", "model", "version"]),
    )
    assert isinstance(empty["claim_type"].dtype, pd.CategoricalDtype)


def test_the_library_alone_loads_no_pandas() -> None:
    code = "import sys, claimaudit; assert 'claimaudit.integrations.pandas' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_another_accessor_of_the_name_is_not_silently_replaced() -> None:
    code = (
        "import pandas as pd\n"
        "pd.api.extensions.register_dataframe_accessor('claimaudit')(type('Other', (), {}))\n"
        "import claimaudit.integrations.pandas"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert done.returncode
    assert "overriding a preexisting attribute" in done.stderr
    reload = "import importlib, claimaudit.integrations.pandas as faces; importlib.reload(faces)"
    subprocess.run([sys.executable, "-W", "error", "-c", reload], check=True)
