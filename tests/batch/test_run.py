"""A scan: same bytes whatever the workers, blocks and interruptions; what is refused; what is counted."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from claimaudit import Auditor, InputError, Listing, OutputError, SettingsError, Verdict
from claimaudit.batch import run
from claimaudit.batch.dossier import DossierFiles
from claimaudit.batch.readers import Columns, Entry, Rejected
from claimaudit.batch.run import Progress, ScanSummary, audit_entries, repeat_scan, scan_catalogue
from claimaudit.decisions.baseline import Baseline, Choice, Decision, Known
from tests.batch.conftest import write_catalogue

COLUMNS = Columns(text=("title", "bullets", "description"), id="sku", keep=("seller",))


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "BLOCK_LISTINGS", 20)


@pytest.fixture
def goods(tmp_path: Path) -> Path:
    return write_catalogue(tmp_path / "goods.csv", 70)


def scan(source: Path, output: Path, **options: Any) -> ScanSummary:
    given = {"columns": COLUMNS, "workers": 1, "speed": "patterns"}
    return scan_catalogue([str(source)], output, **{**given, **options})


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet", "xlsx"])
def test_the_same_bytes_from_any_number_of_workers(form: str, goods: Path, tmp_path: Path) -> None:
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        folder.mkdir()
        done = scan(goods, folder / f"out.{form}", listings=folder / f"listings.{form}", workers=workers)
        assert (done.blocks, done.reused, done.counts.listings) == (4, 0, 70)
    for name in (f"out.{form}", f"listings.{form}"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_the_rows_are_those_of_an_auditor(goods: Path, tmp_path: Path, auditor: Auditor) -> None:
    scan(goods, tmp_path / "out.jsonl", listings=tmp_path / "listings.jsonl")
    found = records(tmp_path / "out.jsonl")
    expected = []
    for line in run.read_listings([str(goods)], columns=COLUMNS):
        assert isinstance(line, Entry)
        expected += [{**record, **line.kept} for record in auditor.audit(line.listing).records()]
    assert found == expected
    assert {record["field"] for record in found} == {"title", "bullets", "description"} - {"title"}
    rows = records(tmp_path / "listings.jsonl")
    assert [row["listing_id"] for row in rows] == [f"sku-{number}" for number in range(70)]
    assert {row["seller"] for row in rows} == {"seller 0", "seller 1", "seller 2"}
    for verdict in Verdict:
        assert sum(row[verdict.value] for row in rows) == sum(record["verdict"] == verdict.value for record in found)
    same = [record["group"] for record in found if record["sentence"] == "No pain!"]
    assert len(same) > 2
    assert len(set(same)) == 1


def test_an_interrupted_scan_goes_on(goods: Path, tmp_path: Path) -> None:
    scan(goods, tmp_path / "whole.jsonl")
    audited: list[int] = []

    def stop(progress: Progress) -> None:
        audited.append(progress.listings)
        if len(audited) == 2:
            raise KeyboardInterrupt

    output = tmp_path / "out.jsonl"
    with pytest.raises(KeyboardInterrupt):
        scan(goods, output, progress=stop)
    assert not output.exists()
    done = scan(goods, output, progress=lambda progress: audited.append(progress.listings))
    assert (done.reused, done.blocks) == (2, 4)
    assert audited == [20, 40, 20, 40, 60, 70]
    assert output.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert not (tmp_path / "out.jsonl.work").exists()


@pytest.mark.parametrize("removed", range(6))  # four blocks, the lock, the job
def test_a_scan_killed_while_it_clears_up_can_be_started_again(
    removed: int, goods: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(goods, tmp_path / "whole.jsonl")
    output = tmp_path / "out.jsonl"
    gone: list[Path] = []
    unlink = Path.unlink

    def die(path: Path, missing_ok: bool = False) -> None:
        if path.parent.suffix == ".work":
            if len(gone) == removed:
                raise KeyboardInterrupt
            gone.append(path)
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", die)
        with pytest.raises(KeyboardInterrupt):
            scan(goods, output)
    assert len(gone) == removed
    scan(goods, output)
    assert output.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert not (tmp_path / "out.jsonl.work").exists()


def interrupted(goods: Path, output: Path, **options: Any) -> Path:
    def stop(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(goods, output, progress=stop, **options)
    return output.with_name(output.name + ".work")


def test_another_job_does_not_go_on_with_it(goods: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    work = interrupted(goods, output)
    with pytest.raises(OutputError, match=r"out\.jsonl\.work: .*other options \(settings\)\. .*--restart"):
        scan(goods, output, setting="home")
    assert work.is_dir()
    done = scan(goods, output, setting="home", restart=True)
    assert done.reused == 0
    assert {record["setting"] for record in records(output)} == {"home"}


def test_what_changed_in_the_input_is_audited_anew(goods: Path, tmp_path: Path) -> None:
    """So that a mended row costs its block alone, and yesterday's work never ends in today's output."""
    output = tmp_path / "out.jsonl"

    def stop(progress: Progress) -> None:
        if progress.listings == 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(goods, output, progress=stop)
    lines = goods.read_text("utf-8").split("\n")
    lines[30] = 'sku-29,"Pico pen for home use, USB",It does not hurt.,Fades freckles for good.,seller 9'
    goods.write_text("\n".join(lines), "utf-8")
    done = scan(goods, output)
    assert done.reused == 2
    scan(goods, tmp_path / "whole.jsonl")
    assert output.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert any(record["seller"] == "seller 9" for record in records(output))


def test_a_folder_that_is_not_its_own_is_left_alone(goods: Path, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl.work").mkdir()
    mine = tmp_path / "out.jsonl.work" / "diary.txt"
    mine.write_text("dear", "utf-8")
    for restart in (False, True):
        with pytest.raises(OutputError, match="is not the work of a scan"):
            scan(goods, tmp_path / "out.jsonl", restart=restart)
    assert mine.exists()


def test_a_block_that_is_not_whole_is_audited_anew(goods: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    (block,) = interrupted(goods, output).glob("0*")
    block.write_bytes(block.read_bytes()[:-1])
    assert scan(goods, output).reused == 0


def test_bad_rows_are_written_down(tmp_path: Path) -> None:
    source = tmp_path / "goods.jsonl"
    rows = [{"id": f"g{number}", "text": "Pen for home use. No pain!"} for number in range(45)]
    lines = [json.dumps(row) for row in rows]
    lines[5] = "no json"
    lines[33] = json.dumps({"id": "g0", "text": "again"})
    source.write_text("\n".join(lines), "utf-8")
    options: dict[str, Any] = {"columns": Columns(), "listings": tmp_path / "listings.csv"}
    done = scan(source, tmp_path / "out.jsonl", **options)
    assert (done.counts.listings, done.counts.rejected, done.counts.is_complete) == (43, 2, False)
    rejects = records(tmp_path / "out.jsonl.rejects.jsonl")
    assert [(row["file"], row["row"], row["column"]) for row in rejects] == [(str(source), 6, None), (str(source), 34, "id")]
    assert all(row["reason"] and row["mend"] for row in rejects)
    with pytest.raises(InputError, match=r"goods\.jsonl:6: not JSON"):
        scan(source, tmp_path / "strict.jsonl", strict=True, columns=Columns())
    lines[5], lines[33] = json.dumps(rows[5]), json.dumps(rows[33])
    source.write_text("\n".join(lines), "utf-8")
    done = scan(source, tmp_path / "out.jsonl", **options)
    assert done.counts.is_complete
    assert not (tmp_path / "out.jsonl.rejects.jsonl").exists(), "of the run before, so it would mislead"
    scan(source, tmp_path / "out.jsonl", rejects=tmp_path / "bad.jsonl", **options)
    assert (tmp_path / "bad.jsonl").read_bytes() == b""


def test_a_listing_that_breaks_the_audit_costs_itself_alone(auditor: Auditor, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = auditor.audit
    monkeypatch.setattr(auditor, "audit", lambda listing: audit(listing) if listing.id != "b" else 1 / 0)
    items = [Entry(Listing(name, "No pain!"), "f", row, {}) for row, name in enumerate("abc", 1)]
    outcomes = list(audit_entries(auditor, DossierFiles().read(auditor.pack), items))
    assert isinstance(outcomes[1], Rejected)
    assert str(outcomes[1]).startswith("f:2: the audit failed (ZeroDivisionError: division by zero).")
    assert [outcome[1].listing.id for outcome in outcomes if not isinstance(outcome, Rejected)] == ["a", "c"]


def test_strict_hears_a_listing_that_breaks_the_audit(goods: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Auditor, "audit", lambda *_: 1 / 0)
    with pytest.raises(InputError, match=r"goods\.csv:2: the audit failed"):
        scan(goods, tmp_path / "out.jsonl", strict=True)


def test_the_manifest_repeats_the_run(goods: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.parquet"
    scan(goods, output, listings=tmp_path / "listings.csv", setting="home", jurisdictions=("uk",), show="flagged")
    told = json.loads((tmp_path / "out.parquet.manifest.json").read_text("utf-8"))
    assert told["inputs"][0]["sha256"] == hashlib.sha256(goods.read_bytes()).hexdigest()
    assert told["outputs"]["findings"]["sha256"] == hashlib.sha256(output.read_bytes()).hexdigest()
    assert told["counts"]["listings"] == 70
    again = tmp_path / "again.parquet"
    repeat_scan(tmp_path / "out.parquet.manifest.json", again, listings=tmp_path / "listings-again.csv", workers=2)
    assert again.read_bytes() == output.read_bytes()
    assert (tmp_path / "listings-again.csv").read_bytes() == (tmp_path / "listings.csv").read_bytes()


def test_a_run_that_cannot_be_repeated_is_refused(goods: Path, tmp_path: Path) -> None:
    scan(goods, tmp_path / "out.jsonl")
    manifest = tmp_path / "out.jsonl.manifest.json"
    told = json.loads(manifest.read_text("utf-8"))
    told["job"]["pack"]["sha256"] = "0" * 64
    other = tmp_path / "other.json"
    other.write_text(json.dumps(told), "utf-8")
    with pytest.raises(InputError, match="another pack"):
        repeat_scan(other, tmp_path / "again.jsonl")
    goods.write_text(goods.read_text("utf-8") + "more,a,b,c,d\n", "utf-8")
    with pytest.raises(InputError, match=r"goods\.csv: changed since the scan"):
        repeat_scan(manifest, tmp_path / "again.jsonl")
    nested = tmp_path / "nested.json"
    nested.write_text("[" * 50_000, "utf-8")
    for wrong in (goods, nested):
        with pytest.raises(InputError, match="no manifest of format"):
            repeat_scan(wrong, tmp_path / "again.jsonl")


def test_what_came_or_went_in_a_folder_cannot_be_repeated(goods: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    shutil.move(goods, folder / "goods.csv")
    write_catalogue(folder / "more.csv", 0)
    output, manifest = folder / "out.jsonl", folder / "out.jsonl.manifest.json"
    scan(folder, output)
    before = output.read_bytes()
    repeat_scan(manifest, output)
    assert output.read_bytes() == before
    with pytest.raises(InputError, match=r"out\.jsonl: not there when .*\. Move it"):
        repeat_scan(manifest, tmp_path / "again.jsonl")
    (folder / "more.csv").unlink()
    with pytest.raises(InputError, match=r"more\.csv: missing since the scan of .*\. Restore it"):
        repeat_scan(manifest, output)
    with pytest.raises(OutputError, match="is read or written already"):
        repeat_scan(manifest, manifest)


def test_standard_input_cannot_be_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"Spot pen, USB. No pain!")))
    scan(Path("-"), tmp_path / "out.jsonl", columns=Columns())
    with pytest.raises(InputError, match="read standard input, which nobody kept"):
        repeat_scan(tmp_path / "out.jsonl.manifest.json", tmp_path / "again.jsonl")


def test_what_it_cannot_write_it_says_before_the_work(goods: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "read_listings", lambda *_, **__: 1 / 0)
    (tmp_path / "folder.csv").mkdir()
    for output, message in (
        (tmp_path / "no" / "out.csv", "there is no folder"),
        (tmp_path / "folder.csv", "no regular file"),
        (goods, "is read or written already"),
    ):
        with pytest.raises(OutputError, match=message):
            scan(goods, output)
    with pytest.raises(OutputError, match="is read or written already"):
        scan(goods, tmp_path / "out.csv", listings=tmp_path / "out.csv")
    known, documents = tmp_path / "known.jsonl", tmp_path / "documents.csv"
    for options in (
        {"output": known, "baseline": known},
        {"output": documents, "substantiation": documents},
        {"output": tmp_path / "out.csv", "substantiation": documents, "write_baseline": documents},
        {"output": known, "baseline": known, "write_baseline": known},
    ):
        with pytest.raises(OutputError, match="is read or written already"):
            scan(goods, **options)
    with pytest.raises(SettingsError, match="workers must be at least 1"):
        scan(goods, tmp_path / "out.csv", workers=0)
    with pytest.raises(SettingsError, match="show must be one of"):
        scan(goods, tmp_path / "out.csv", show="some")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.csv", "goods.csv"]


@pytest.mark.parametrize(("restart", "mend"), [(False, "again: what"), (True, "again, without --restart: what")])
def test_a_full_disk_keeps_what_is_done(
    restart: bool, mend: str, goods: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out.jsonl"
    scan(goods, output)
    before = output.read_bytes()
    replace = run.os.replace
    left = iter(range(3))

    def full(source: Path, target: Path) -> None:
        if next(left, None) is None:
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(run.os, "replace", full)
    with pytest.raises(OutputError, match=rf"No space left on device\. Mend that and start the same command {mend} is done"):
        scan(goods, output, restart=restart)
    monkeypatch.setattr(run.os, "replace", replace)
    assert output.read_bytes() == before
    assert scan(goods, output).reused == 2
    assert output.read_bytes() == before


def test_two_scans_do_not_work_on_one_output(goods: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"

    def second(_: Progress) -> None:
        with pytest.raises(OutputError, match="another scan is at work here"):
            scan(goods, output)

    assert scan(goods, output, progress=second).counts.listings == 70


def test_a_folder_does_not_read_what_it_is_scanned_into(goods: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    shutil.move(goods, folder / "goods.csv")
    for _ in range(2):
        done = scan(folder, folder / "out.jsonl", listings=folder / "listings.csv")
        assert done.counts.listings == 70


def test_a_folder_does_not_read_the_baseline_that_lies_in_it(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"id": "a", "text": "Freckle pen, USB. No pain!"}) + "\n", "utf-8")
    baseline = tmp_path / "baseline.jsonl"
    first = scan(tmp_path, tmp_path / "out.jsonl", columns=Columns(), write_baseline=baseline)
    again = scan(tmp_path, tmp_path / "out.jsonl", columns=Columns(), baseline=baseline)
    assert (first.counts.listings, first.counts.rejected) == (again.counts.listings, again.counts.rejected) == (1, 0)
    assert again.counts.flagged == 0


def test_blocks_end_by_their_characters_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(run, "BLOCK_CHARACTERS", 50)
    source = tmp_path / "goods.jsonl"
    source.write_text("".join(json.dumps({"id": str(n), "text": "Pen. " * 5}) + "\n" for n in range(9)), "utf-8")
    assert scan(source, tmp_path / "out.jsonl", columns=Columns()).blocks == 5


def test_nothing_to_scan(tmp_path: Path) -> None:
    source = tmp_path / "goods.csv"
    source.write_text("id,text\n", "utf-8")
    done = scan(source, tmp_path / "out.csv", columns=Columns())
    assert done.counts.listings == 0
    assert (tmp_path / "out.csv").read_text("utf-8").startswith("listing_id,field,")


def test_what_a_baseline_holds_is_counted_and_not_reported(goods: Path, tmp_path: Path) -> None:
    first = scan(goods, tmp_path / "first.jsonl", write_baseline=tmp_path / "known.jsonl", workers=2)
    assert first.files["baseline"].exists()
    assert (first.counts.known, first.counts.flagged > 0) == (0, True)
    alone = scan(goods, tmp_path / "alone.jsonl", write_baseline=tmp_path / "known-alone.jsonl")
    assert (tmp_path / "known.jsonl").read_bytes() == (tmp_path / "known-alone.jsonl").read_bytes()
    again = scan(goods, tmp_path / "again.jsonl", baseline=tmp_path / "known.jsonl", as_of=date(2026, 1, 1))
    assert (again.counts.known, again.counts.flagged) == (alone.counts.flagged, 0)
    repeat_scan(again.files["manifest"], tmp_path / "repeat.jsonl")
    assert (tmp_path / "repeat.jsonl").read_bytes() == (tmp_path / "again.jsonl").read_bytes()


@pytest.mark.parametrize("mark", ["\x85", "\u2028", "\u2029"])
def test_a_baseline_takes_any_id_and_column(mark: str, tmp_path: Path) -> None:
    name = f"a{mark}b"
    (tmp_path / "goods.jsonl").write_text(json.dumps({"id": name, name: "Spot pen, USB. No pain!"}), "utf-8")
    known = tmp_path / "known.jsonl"
    first = scan(tmp_path / "goods.jsonl", tmp_path / "a.jsonl", columns=Columns(text=(name,)), write_baseline=known)
    again = scan(tmp_path / "goods.jsonl", tmp_path / "b.jsonl", columns=Columns(text=(name,)), baseline=known)
    assert again.counts.known == first.counts.flagged > 0


def test_a_renewed_baseline_keeps_what_was_decided_on_what_is_not_flagged(tmp_path: Path) -> None:
    source, known = tmp_path / "goods.jsonl", tmp_path / "known.jsonl"
    source.write_text(json.dumps({"id": "pen", "text": "Spot pen, USB. Does it hurt? Is it painless?"}), "utf-8")
    decision = Decision(Choice.AGREE, "", "Ida", "2026-05-01")
    asked = Known("pen", "text", "painless", "Is it painless?", decision=decision)
    Baseline([asked, replace(asked, sentence="It is gone.")]).write(known)
    scan(source, tmp_path / "out.jsonl", columns=Columns(), baseline=known, write_baseline=known)
    assert list(Baseline.read(known).entries.values()) == [asked]


def test_a_scan_that_goes_on_another_day_is_the_same(goods: Path, tmp_path: Path) -> None:
    known = tmp_path / "known.jsonl"
    scan(goods, tmp_path / "first.jsonl", write_baseline=known)
    output = tmp_path / "out.jsonl"
    interrupted(goods, output, baseline=known, as_of=date(2026, 1, 1))
    done = scan(goods, output, baseline=known)
    assert done.reused
    assert json.loads(done.files["manifest"].read_text("utf-8"))["job"]["dossier"]["as_of"] == "2026-01-01"


def test_documents_on_file_are_said(goods: Path, tmp_path: Path) -> None:
    documents = tmp_path / "documents.json"
    covers = {"listings": ["*"], "claim_types": list(Auditor(speed="patterns").pack.claim_types)}
    about = {"id": "study-1", "title": "A study", "issued": "2025-01-01", "expires": "2030-01-01", "reference": "on request"}
    documents.write_text(json.dumps([{**about, **covers}]), "utf-8")
    scan(goods, tmp_path / "out.jsonl", substantiation=documents, as_of=date(2026, 1, 1), show="flagged")
    found = records(tmp_path / "out.jsonl")
    assert found
    assert all(record["substantiation_ids"] == ["study-1"] for record in found)
