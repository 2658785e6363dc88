"""The networks behind the encoders. Where the extra `train` is not installed, nothing of it is tested."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from claimaudit import ModelError
from claimaudit.claims.artifact import TOKENIZER
from claimaudit.claims.passages import Passage, PassageLine
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


@pytest.mark.parametrize("speed", ["fast", "accurate"])
def test_a_network_is_restored_from_its_graph(body: Path, tmp_path: Path, speed: str) -> None:
    from claimaudit.claims.training.networks import BODIES, ClaimNetwork, export, restore
    from claimaudit.claims.training.teaching import load_layout, predict

    torch.manual_seed(1)
    layout = load_layout(body)
    network = ClaimNetwork(BODIES[speed](body), TYPES)
    with torch.no_grad():
        for parameter in network.parameters():  # as if it had learned
            parameter += 0.02 * torch.randn_like(parameter)
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
