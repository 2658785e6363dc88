"""The baseline, reviewers' decisions, and the difference of two scans: told by content, never by offsets."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from claimaudit import Auditor, InputError, Listing, OutputError
from claimaudit.batch.writers import Csv, JsonLines
from claimaudit.decisions.baseline import Baseline, Choice, Decision, Known, Recorder, Waiver, decision_key, ground_mark
from claimaudit.decisions.diff import Kind, diff
from claimaudit.decisions.review import SHEET, apply, read_decisions
from claimaudit.decisions.tables import MAX_CELL, from_cell
from claimaudit.reports.records import to_cell
from claimaudit.types import AuditResult, NearMiss, Verdict
from tests.conftest import table_of

DAY = date(2026, 6, 1)
PEN = "Pico pen for home use, USB. Removes freckles instantly. No pain!"
WAIVER = Waiver("the board knows", "Ida", date(2026, 6, 30))
AGREED = Decision(Choice.AGREE, "", "Ida", "2026-05-01")


@pytest.fixture(scope="module")
def pen(home: Auditor) -> AuditResult:
    return home.audit(Listing("pen", PEN))


@pytest.fixture(scope="module")
def known(pen: AuditResult) -> list[Known]:
    return [Known.of(finding) for finding in pen.flagged]


def standing(result: AuditResult) -> dict[str, str]:
    """The step of each flagged finding that tells how it stands to the baseline."""
    items = (*result.flagged, *result.suppressed)
    return {
        item.claim.type: f"{item.why[-1].value}|{item.why[-1].detail}" for item in items if item.why[-1].kind == "baseline"
    }


# --- The baseline -----------------------------------------------------------------------------------------------


def test_known_findings_are_moved_and_nothing_else_changes(home: Auditor, pen: AuditResult, known: list[Known]) -> None:
    moved = home.audit(Listing("pen", "New! " + PEN.replace("No pain!", "NO   pain! It is permanent.")))
    sifted = Baseline(known).sift(moved, DAY)
    assert [finding.claim.type for finding in sifted.flagged] == ["permanent"]
    assert sorted(standing(sifted).values()) == ["known|"] * len(known)
    assert len(sifted.findings) + len(sifted.suppressed) == len(moved.findings)
    assert len(json.loads(sifted.to_json())["suppressed"]) == len(known)
    other = home.audit(Listing("other pen", PEN))
    assert Baseline(known).sift(other, DAY) == other
    assert Baseline().sift(pen, DAY) == pen


def test_a_changed_sentence_is_new(home: Auditor, known: list[Known]) -> None:
    changed = home.audit(Listing("pen", PEN.replace("No pain!", "No pain at all!")))
    assert [finding.claim.type for finding in Baseline(known).sift(changed, DAY).flagged] == ["painless"]


@pytest.mark.parametrize("kind", ["limitations", "rules"])
def test_a_changed_ground_raises_the_finding_again(pen: AuditResult, known: list[Known], kind: str) -> None:
    def edited(changes: dict[str, str]) -> AuditResult:
        findings = []
        for finding in pen.findings:
            entries = [replace(entry, **changes) for entry in getattr(finding, kind)]
            findings.append(replace(finding, **{kind: tuple(entries)}))
        return replace(pen, findings=tuple(findings))

    sifted = Baseline(known).sift(edited({"statement": "Something else."}), DAY)
    assert len(sifted.flagged) == len(known)
    assert not sifted.suppressed
    named = pen.flagged[0].limitations if kind == "limitations" else pen.flagged[0].rules
    assert all(entry.id in str(sifted.flagged[0].why[-1]) for entry in named)
    renewed = edited({"reviewed_on": "2030-01-01", "review_by": "2031-01-01", "origin": "x:1"})
    assert not Baseline(known).sift(renewed, DAY).flagged


def test_fewer_jurisdictions_raise_nothing_and_fewer_limitations_do(pen: AuditResult, known: list[Known]) -> None:
    few = replace(pen, findings=tuple(replace(finding, rules=finding.rules[:1]) for finding in pen.findings))
    assert not Baseline(known).sift(few, DAY).flagged
    bare = replace(pen, findings=tuple(replace(finding, limitations=()) for finding in pen.findings))
    assert len(Baseline(known).sift(bare, DAY).flagged) == len(known)


def test_a_graver_verdict_raises_the_finding_again(pen: AuditResult, known: list[Known]) -> None:
    softer = [replace(entry, verdict=Verdict(entry.verdict).softer) for entry in known]
    sifted = Baseline(softer).sift(pen, DAY)
    assert len(sifted.flagged) == len(known)
    assert standing(sifted)["painless"] == "raised again|it was overstated"
    graver = [replace(entry, verdict=Verdict.CONTRADICTED) for entry in known]
    assert not Baseline(graver).sift(pen, DAY).flagged


def test_waivers_end(pen: AuditResult, known: list[Known]) -> None:
    baseline = Baseline([replace(entry, waiver=WAIVER) for entry in known])
    on_its_last_day = baseline.sift(pen, WAIVER.expires)
    assert set(standing(on_its_last_day).values()) == {"waived|by Ida until 2026-06-30: the board knows"}
    assert not on_its_last_day.flagged
    after = baseline.sift(pen, date(2026, 7, 1))
    assert len(after.flagged) == len(known)
    assert set(standing(after).values()) == {"raised again|the waiver of Ida ended on 2026-06-30"}


def test_a_decision_is_told(pen: AuditResult, known: list[Known]) -> None:
    sifted = Baseline([replace(entry, decision=replace(AGREED, reason="so it is")) for entry in known]).sift(pen, DAY)
    assert standing(sifted)["painless"] == "known|agree, Ida, 2026-05-01: so it is"


def test_what_a_file_cannot_hold_is_no_part_of_the_key() -> None:
    assert decision_key("a\x00", "t", "x", "No\x1b pain \ud800") == decision_key("a", "t", "x", "no pain \ufffd")
    keys = {
        decision_key(*place)
        for place in (("a", "t", "x", "s"), ("b", "t", "x", "s"), ("a", "u", "x", "s"), ("a", "t", "y", "s"))
    }
    assert len(keys) == 4


def test_the_file_is_sorted_readable_and_read_back(tmp_path: Path, home: Auditor, known: list[Known]) -> None:
    odd = [Known.of(f) for f in home.audit(Listing("\ud800 é", PEN)).flagged]
    entries = [replace(known[0], waiver=WAIVER, decision=AGREED), *known[1:], *odd]
    path, again = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    Baseline(entries).write(path)
    Baseline(reversed(entries)).write(again)
    assert path.read_bytes() == again.read_bytes()
    assert Baseline.read(path).entries == Baseline(entries).entries
    lines = path.read_text("utf-8").splitlines()
    assert json.loads(lines[0]) == {"format": "claimaudit-baseline", "version": 1}
    places = [[json.loads(line)[name] for name in ("listing_id", "field", "claim_type", "sentence")] for line in lines[1:]]
    assert places == sorted(places)
    assert '"expires": "2026-06-30"' in path.read_text("utf-8")
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[1:], "b.jsonl:1: no baseline of this version"),
        (lambda lines: [], "b.jsonl:1: no baseline"),
        (lambda lines: [lines[0].replace("1", "2"), *lines[1:]], "b.jsonl:1: no baseline of this version"),
        (lambda lines: [*lines, lines[1]], r"b.jsonl:\d+: this finding of 'pen' stands twice"),
        (lambda lines: [*lines, "{"], r"b.jsonl:\d+: not JSON"),
        (lambda lines: [*lines, "[]"], r"b.jsonl:\d+: a JSON object was expected, got list"),
        (lambda lines: [lines[0], lines[1].replace('"sentence"', '"sentense"')], "b.jsonl:2: 'sentence': field required"),
        (lambda lines: [lines[0], lines[1][:-1] + ', "note": 1}'], "b.jsonl:2: 'note': unexpected keyword argument"),
        (lambda lines: [lines[0], lines[1][:-1] + ', "waiver": {"reason": "", "owner": ""}}'], "2: 'waiver.expires'"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named(
    tmp_path: Path, known: list[Known], change: Callable[[list[str]], list[str]], message: str
) -> None:
    path = tmp_path / "b.jsonl"
    Baseline(known).write(path)
    path.write_text("\n".join(change(path.read_text("utf-8").splitlines())), "utf-8")
    with pytest.raises(InputError, match=message):
        Baseline.read(path)


def test_a_new_baseline_keeps_decisions_and_what_was_not_read(home: Auditor, pen: AuditResult, known: list[Known]) -> None:
    gone = replace(known[0], sentence="It is gone.")
    elsewhere = replace(known[0], listing_id="not scanned")
    decided = replace(known[0], decision=AGREED, waiver=WAIVER)
    moved = replace(known[1], decision=AGREED, waiver=WAIVER, grounds=("other@1",))
    recorder = Recorder(Baseline([gone, elsewhere, decided, moved]))
    recorder.add(Baseline([decided]).sift(pen, DAY))
    entries = recorder.baseline().entries
    assert gone.key not in entries
    assert entries[elsewhere.key] == elsewhere
    assert entries[decided.key] == decided
    assert entries[moved.key] == replace(known[1], waiver=WAIVER)
    assert len(entries) == len(known) + 1

    unread = Recorder(Baseline([gone]))
    unread.add(home.audit(Listing("pen", PEN + " \ufffd")))
    assert gone.key in unread.baseline().entries


def test_a_new_baseline_keeps_what_was_decided_on_what_is_not_flagged(pen: AuditResult, known: list[Known]) -> None:
    first, second, *others = pen.flagged
    miss = NearMiss(first.claim, "home", (), "asked")
    now = replace(pen, findings=(replace(second, verdict=Verdict.CONSISTENT), *others), near_misses=(miss,))
    waived, decided = replace(known[0], waiver=WAIVER), replace(known[1], decision=AGREED)
    recorder = Recorder(Baseline([waived, decided]))
    recorder.add(now)
    assert recorder.baseline().entries == {entry.key: entry for entry in (waived, decided, *known[2:])}
    undecided = Recorder(Baseline(known))
    undecided.add(now)
    assert list(undecided.baseline().entries.values()) == known[2:]


def test_a_place_that_cannot_be_written_is_an_error_of_output(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        Baseline().write(tmp_path / "no" / "b.jsonl")


# --- Decisions --------------------------------------------------------------------------------------------------


def row(entry: Known, decision: str = "agree", **more: str) -> dict[str, Any]:
    return {
        "key": entry.key,
        "listing_id": entry.listing_id,
        "field": entry.field,
        "claim_type": entry.claim_type,
        "sentence": entry.sentence,
        "verdict": entry.verdict and str(entry.verdict),
        "decision": decision,
        "reason": "because",
        "wording": "",
        "reviewer": "Ida",
        "decided_at": "2026-05-01T10:00:00Z",
        "grounds": list(entry.grounds),
        "rules": list(entry.rules),
    } | more


def exported(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"format": "claimaudit-decisions", "version": 1, "decisions": rows}), "utf-8")
    return path


def test_decisions_become_known_findings_and_waivers(tmp_path: Path, pen: AuditResult, known: list[Known]) -> None:
    one, two, three = known[:3]
    rows = read_decisions(
        exported(tmp_path / "d.json", row(one, "disagree"), row(two, "reword", wording="It may sting."), row(three))
    )
    applied = apply(Baseline(known[:1]), rows, as_of=DAY)
    assert applied.counts == {"new": 3, "changed": 0, "unchanged": 0, "older": 0}
    entries = applied.baseline.entries
    assert entries[one.key].waiver == Waiver("because", "Ida", date(2027, 5, 1))
    assert entries[two.key].waiver is None
    assert entries[two.key].decision == Decision(Choice.REWORD, "because", "Ida", "2026-05-01T10:00:00Z", "It may sting.")
    assert not applied.baseline.sift(pen, DAY).flagged
    again = apply(applied.baseline, rows, as_of=date(2026, 9, 9))
    assert again.counts["unchanged"] == 3
    assert again.baseline.entries == entries


def test_the_later_decision_stands(known: list[Known]) -> None:
    early = ("a:1", row(known[0], decided_at="2026-05-01"))
    late = ("b:1", row(known[0], "disagree", decided_at="2026-05-02"))
    for rows in ([early, late], [late, early]):
        entries = apply(Baseline(), rows, as_of=DAY).baseline.entries
        assert entries[known[0].key].decision == Decision(Choice.DISAGREE, "because", "Ida", "2026-05-02")
    assert apply(apply(Baseline(), [late], as_of=DAY).baseline, [early], as_of=DAY).counts["older"] == 1


def test_a_sheet_without_dates_is_idempotent(known: list[Known]) -> None:
    rows = [("a:1", row(known[0], "disagree", decided_at="", reviewer=""))]
    first = apply(Baseline(), rows, as_of=DAY, reviewer="Ida", days=10)
    assert first.baseline.entries[known[0].key].waiver == Waiver("because", "Ida", date(2026, 6, 11))
    second = apply(first.baseline, rows, as_of=date(2026, 7, 1), reviewer="Ida", days=10)
    assert second.counts["unchanged"] == 1
    assert second.baseline.entries == first.baseline.entries


@pytest.mark.parametrize("change", [{"expires": "2026-09-01"}, {"rules": ["new-rule@1"]}])
def test_what_a_sheet_without_dates_says_anew_is_taken(known: list[Known], change: dict[str, Any]) -> None:
    old = row(known[0], "disagree", decided_at="", reviewer="")
    first = apply(Baseline(), [("a:1", old)], as_of=DAY, reviewer="Ida")
    again = [("a:1", {**old, **change})]
    second = apply(first.baseline, again, as_of=date(2026, 7, 1), reviewer="Ida")
    assert second.counts["changed"] == 1
    third = apply(second.baseline, again, as_of=date(2026, 8, 1), reviewer="Ida")
    assert third.counts["unchanged"] == 1


def test_a_compact_date_is_one(known: list[Known]) -> None:
    (entry,) = apply(Baseline(), [("a:1", row(known[0], decided_at="20260501T1000"))], as_of=DAY).baseline.entries.values()
    assert entry.decision is not None
    assert entry.decision.decided_at == "2026-05-01T10:00:00"


def test_an_expiry_waives_whatever_was_decided_and_near_misses_are_kept(known: list[Known]) -> None:
    near_miss = replace(known[1], verdict=None, grounds=(), rules=())
    rows = [("a:1", row(known[0], expires="2026-08-01")), ("a:2", row(near_miss, "disagree", verdict=""))]
    entries = apply(Baseline(), rows, as_of=DAY).baseline.entries
    assert entries[known[0].key].waiver == Waiver("because", "Ida", date(2026, 8, 1))
    assert entries[near_miss.key].waiver is None
    assert entries[near_miss.key].verdict is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"decision": "maybe"}, "decision 'maybe' is none of agree, disagree, reword"),
        ({"decision": "disagree", "reason": " "}, "a disagreement needs a reason"),
        ({"decision": "disagree", "reason": "r"}, "a disagreement needs a reason"),
        ({"decision": "reword", "reason": ""}, "a reword needs a wording or a reason"),
        ({"decision": "reword", "reason": "", "wording": "r"}, "a reword needs a wording or a reason"),
        ({"decision": "r"}, "decision 'r' is none of agree, disagree, reword"),
        ({"reviewer": ""}, "nobody is named as reviewer"),
        ({"decided_at": "yesterday"}, "'decided_at' 'yesterday' is no date"),
        ({"expires": "2026-13-01"}, "'expires' '2026-13-01' is no date"),
        ({"expires": "2026-12-01", "reason": ""}, "but no reason is given"),
        ({"sentence": "Something else."}, "does not belong to this sentence and listing"),
        ({"key": "k0"}, "key 'k0' does not belong"),
        ({"verdict": "bad"}, "verdict 'bad' is none of"),
        ({"grounds": []}, "no grounds"),
    ],
)  # fmt: skip
def test_wrong_rows_are_all_named_and_nothing_is_taken(
    tmp_path: Path, known: list[Known], change: dict[str, Any], message: str
) -> None:
    path = exported(tmp_path / "d.json", row(known[0]), row(known[1], **change), row(known[2], decision="no"))
    with pytest.raises(InputError) as error:
        apply(Baseline(), read_decisions(path), as_of=DAY)
    first, second = str(error.value).splitlines()
    assert first.startswith(f"{path}: decision 2: ")
    assert message in first
    assert second.startswith(f"{path}: decision 3: decision 'no'")


def test_two_decisions_on_one_finding_in_one_file_are_refused(known: list[Known]) -> None:
    rows = [("a.csv:2", row(known[0])), ("a.csv:3", row(known[0], "disagree"))]
    with pytest.raises(InputError, match=r"a\.csv:3: decided otherwise in a\.csv:2"):
        apply(Baseline(), rows, as_of=DAY)


def test_rows_that_decide_alike_on_the_same_words_are_one_decision(known: list[Known]) -> None:
    here = replace(known[0], grounds=("here@1",))
    there = replace(known[0], verdict=Verdict.OVERSTATED, grounds=("there@1",))
    rows = [("a.xlsx:2", row(here, expires="2026-09-01")), ("a.xlsx:3", row(there))]
    for given in (rows, rows[::-1]):
        applied = apply(Baseline(), given, as_of=DAY)
        (entry,) = applied.baseline.entries.values()
        assert (entry.verdict, set(entry.grounds)) == (here.verdict, {"here@1", "there@1"})
        assert entry.waiver == Waiver("because", "Ida", date(2026, 9, 1))
        assert applied.counts.total() == applied.counts["new"] == 1


def test_the_graver_of_two_rows_can_be_decided_on_later(known: list[Known]) -> None:
    rows = [(f"a:{number}", row(known[0], verdict=verdict, decided_at="")) for number, verdict in enumerate(Verdict, 2)]
    before = apply(Baseline(), rows[1:2], as_of=DAY).baseline
    after = apply(before, rows[:2], as_of=DAY)
    assert after.counts["changed"] == 1
    assert after.baseline.entries[known[0].key].verdict is Verdict.CONTRADICTED


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("d.txt", "", "decisions end in .json, .csv, .xlsx"),
        ("d.json", "{", "not JSON"),
        pytest.param("d.json", "[" * 100_000, "not JSON", id="nested"),
        ("d.json", "[]", "no decisions of a report here"),
        ("d.json", '{"format": "claimaudit-decisions", "decisions": [1]}', "decision 1: an object was expected"),
        ("d.json", '{"format": "claimaudit-decisions", "decisions": [{"key": "k"}]}', "decision 1: no 'listing_id'"),
        ("d.csv", "a,b\n1,2\n", "d.csv:1: no column 'key'"),
        ("d.csv", "key,decision\n1,2\n", "d.csv:2: no 'listing_id'"),
        ("d.csv", "key\n\udcff", "d.csv: not UTF-8 at byte 4"),
        ("d.csv", "key,decision,decision\n1,agree,\n", "d.csv:1: two columns are named 'decision'"),
        ("d.csv", "key,decision\n1,agree,more\n", "d.csv:2: more cells than the header has"),
        ("d.csv", 'key,decision\n1,"agree\n2,agree\n', "not CSV"),
        ("d.xlsx", "no workbook", "d.xlsx: not an Excel workbook, or damaged"),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_decisions_is_refused(tmp_path: Path, name: str, content: str, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=message):
        read_decisions(path)


@pytest.mark.parametrize("name", ["missing.csv", "missing.json", "missing.xlsx"])
def test_a_file_that_is_not_there_is_no_broken_one(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=f"{name}: cannot be read: No such file or directory. Check the path."):
        read_decisions(tmp_path / name)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_comes_back_as_spreadsheets_save_it(tmp_path: Path, home: Auditor, separator: str, end: str) -> None:
    entry = Known.of(home.audit(Listing("=pen; 1", "=Pico pen, USB: no pain!")).flagged[0])
    cells = row(entry, "disagree", reason="+ the study, see p. 2") | {"notes of the team": "x"}
    lines = [
        separator.join(cells),
        separator.join('"' + str(to_cell(cell)).replace('"', '""') + '"' for cell in cells.values()),
    ]
    path = tmp_path / "d.csv"
    path.write_text("\ufeff" + end.join(lines) + end, "utf-8", newline="")
    (entered,) = apply(Baseline(), read_decisions(path), as_of=DAY).baseline.entries.values()
    assert replace(entered, decision=None, waiver=None) == entry
    assert entered.decision is not None
    assert entered.decision.reason == "+ the study, see p. 2"


@pytest.mark.parametrize("text", ["=1", "'tis", "''", "", "plain", "-1", "@x"])
def test_cells_come_back(text: str) -> None:
    assert from_cell(to_cell(text)) == text


# --- The difference of two scans --------------------------------------------------------------------------------


def test_diff_tells_new_gone_and_changed(tmp_path: Path, home: Auditor, pen: AuditResult) -> None:
    other = home.audit(Listing("pen", "New! " + PEN.replace("Removes freckles instantly.", "It is permanent. It lasts.")))
    other = replace(
        other,
        findings=tuple(replace(f, verdict=Verdict.OVERSTATED) if f.claim.type == "painless" else f for f in other.findings),
    )
    files = {}
    for name, result in (("old", pen), ("new", other)):
        for suffix, writer in ((".jsonl", JsonLines), (".csv", Csv)):
            files[name + suffix] = tmp_path / (name + suffix)
            files[name + suffix].write_bytes(table_of(writer, [result, home.audit(Listing("=same", "Pico pen. No pain!"))]))
    found = diff(files["old.jsonl"], files["new.jsonl"])
    assert {(change.kind.value, change.claim_type, change.is_worse) for change in found.changes} == {
        ("gone", "instant_removal", False),
        ("gone", "complete_clearance", False),
        ("new", "permanent", True),
        ("changed", "painless", False),
    }
    assert found.same == 1
    assert [found.count(kind) for kind in Kind] == [1, 2, 1]
    assert diff(files["old.csv"], files["new.jsonl"]) == found
    assert not diff(files["old.csv"], files["old.jsonl"]).changes
    back = diff(files["new.csv"], files["old.csv"])
    assert sum(change.is_worse for change in back.changes) == 3


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("r.json", "[]", "records end in .jsonl or .csv"),
        ("r.jsonl", '{"listing_id": "a"}', "r.jsonl:1: no 'field'"),
        pytest.param("r.jsonl", "[" * 100_000, "r.jsonl:1: not JSON", id="nested"),
        (
            "r.jsonl",
            '\n{"listing_id": "a", "field": "t", "claim_type": "x", "verdict": "bad", "sentence": "s"}',
            "r.jsonl:2: verdict 'bad'",
        ),
        ("r.csv", "listing_id,field\n", "r.csv:1: no column 'claim_type'"),
        pytest.param("r.csv", "x" * (MAX_CELL + 1), "r.csv:1: not CSV", id="one long cell"),
    ],
)  # fmt: skip
def test_what_is_no_record_is_refused(tmp_path: Path, name: str, content: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=message):
        diff(path, path)


def test_marks_follow_what_an_entry_says(pen: AuditResult) -> None:
    entry = pen.flagged[0].limitations[0]
    assert ground_mark(entry) == ground_mark(replace(entry, review_by="2040-01-01"))
    assert ground_mark(entry) != ground_mark(replace(entry, sources=entry.sources * 2))
    assert ground_mark(entry).startswith(f"{entry.id}@")


def test_a_sentence_that_stands_twice_is_known_twice(clinic: Auditor) -> None:
    """Under another heading it may have other grounds; both go by one key."""
    copy = "Pico laser clinic.\n\nFreckles\n\nGone after one session.\n\nTattoos\n\nGone after one session."
    result = clinic.audit(copy)
    recorder = Recorder()
    recorder.add(result)
    assert len({finding.claim.sentence.index for finding in result.flagged}) == 2
    assert not recorder.baseline().sift(result, DAY).flagged


def test_a_damaged_sheet_is_told_in_a_line(tmp_path: Path) -> None:
    whole, path = io.BytesIO(), tmp_path / "d.xlsx"
    book = openpyxl.Workbook()
    book.active.title = SHEET
    book.active.append(["key", "decision"])
    book.save(whole)
    with zipfile.ZipFile(whole) as parts, zipfile.ZipFile(path, "w") as damaged:
        for name in parts.namelist():
            data = parts.read(name)
            damaged.writestr(name, data[:-20] if name.endswith("sheet1.xml") else data)
    with pytest.raises(InputError, match=r"d.xlsx: not an Excel workbook, or damaged: .* Save it as .xlsx again"):
        read_decisions(path)
