# ruff: noqa: E402 - imports below the check for spaCy need it
from __future__ import annotations

import json
import pickle
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from claimaudit import Auditor, AuditSettings, Listing, PackError, SettingsError
from claimaudit.types import RECORD_FIELDS

spacy = pytest.importorskip("spacy", reason="the spaCy component needs the extra `spacy`")

import srsly
from spacy import displacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

from claimaudit.integrations import spacy as face

ROOT = Path(__file__).parents[2]
PEN = "Pico pen for home use, USB.\nRemoves freckles instantly and permanently. No pain!\nIt may sting a little."
TEXTS = [
    PEN,
    "USB cable, two metres.",
    "",
    "🖊️ Freckle-pen:painless!!No pain.No scars 👍🏽.",
    "<p>Freckle pen &amp; cream: it <b>does&nbsp;not</b> hurt.</p>",
]


def pipeline(**config: Any) -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("claimaudit", config={"speed": "patterns", **config})
    return nlp


@pytest.fixture(scope="module")
def nlp() -> Language:
    return pipeline()


def shown(doc: Doc) -> list[tuple[str, str, str, Any]]:
    return [(span.text, span.label_, span.id_, span._.claim) for span in doc.spans["claimaudit"]]


@pytest.mark.parametrize("text", TEXTS)
def test_a_doc_holds_what_an_audit_finds(nlp: Language, auditor: Auditor, text: str) -> None:
    expected = auditor.audit(Listing("doc", text)).to_dict()
    doc = nlp(text)
    assert doc.text == text
    assert doc._.claim_audit == expected
    assert doc._.claims == expected["findings"]
    group = doc.spans["claimaudit"]
    assert group.attrs == {"signature": expected["signature"], "complete": expected["complete"]}
    assert [span._.claim for span in group] == expected["findings"]
    for span, record in zip(group, expected["findings"], strict=True):
        assert tuple(record) == RECORD_FIELDS
        assert span.label_ == record["claim_type"]
        assert span.start_char <= record["start"] < record["end"] <= span.end_char


def test_there_is_something_to_find(nlp: Language) -> None:
    assert [len(nlp(text)._.claims) for text in TEXTS] == [5, 0, 0, 3, 1]


def test_two_findings_on_the_same_words_keep_their_own_values(nlp: Language) -> None:
    """Values kept on `span._` are keyed by characters alone: the last one written would be read for both."""
    doc = nlp(PEN)
    first, second = doc._.claims[:2]
    assert first["claim_type"] != second["claim_type"]
    span = doc.spans["claimaudit"][0]
    twin = Span(doc, span.start, span.end, label=second["claim_type"], span_id=doc.spans["claimaudit"][1].id_)
    assert (span._.claim, twin._.claim) == (first, second)


def test_other_spans_and_other_docs_have_no_claim(nlp: Language) -> None:
    doc = nlp(PEN)
    assert doc[0:2]._.claim is None
    fresh = nlp.make_doc(PEN)
    assert fresh._.claims is None
    assert fresh._.claim_audit is None
    assert fresh[0:2]._.claim is None
    assert nlp("USB cable.")._.claims == []


def test_a_second_audit_replaces_the_first(nlp: Language) -> None:
    doc = nlp(PEN)
    before = shown(doc)
    assert shown(nlp.get_pipe("claimaudit")(doc)) == before


@pytest.mark.parametrize("lang", ["en", "xx", "de"])
def test_any_pipeline_and_any_place_in_it(nlp: Language, lang: str) -> None:
    other = spacy.blank(lang)
    other.add_pipe("claimaudit", source=nlp)
    other.add_pipe("sentencizer")
    other.add_pipe("doc_cleaner", first=True)
    doc = other(PEN)
    assert doc._.claims == nlp(PEN)._.claims
    assert len(list(doc.sents)) > 1


def test_the_analysis_is_clean(nlp: Language) -> None:
    analysis = nlp.analyze_pipes()
    assert analysis["problems"] == {"claimaudit": []}
    assert analysis["summary"]["claimaudit"]["assigns"] == [
        "doc.spans",
        "doc._.claims",
        "doc._.claim_audit",
        "span._.claim",
    ]
    assert not analysis["summary"]["claimaudit"]["retokenizes"]


