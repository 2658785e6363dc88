"""The networks behind the encoders. Where the extra `train` is not installed, nothing of it is tested."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claimaudit import ModelError
from claimaudit.claims.artifact import TOKENIZER
from claimaudit.claims.corpus import read_corpus
from claimaudit.claims.passages import Passage, PassageLine
from claimaudit.claims.scope import ScopeReader
from claimaudit.claims.training.examples import line_lessons
from claimaudit.claims.training.recipe import FURTHER
from claimaudit.resources import load_pack, model_path

torch = pytest.importorskip("torch", reason="needs the extra train")
transformers = pytest.importorskip("transformers", reason="needs the extra train")

# What PyTorch says of its own way to export.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
TYPES = 15
PASSAGES = [
    Passage(
        "a pen for spots", (PassageLine("Spot pen, nine levels"), PassageLine("No pain at all, and the spots are gone!"))
    ),
    Passage("a clinic", (PassageLine("Does it hurt?"), PassageLine("A little. Most people need several sessions."))),
]


@pytest.fixture(scope="module")
def body(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny encoder that nobody has trained, with the tokenizer of the model that ships."""
    folder = tmp_path_factory.mktemp("body")
    torch.manual_seed(0)
    config = transformers.BertConfig(hidden_size=128, num_hidden_layers=2, num_attention_heads=4, intermediate_size=256)
    transformers.BertModel(config).save_pretrained(folder)
    shipped = model_path(load_pack())
    assert shipped is not None
    (folder / TOKENIZER).write_bytes((shipped / TOKENIZER).read_bytes())
    return folder


def shake(network: Any) -> None:
    """Change each parameter a little, as if it had learned."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.02 * torch.randn_like(parameter)


@pytest.mark.parametrize("speed", ["fast", "accurate"])
def test_a_network_is_restored_from_its_graph(body: Path, tmp_path: Path, speed: str) -> None:
    from claimaudit.claims.training.networks import BODIES, ClaimNetwork, export, restore
    from claimaudit.claims.training.teaching import load_layout, predict

    torch.manual_seed(1)
    layout = load_layout(body)
    network = ClaimNetwork(BODIES[speed](body), TYPES)
    shake(network)
    export(network, layout, tmp_path / "graph.onnx")
    other = ClaimNetwork(BODIES[speed](body), TYPES)
    wanted, before = (np.concatenate(predict(each, PASSAGES, layout)) for each in (network, other))
    restore(other, tmp_path / "graph.onnx")
    found = np.concatenate(predict(other, PASSAGES, layout))
    assert np.abs(found - wanted).max() < 0.2 * np.abs(before - wanted).max()


def test_the_graph_of_another_network_is_refused(body: Path, tmp_path: Path) -> None:
    from claimaudit.claims.training.networks import BODIES, ClaimNetwork, export, restore
    from claimaudit.claims.training.teaching import load_layout

    export(ClaimNetwork(BODIES["fast"](body), TYPES), load_layout(body), tmp_path / "graph.onnx")
    with pytest.raises(ModelError, match="do not fit this network"):
        restore(ClaimNetwork(BODIES["accurate"](body), TYPES), tmp_path / "graph.onnx")


def test_what_is_taught_further_can_be_the_mean_of_before_and_after(body: Path, tmp_path: Path) -> None:
    from claimaudit.claims.training.networks import BODIES, ClaimNetwork, export, restore
    from claimaudit.claims.training.teaching import fit_network, load_layout

    pack, layout, graph = load_pack(), load_layout(body), tmp_path / "graph.onnx"
    network = ClaimNetwork(BODIES["fast"](body), len(pack.claim_types))
    shake(network)
    export(network, layout, graph)
    restore(network, graph)
    lessons = line_lessons(read_corpus(pack).lines[:40], ScopeReader(pack))
    recipe = replace(FURTHER["fast"], epochs=3, threads=1)
    last, mean = (
        fit_network(lessons, pack.claim_types, BODIES["fast"], body, layout, one, start=graph, report=lambda line: None)
        for one in (recipe, replace(recipe, is_averaged=True))
    )
    for was, became, between in zip(network.parameters(), last.parameters(), mean.parameters(), strict=True):
        assert torch.allclose((was + became) / 2, between, atol=1e-5)
    assert not torch.allclose(network.flagged, last.flagged, atol=1e-4)


def test_dropout_drops_its_share_and_keeps_the_mean() -> None:
    from claimaudit.claims.training.networks import Dropout

    torch.manual_seed(2)
    dropout, values = Dropout(0.25), torch.ones(300, 101)
    assert torch.equal(dropout.eval()(values), values)
    told = dropout.train()(values)
    assert (told == 0).float().mean().item() == pytest.approx(0.25, abs=0.01)
    assert told.mean().item() == pytest.approx(1, abs=0.01)
    assert sorted(told.unique().tolist()) == pytest.approx([0, 4 / 3])
    for share in (-0.1, 1.0):
        with pytest.raises(ValueError, match=r"share must be in \[0, 1\)"):
            Dropout(share)
