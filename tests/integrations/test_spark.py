"""Audits a frame of a real local session: two worker processes, several partitions, small batches."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import pickle
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from claimaudit import Auditor, InputError, Listing, SettingsError, load_pack
from claimaudit.audit import AuditSettings
from claimaudit.batch.readers import Columns
from claimaudit.batch.run import scan_catalogue
from claimaudit.batch.writers import Table
from claimaudit.integrations import spark as face
from claimaudit.spark import audit_dataframe, audit_listings, findings_ddl, findings_of, listings_ddl
from tests.batch.conftest import write_catalogue

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")

TEXTS = ("title", "bullets", "description")
PEN = "Pico pen for home use, USB.\nRemoves freckles instantly and permanently. No pain!\nDoes it hurt?"


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("needs pyspark: pip install 'claimaudit[spark]'")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("needs Java: apt-get install default-jre-headless")
    from pyspark.sql import SparkSession

    place = tmp_path_factory.mktemp("spark")
    options = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "512m",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # starts sooner
        "spark.local.dir": str(place),
        "spark.sql.warehouse.dir": str(place / "warehouse"),
        "spark.sql.shuffle.partitions": "2",
    }
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYSPARK_PYTHON", sys.executable)
        environment.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        builder = SparkSession.builder.master("local[2]").appName("claimaudit")
        for name, value in options.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        yield session
        session.stop()


@pytest.fixture(scope="session")
def goods(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_catalogue(tmp_path_factory.mktemp("goods") / "goods.csv", 40)


def frame_of(spark: Any, goods: Path) -> Any:
    with goods.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return spark.createDataFrame(rows, ", ".join(f"{name} STRING" for name in header))


def as_dicts(df: Any) -> list[dict[str, Any]]:
    return [row.asDict(recursive=True) for row in df.collect()]


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def in_order(rows: Iterable[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row) for row in rows)


@pytest.mark.parametrize(("partitions", "batch"), [(3, 4), (7, 10_000)])
def test_the_rows_are_those_of_one_machine(spark: Any, goods: Path, tmp_path: Path, partitions: int, batch: int) -> None:
    scan_catalogue(
        [str(goods)],
        tmp_path / "findings.jsonl",
        listings=tmp_path / "listings.jsonl",
        columns=Columns(text=TEXTS, id="sku", keep=("seller",)),
        workers=1,
        speed="patterns",
    )
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", batch)
    df = frame_of(spark, goods).repartition(partitions)
    rows = audit_listings(df, TEXTS, id_col="sku", keep=["seller"], speed="patterns").persist()
    expected = lines_of(tmp_path / "findings.jsonl")
    assert {record["field"] for record in expected} == {"bullets", "description"}
    assert list(as_dicts(findings_of(rows))[0]) == list(expected[0])
    assert in_order(as_dicts(findings_of(rows))) == in_order(expected)
    listings = as_dicts(rows.drop("rejected", "findings"))
    assert in_order(listings) == in_order(lines_of(tmp_path / "listings.jsonl"))
    assert rows.where("rejected IS NOT NULL").count() == 0
    rows.unpersist()


def test_a_worker_process_loads_once(spark: Any, goods: Path) -> None:
    settings = AuditSettings(speed="patterns", max_characters=12_345)  # nobody else's
    signature = str(Auditor(settings=settings).signature)
    worker = face._Worker(
        face._Loading(None, None, settings, signature), Columns(text=TEXTS, id="sku"), ("sku", *TEXTS), "all"
    )

    def loads(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa

        from claimaudit.integrations.spark import _loaded

        before = _loaded.cache_info()
        list(worker.audit(batches))
        after = _loaded.cache_info()
        yield pa.RecordBatch.from_pylist(
            [{"process": os.getpid(), "asked": after.hits + after.misses - before.hits - before.misses,
              "loaded": after.misses - before.misses}]
        )  # fmt: skip

    df = frame_of(spark, goods).select("sku", *TEXTS).repartition(8)
    rows = as_dicts(df.mapInArrow(loads, "process BIGINT, asked BIGINT, loaded BIGINT"))
    by_process: Counter[int] = Counter()
    for row in rows:
        by_process[row["process"]] += row["loaded"]
    assert os.getpid() not in by_process
    assert sum(row["asked"] for row in rows) == 8
    assert 2 <= len(by_process) < 8
    assert set(by_process.values()) == {1}


def test_with_a_model(spark: Any) -> None:
    texts = {str(number): f"{PEN} Spots fade within {number} weeks." for number in range(4)}
    auditor = Auditor(speed="fast")
    df = spark.createDataFrame(list(texts.items()), "id STRING, text STRING").repartition(3)
    expected = [
        record for id_, text in texts.items() for record in auditor.audit(Listing(id_, text, field="text")).records()
    ]
    assert in_order(as_dicts(audit_dataframe(df, speed="fast"))) == in_order(expected)


def test_what_cannot_be_read_is_said_and_the_others_are_read(spark: Any, goods: Path) -> None:
    rows = [
        ("good", PEN, None),
        ("null", None, None),
        (None, "No pain!", None),
        ("  ", "No pain!", None),
        ("shed", "No pain!", "shed"),
        ("broken", "No pain!", "home"),
    ]
    df = spark.createDataFrame(rows, "id STRING, text STRING, setting STRING").repartition(3)
    df = df.selectExpr("id", "IF(id = 'broken', CAST(X'4eff' AS STRING), text) AS text", "setting", "7 AS shop")
    read = as_dicts(audit_listings(df, keep=["shop"], speed="patterns"))
    said = {row["listing_id"]: row["rejected"] for row in read}
    assert len(read) == len(rows)
    assert {id_: said[id_] for id_ in ("good", "null", "shed")} == {
        "good": None,
        "null": "column 'text' is missing. Give the copy as a string.",
        "shed": "column 'setting' is 'shed', which is no setting of the pack. "
        "Use one of home, clinic, or leave it out to have it inferred.",
    }
    assert said["broken"].startswith("column 'text' holds bytes that are not UTF-8.")
    assert said[None] == said["  "] == "column 'id' is missing. Give each listing an id."
    assert {row["shop"] for row in read} == {"7"}
    for row in read:
        assert row["complete"] is (row["listing_id"] == "good") is bool(row["findings"])


def test_a_listing_that_makes_the_audit_fail_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    pa = pytest.importorskip("pyarrow")

    class Failing(Auditor):
        def audit(self, listing: Listing | str) -> Any:
            if isinstance(listing, Listing) and listing.id == "b":
                raise RuntimeError("too odd")
            return super().audit(listing)

    monkeypatch.setattr(face, "_loaded", lambda _: Failing(speed="patterns"))
    worker = face._Worker(face._Loading(None, None, AuditSettings()), Columns(id="id"), ("id", "text"), "all")
    batch = pa.RecordBatch.from_pylist([{"id": id_, "text": PEN} for id_ in "abc"])
    (audited,) = worker.audit(iter([batch]))
    rows = audited.to_pylist()
    assert [bool(row["findings"]) for row in rows] == [True, False, True]
    assert "the audit failed (RuntimeError: too odd)" in rows[1]["rejected"]


def test_ids_settings_and_what_is_shown(spark: Any) -> None:
    df = spark.createDataFrame([(7, PEN, "clinic", "a")], "no BIGINT, `the copy` STRING, channel STRING, `a.b` STRING")
    options: dict[str, Any] = {"id_col": "no", "setting_col": "channel", "keep": ["a.b"], "speed": "patterns"}
    (near,) = as_dicts(audit_dataframe(df, "the copy", show="near-misses", **options))
    assert (near["listing_id"], near["setting"], near["verdict"], near["a.b"]) == ("7", "clinic", None, "a")
    flagged = as_dicts(audit_dataframe(df, "the copy", show="flagged", **options))
    assert {row["verdict"] for row in flagged} <= {"contradicted", "overstated"}
    assert len(flagged) > 1


def test_the_columns_are_fixed(spark: Any) -> None:
    from pyspark.sql.pandas.types import from_arrow_schema

    df = spark.createDataFrame([], "id STRING, text STRING, seller STRING")
    found = audit_dataframe(df, keep=["seller"], speed="patterns")
    expected = from_arrow_schema(Table.of_findings(["seller"]).arrow_schema())
    assert found.schema.simpleString() == expected.simpleString()
    assert spark.createDataFrame([], findings_ddl(["seller"])).schema == found.schema
    rows = audit_listings(df, keep=["seller"], speed="patterns", jurisdictions=["uk"])
    assert spark.createDataFrame([], listings_ddl(["seller"])).schema == rows.schema
    assert rows.collect() == found.collect() == []


@pytest.mark.parametrize(
    ("columns", "options", "error", "message"),
    [
        ("id STRING, copy STRING", {}, InputError, r"column 'text' is not in the frame\. Choose among: id, copy"),
        ("text STRING", {}, InputError, "column 'id' is not in the frame"),
        ("id STRING, text STRING", {"setting_col": "channel"}, InputError, "column 'channel' is not in the frame"),
        ("id STRING, text STRING, text STRING", {}, InputError, "column 'text' stands 2 times"),
        ("id STRING, text INT", {}, InputError, "column 'text' is int, not text"),
        ("id STRING, text STRING, Verdict INT", {"keep": ["Verdict"]}, SettingsError, "keep: 'Verdict' is a column of the"),
        ("id STRING, text STRING", {"text_col": []}, SettingsError, "no text column is named"),
        ("id STRING, text STRING", {"show": "some"}, SettingsError, "show must be one of all, flagged, near-misses"),
        ("id STRING, text STRING", {"sped": "fast"}, SettingsError, "there is no setting 'sped'"),
        ("id STRING, text STRING", {"settings": AuditSettings(), "speed": "fast"}, SettingsError, "give settings or speed"),
        ("id STRING, text STRING", {"pack": load_pack()}, SettingsError, "name or the folder of a pack"),
    ],
)
def test_errors_come_on_the_driver(
    spark: Any, columns: str, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        audit_dataframe(spark.createDataFrame([], columns), **options)


def test_only_frames_of_spark_are_taken(spark: Any) -> None:
    with pytest.raises(InputError, match="wanted a Spark DataFrame, got list"):
        audit_dataframe([{"id": "a", "text": "b"}])  # type: ignore[arg-type]


@pytest.mark.parametrize("call", [audit_dataframe, audit_listings, findings_of])
def test_without_pyspark_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, call: Any) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(InputError, match=r"extra 'spark': pip install 'claimaudit\[spark\]'"):
        call(None)


def test_a_worker_that_is_installed_otherwise_refuses() -> None:
    loading = face._Loading(None, None, AuditSettings(speed="patterns"), "claimaudit:0.0.1|pack:other")
    with pytest.raises(SettingsError, match=r"the driver with claimaudit:0\.0\.1\|pack:other\. Install the same"):
        face._loaded(pickle.loads(pickle.dumps(loading)))