@pytest.mark.parametrize("processes", [1, 2])
def test_streams_give_what_single_texts_give(nlp: Language, processes: int) -> None:
    texts = TEXTS * 3
    expected = [shown(nlp(text)) for text in texts]
    pairs = list(
        nlp.pipe(((text, number) for number, text in enumerate(texts)), as_tuples=True, n_process=processes, batch_size=4)
    )
    assert [number for _, number in pairs] == list(range(len(texts)))
    assert [shown(doc) for doc, _ in pairs] == expected
    assert [doc._.claim_audit for doc, _ in pairs] == [nlp(text)._.claim_audit for text in texts]


def test_the_component_can_be_sent_to_a_process_that_is_spawned(nlp: Language) -> None:
    component = pickle.loads(pickle.dumps(nlp.get_pipe("claimaudit")))
    doc = nlp.make_doc(PEN)
    assert shown(component(doc)) == shown(nlp(PEN))


def test_errors_of_a_stream_go_to_its_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    nlp = pipeline()
    auditor = nlp.get_pipe("claimaudit").auditor
    audit = auditor.audit
    monkeypatch.setattr(auditor, "audit", lambda listing: audit(listing) if listing.text else 1 / 0)
    seen: list[tuple[str, list[str]]] = []
    nlp.set_error_handler(lambda name, proc, docs, error: seen.append((name, [doc.text for doc in docs])))
    assert [doc.text for doc in nlp.pipe([PEN, "", PEN])] == [PEN, PEN]
    assert seen == [("claimaudit", [""])]


def test_a_doc_bin_keeps_everything(nlp: Language) -> None:
    docs = [nlp(text) for text in TEXTS]
    read = list(DocBin().from_bytes(DocBin(docs=docs, store_user_data=True).to_bytes()).get_docs(nlp.vocab))
    assert [shown(doc) for doc in read] == [shown(doc) for doc in docs]
    assert [doc._.claim_audit for doc in read] == [doc._.claim_audit for doc in docs]
    assert [dict(doc.spans["claimaudit"].attrs) for doc in read] == [doc.spans["claimaudit"].attrs for doc in docs]


def test_a_doc_bin_without_user_data_does_not_pass_for_an_audit(nlp: Language) -> None:
    [read] = DocBin().from_bytes(DocBin(docs=[nlp(PEN)]).to_bytes()).get_docs(nlp.vocab)
    assert len(read.spans["claimaudit"]) == 5
    assert read._.claims is None
    assert read.spans["claimaudit"][0]._.claim is None


def test_findings_are_plain_values(nlp: Language) -> None:
    audit = nlp(PEN)._.claim_audit
    assert srsly.msgpack_loads(srsly.msgpack_dumps(audit)) == audit
    assert json.loads(json.dumps(audit)) == audit
    assert plain(audit)


def plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(type(key) is str and plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(plain(item) for item in value)
    return type(value) in (str, int, float, bool, type(None))


def test_displacy_draws_the_spans() -> None:
    doc = pipeline(label="verdict", show="flagged")(PEN)
    assert {span.label_ for span in doc.spans["claimaudit"]} == {"contradicted", "overstated"}
    html = displacy.render(
        doc, style="span", jupyter=False, options={"spans_key": "claimaudit", "colors": face.displacy_colors()}
    )
    assert "contradicted" in html
    assert face.DISPLACY_COLORS["contradicted"] in html


def test_flagged_spans_alone_keep_their_findings() -> None:
    doc = pipeline(show="flagged")(PEN)
    flagged = [record for record in doc._.claims if record["verdict"] != "consistent"]
    assert [span._.claim for span in doc.spans["claimaudit"]] == flagged
    assert 0 < len(flagged) < len(doc._.claims)


def test_spans_that_a_user_picks_keep_their_findings(nlp: Language) -> None:
    doc = nlp(PEN)
    picked = [span for span in doc.spans["claimaudit"] if span._.claim["verdict"] == "contradicted"]
    doc.spans["claimaudit"] = picked
    assert [span._.claim["verdict"] for span in doc.spans["claimaudit"]] == ["contradicted"] * len(picked)
    assert len(doc._.claims) == 5


def test_every_option_reaches_the_auditor() -> None:
    given: dict[str, Any] = {"setting": "clinic", "jurisdictions": ["uk"], "speed": "patterns", "max_characters": 500}
    names = {field.name for field in fields(AuditSettings)}
    assert set(given) == names
    assert set(Language.get_factory_meta("claimaudit").default_config) == names | {"pack", "model", "show", "label"}
    expected = Auditor(**{**given, "jurisdictions": ("uk",)}).audit(Listing("doc", PEN)).to_dict()
    assert pipeline(**given)(PEN)._.claim_audit == expected
    houseplants = pipeline(pack=str(ROOT / "tests" / "packs" / "houseplants"))
    doc = houseplants("Snake plant in a pot: unkillable.")
    assert {span.label_ for span in doc.spans["claimaudit"]} == {"unkillable"}


def test_copy_over_the_limit_is_said(nlp: Language) -> None:
    doc = pipeline(max_characters=30)(PEN)
    assert not doc.spans["claimaudit"].attrs["complete"]
    assert [note["reason"] for note in doc._.claim_audit["unchecked"]] == ["too-long"]


@pytest.mark.parametrize(
    ("config", "error", "message"),
    [
        ({"speed": "slow"}, SettingsError, "speed must be one of"),
        ({"setting": "shed"}, SettingsError, "setting: 'shed' is none of"),
        ({"jurisdictions": ["xx"]}, SettingsError, "jurisdictions: 'xx' is none of"),
        ({"pack": "no-such-pack"}, PackError, "no pack here"),
        ({"model": "somewhere"}, SettingsError, "uses no model"),
        ({"show": "some"}, SettingsError, "show must be one of all, flagged, got 'some'"),
        ({"label": "score"}, SettingsError, "label must be one of claim_type, verdict, got 'score'"),
        ({"sped": "fast"}, ValueError, "sped"),
    ],
)
def test_an_impossible_configuration_fails_at_once(config: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pipeline(**config)


def test_a_saved_pipeline_audits_as_before(tmp_path: Path) -> None:
    nlp = pipeline(setting="home", jurisdictions=["uk", "us"], show="flagged")
    nlp.to_disk(tmp_path / "nlp")
    loaded = spacy.load(tmp_path / "nlp")
    assert loaded.get_pipe_config("claimaudit") == nlp.get_pipe_config("claimaudit")
    assert shown(loaded(PEN)) == shown(nlp(PEN))
    again = spacy.util.load_model_from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert shown(again(PEN)) == shown(nlp(PEN))


@pytest.fixture
def somebody_elses() -> Iterator[None]:
    Doc.set_extension("claims", default=["insurance"], force=True)
    yield
    Doc.remove_extension("claims")
    face._register_extensions()


@pytest.mark.usefixtures("somebody_elses")
def test_an_extension_of_somebody_else_is_left_alone_and_said() -> None:
    with pytest.raises(SettingsError, match=r"Doc\._\.claims is the extension of another library\. Free the name"):
        pipeline()
    assert Doc.get_extension("claims")[0] == ["insurance"]
    Doc.remove_extension("claims")
    assert len(pipeline()(PEN)._.claims) == 5


def test_the_library_alone_loads_no_spacy() -> None:
    code = "import sys, claimaudit, claimaudit.cli, claimaudit.integrations.pandas; assert 'spacy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_spacy_the_error_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['spacy'] = None; sys.modules['spacy.language'] = None; import claimaudit.integrations.spacy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install 'claimaudit[spacy]'" in done.stderr


@pytest.mark.parametrize(
    ("group", "target"),
    [
        ("spacy_factories", "claimaudit.integrations.spacy:create_component"),
        ("spacy_displacy_colors", "claimaudit.integrations.spacy:displacy_colors"),
    ],
)
def test_entry_points_are_declared_and_load(group: str, target: str) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"][group]
    assert declared == {"claimaudit": target}
    [entry] = entry_points(group=group, name="claimaudit")
    assert entry.value == target, "installed before pyproject.toml changed: run make test"
    assert entry.load() is getattr(face, target.split(":")[1])


def test_installation_alone_is_enough() -> None:
    code = "import spacy; print(spacy.blank('en').add_pipe('claimaudit', config={'speed': 'patterns'}).show)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "all", done.stderr
