"""Files from outside: packs and models by strangers can neither run code nor stall the process nor fill its memory."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claimaudit import Auditor, Listing, ModelError, PackError, load_pack
from claimaudit.batch.readers import Columns, Rejected, read_listings
from claimaudit.claims import artifact, phrases
from claimaudit.claims.ambiguity import is_ambiguous
from claimaudit.claims.artifact import ENCODERS, MANIFEST, TOKENIZER, read_artifact
from claimaudit.claims.corpus import read_corpus
from claimaudit.claims.phrases import check_phrases
from claimaudit.decisions import tables
from claimaudit.errors import InputError
from claimaudit.resources import MAX_FILE_BYTES, read_yaml
from tests.conftest import TESTS
from tests.fuzz.targets import TARGETS, write_model
from tests.fuzz.test_cases import hang_guard

PEN = "Freckle removal pen for home use, USB charging. It is painless!"
PLANTS = TESTS / "packs" / "houseplants"

# --- Packs -------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "corpora" / "houseplants"
    shutil.copytree(PLANTS, path)
    return path


def with_phrase(folder: Path, phrase: str, words: dict[str, list[str]] | None = None) -> Path:
    path = folder / "claims" / "unkillable.yaml"
    text = path.read_text("utf-8")
    assert "any: [unkillable," in text
    path.write_text(text.replace("any: [unkillable,", f"any: [{json.dumps(phrase)}, unkillable,", 1), "utf-8")
    if words:
        path = folder / "vocabulary.yaml"
        lines = "".join(f"  {name}: {json.dumps(members)}\n" for name, members in words.items())
        path.write_text(path.read_text("utf-8").rstrip() + "\n" + lines, "utf-8")
    return folder


@pytest.mark.parametrize(
    "expression",
    [
        "(a+)+b", "(a|a)*b", "(a(b?)?)*c", "(ab?|ac?)*d", "(a|ab|b)*c", "(a*)*b", "(?:a?b?)*a*c", r"(\w+ ?)*!",
        r"(\d+[\d,]* )*x", "(all |my |all my )*x", "((ab)*)*c", "(x+x+)+y", "(.*,)*;", "(a{1,9}){1,9}b", "(ä|[^a]b?)*x",
    ],
)  # fmt: skip
def test_ambiguous_repeats_are_told(expression: str) -> None:
    assert is_ambiguous(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "(a|b)*c", r"(\w+ )*x", r"(\w+,? )*x", "(ab|ac)*d", "(the |my )*x", "a+b+", ".*x", r"(?:\d+,)*\d+", "(a|b|cd?)+e",
        r"(a|\w)*;", r"(a+b)*", r"[^.;]{0,30}x", "(a{1,3}b)*c", "(?:a?b)*c",
    ],
)  # fmt: skip
def test_others_are_not(expression: str) -> None:
    assert not is_ambiguous(expression)


def test_no_phrase_of_the_shipped_pack_is_ambiguous() -> None:
    check_phrases(load_pack())


def test_a_phrase_that_could_stall_is_refused(folder: Path) -> None:
    with pytest.raises(PackError, match=r"unkillable.yaml:\d+: '\(a\+\)\+!' could take hours on some texts"):
        Auditor(with_phrase(folder, "(a+)+!"))


def test_an_empty_class_is_refused(folder: Path) -> None:
    with pytest.raises(PackError, match=r"vocabulary.yaml:\d+: 'words.none': List should have at least 1 item"):
        Auditor(with_phrase(folder, "a", {"none": []}))


def test_a_gap_takes_any_text_in_linear_time(folder: Path) -> None:
    reading = Auditor(with_phrase(folder, "never ~9 zzz"))
    with hang_guard():
        for copy in ("never " + "a-'" * 450, "never " + "- " * 700, "never " + "a/b*" * 350):
            reading.audit(Listing("x", copy, markup="text"))


def test_classes_that_multiply_are_refused_before_they_fill_the_memory(folder: Path) -> None:
    words = {f"c{n}": [f"<c{n + 1}> a", f"<c{n + 1}> b"] * 20 for n in range(9)} | {"c9": ["leaf"]}
    tracemalloc.start()
    with pytest.raises(PackError, match="Use smaller vocabulary classes"):
        Auditor(with_phrase(folder, "<c0>", words))
    assert tracemalloc.get_traced_memory()[1] < 100_000_000
    tracemalloc.stop()


def test_phrases_that_are_too_long_together_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrases, "MAX_PACK_CHARACTERS", 100)
    with pytest.raises(PackError, match="the phrases of the pack grow to more than 100 characters together"):
        Auditor(folder)


@pytest.mark.parametrize("phrase", ["a{99999999999}", "(" * 900 + "a" + ")" * 900, "(?i)a", "a(?P<gap0>b) ~1 c"])
def test_expressions_that_cannot_be_compiled_are_named(folder: Path, phrase: str) -> None:
    with pytest.raises(PackError, match=r"unkillable.yaml:\d+: .* is no regular expression"):
        Auditor(with_phrase(folder, phrase))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: &x [1]\nb: [*x, *x]\n", "x.yaml:2: YAML aliases are not allowed"),
        ("[" * 50 + "]" * 50, "x.yaml:1: nested more than 20 deep"),
        ("[" * 100_000, "exceeded maximum nesting depth|nested more than 20 deep"),
        ("!!python/object/apply:os.system ['true']", "not valid YAML: could not determine a constructor"),
        ("a: !!python/name:os.system", "not valid YAML: could not determine a constructor"),
        ("a: 1\nb: 2\na: 3\n", "x.yaml:3: the key 'a' stands twice"),
        ("<<: {a: 1}\nb: 2\n<<: {a: 2}", "the key '<<' stands twice"),
        ("? [a, b]\n: c\n", ""),
        ("a: \x00", "not valid YAML"),
        ("- " * 200_000, "nested more than 20 deep"),
    ],
)
def test_yaml_that_is_no_plain_data(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(content, "utf-8")
    if message:
        with pytest.raises(PackError, match=message):
            read_yaml(path, name="x.yaml")
    else:
        read_yaml(path, name="x.yaml")


def test_large_files_and_no_files_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    with path.open("wb") as out:
        out.truncate(MAX_FILE_BYTES * 1000)  # sparse: it takes no room
    with pytest.raises(PackError, match="more than the 8,000,000 bytes allowed"):
        read_yaml(path, name="x.yaml")
    with pytest.raises(PackError, match="not a file"):
        read_yaml(tmp_path, name="x.yaml")


@pytest.mark.parametrize("name", ["rules.yaml", "words.txt"])
def test_a_link_out_of_the_pack_is_not_followed(folder: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "secret"
    shutil.copy(folder / "rules.yaml", outside)
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(outside)
    with pytest.raises(PackError, match=rf"{name}: a link that leads out of the pack"):
        load_pack(folder)


def test_a_link_out_of_a_corpus_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (folder / "training" / "documents").mkdir(parents=True)
    (folder / "training" / "splits.yaml").write_text("authors: {}\nheld_out: []\n", "utf-8")
    (folder / "training" / "documents" / "ann.jsonl").symlink_to(tmp_path / "secret")
    with pytest.raises(PackError, match=r"documents/ann.jsonl: a link that leads out of the pack"):
        read_corpus(load_pack(folder))


def test_a_link_to_a_pack_is_one(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "linked"
    link.symlink_to(folder)
    assert load_pack(link).hash == load_pack(folder).hash


# --- Models ------------------------------------------------------------------------------------------------------


@pytest.fixture
def model(tmp_path: Path) -> Path:
    write_model(tmp_path / "skin-1")
    return tmp_path / "skin-1"


def rewritten(model: Path, name: str, content: bytes) -> Path:
    """With one file replaced, and the manifest saying that it shall be so."""
    (model / name).write_bytes(content)
    told = json.loads((model / MANIFEST).read_text("utf-8"))
    told["files"][name] = hashlib.sha256(content).hexdigest()
    (model / MANIFEST).write_text(json.dumps(told), "utf-8")
    return model


def test_the_model_of_these_tests_works(model: Path) -> None:
    assert Auditor(model=model, speed="fast").audit(PEN).findings


@pytest.mark.parametrize("name", ["linear.npz", "linear.json", "listing.npz", "exemplars.json"])
def test_a_file_that_was_cut_off_or_changed_is_refused(model: Path, name: str) -> None:
    whole = (model / name).read_bytes()
    for content in (whole[:-1], b"", whole[:-1] + bytes([whole[-1] ^ 1])):
        (model / name).write_bytes(content)
        with pytest.raises(ModelError, match=rf"skin-1/{name}: truncated or changed"):
            read_artifact(model)


def npz(**arrays: Any) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def header(shape: tuple[int, ...], dtype: str) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": dtype, "fortran_order": False, "shape": shape})
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("linear.npz", zipped("weights.npy", header((10**9, 10**3), "<f8")), "says that it holds 8,000,000,000,000 bytes"),
        ("linear.npz", zipped("weights.npy", header((10**30,), "<f4")), "says that it holds"),
        ("linear.npz", zipped("weights.npy", header((2,), "|O") + b"cos\nsystem\n(S'true'\ntR."), "holds no numbers"),
        ("linear.npz", zipped("weights.npy", b"no array"), "not an array file"),
        ("linear.npz", b"PK\x03\x04 no archive", "not an array file"),
        ("linear.npz", npz(weights=np.ones((3, 3))), "'idf-words' is missing"),
        ("listing.npz", npz(idf=np.ones(2), weights=np.array([1, np.nan]), bias=np.float32(0)), "no finite number"),
        ("listing.npz", npz(idf=np.ones(2), weights=np.ones(2), bias=np.ones(2)), "do not fit the vocabulary"),
        ("listing.npz", npz(idf=np.ones(3), weights=np.ones(3), bias=np.float32(0)), "do not fit the vocabulary"),
        ("linear.json", b"[" * 100_000, "linear.json: not JSON that can be read"),
        ("linear.json", b"[]", "a dict was expected"),
        ("linear.json", b'{"words": 5}', "a list of texts was expected"),
        ("listing.json", b'["pen", "pen"]', "one stands twice"),
        ("listing.json", b'{"pen": 1}', "a list was expected"),
        ("listing.json", b"\xff", "not JSON that can be read"),
        ("exemplars.json", b'{"painless": [1]}', "a list of texts was expected"),
    ],
)
def test_a_model_that_is_wrong_in_itself_is_refused(model: Path, name: str, content: bytes, message: str) -> None:
    with hang_guard(), pytest.raises(ModelError, match=message):
        Auditor(model=rewritten(model, name, content), speed="fast").audit(PEN)


def test_an_archive_that_unpacks_to_more_than_allowed_is_not_unpacked(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact, "MAX_ARRAY_BYTES", 1_000_000)
    bomb = zipped("weights.npy", header((20_000_000,), "<f4") + bytes(80_000_000))
    tracemalloc.start()
    with pytest.raises(ModelError, match="unpacks to 80,000,128 bytes, more than the 1,000,000 allowed"):
        read_artifact(rewritten(model, "linear.npz", bomb)).linear()
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda told: told.update(files={"../../secret": "0" * 64} | told["files"]), "'../../secret' is no file of a model"),
        (lambda told: told.update(gate=float("nan")), "'gate'"),
        (lambda told: told.update(claim_types=5), "'claim_types'"),
        (lambda told: told["combinations"]["fast"].update(bias=float("inf")), "weights|bias"),
        (lambda told: told.update(combinations={}), "the combination 'cheap' is missing"),
        (lambda told: told["combinations"].update(slow=told["combinations"]["fast"]), "there is no speed 'slow'"),
        (
            lambda told: told["combinations"].update(accurate=told["combinations"]["fast"]),
            "hash of 'tokenizer.json' is missing",
        ),
        (lambda told: told["files"].update({"encoder-small.onnx": "0" * 64}), "'encoder-small.onnx' is no file of a model"),
    ],
)
def test_a_manifest_that_is_wrong_is_refused(model: Path, edit: Callable[[dict[str, Any]], None], message: str) -> None:
    told = json.loads((model / MANIFEST).read_text("utf-8"))
    edit(told)
    (model / MANIFEST).write_text(json.dumps(told), "utf-8")
    with pytest.raises(ModelError, match=message):
        read_artifact(model)


@pytest.fixture
def read_by_encoders(model: Path) -> Path:
    """A model whose encoders are none."""
    for name in (TOKENIZER, *ENCODERS.values()):
        rewritten(model, name, b"no graph")
    told = json.loads((model / MANIFEST).read_text("utf-8"))
    told["combinations"]["accurate"] = told["combinations"]["fast"]
    (model / MANIFEST).write_text(json.dumps(told), "utf-8")
    return model


@pytest.mark.parametrize("speed", ENCODERS)
def test_a_graph_that_is_none_is_refused(read_by_encoders: Path, speed: str) -> None:
    with pytest.raises(ModelError, match=rf"{ENCODERS[speed]} and tokenizer\.json cannot be loaded"):
        Auditor(model=read_by_encoders, speed=speed)


@pytest.mark.parametrize("speed", ENCODERS)
def test_a_graph_that_was_changed_or_is_gone_is_refused(read_by_encoders: Path, speed: str) -> None:
    graph = read_by_encoders / ENCODERS[speed]
    graph.write_bytes(b"another")
    with pytest.raises(ModelError, match=rf"skin-1/{ENCODERS[speed]}: truncated or changed"):
        Auditor(model=read_by_encoders, speed=speed)
    graph.unlink()
    with pytest.raises(ModelError, match=rf"skin-1/{ENCODERS[speed]}: the file is missing"):
        Auditor(model=read_by_encoders, speed=speed)


# --- Tables ------------------------------------------------------------------------------------------------------


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_WORKBOOK_BYTES", 1_000_000)
    path = tmp_path / "goods.xlsx"
    path.write_bytes(zipped("xl/sharedStrings.xml", bytes(5_000_000)))
    with pytest.raises(InputError, match="unpacks to 5,000,000 bytes, more than the 1,000,000 that are read"):
        list(read_listings([str(path)]))


def test_a_parquet_file_that_no_copy_packs_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from claimaudit.batch import readers

    monkeypatch.setattr(readers, "_PARQUET_BYTES", 1_000_000)
    path = tmp_path / "goods.parquet"
    pq.write_table(pa.table({"text": ["x" * 20_000_000]}), path, compression="zstd")
    with pytest.raises(InputError, match=r"unpacks to [24]\d,\d{3},\d{3} bytes from [\d,]+, which no copy does"):
        list(read_listings([str(path)]))


def test_a_cell_is_bounded_whoever_reads_tables_last(tmp_path: Path) -> None:
    path = tmp_path / "goods.csv"
    path.write_text('text\n"' + "x\n" * 9_000_000 + '"\n', "utf-8")
    rejected = next(read_listings([str(path)], columns=Columns()))
    assert isinstance(rejected, Rejected)
    assert "holds more than 16,000,000 characters" in rejected.reason


# --- Anything ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pack", "model", "table"])
@given(data=st.binary(max_size=300) | st.text(max_size=200).map(lambda text: b"\0" + text.encode("utf-8", "replace")))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(name: str, data: bytes) -> None:
    TARGETS[name](data)
