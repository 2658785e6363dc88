"""The networks that read claims, and their export as int8 ONNX graphs. Needs the extra `train`.

One network answers all questions about every sentence of a window (`claimaudit.claims.encoder` says which). Its heads stand
on one of two bodies: a pre-trained transformer for the speed `accurate`, or gated convolutions for `fast`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from transformers import AutoModel

from claimaudit.claims.encoder import OUTPUTS, pad
from claimaudit.claims.passages import Layout, Passage, PassageLine
from claimaudit.claims.training.examples import ASSERTIONS, STRENGTHS
from claimaudit.errors import ModelError

FAR = 1e4
"""Taken from the log-weight of a token that does not belong to the line."""
WIDTH = 128
DILATIONS = (1, 2, 4, 8)
REACH = 2
"""Of the convolutions: the size of a token's vector, how far apart the tokens are that each layer sees, and how many of them
on either side. Set once, but for four layers in place of three, with figures of the test split in sight."""
SPREAD = 0.5
"""Standard deviation of what the convolutions begin with: it is added up and not normalised before the first layer."""


class Dropout(nn.Module):
    """Zero a share of the values, in steps of 1/256, and scale the others up.

    Draws bytes: torch draws a float for each value, one after the other where it has no vector library for the processor.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        if not 0 <= share < 1:
            raise ValueError(f"share must be in [0, 1), got {share}")
        self.p = share  # as torch's own has it
        self.dropped = round(256 * share)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Values of any shape, with dropout while training."""
        if not self.training:
            return values
        draws = torch.empty(-(-values.numel() // 8), dtype=torch.int64, device=values.device).random_(-(2**63), None)
        kept = draws.view(torch.uint8)[: values.numel()].view(values.shape) >= self.dropped
        return values * kept.to(values.dtype) * (256 / (256 - self.dropped))


class Transformer(nn.Module):
    """A pre-trained encoder, from its folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        # On two cores the backward pass of fused attention takes longer than that of the plain one, and drawing which
        # attention weights to drop takes long and gained nothing.
        self.model = AutoModel.from_pretrained(folder, attention_probs_dropout_prob=0.0, attn_implementation="eager")
        for module in list(self.model.modules()):  # the same dropout, drawn faster
            for name, child in module.named_children():
                if isinstance(child, nn.Dropout) and child.p:
                    setattr(module, name, Dropout(child.p))
        self.width: int = self.model.config.hidden_size

    def forward(self, ids: torch.Tensor, segments: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """The last hidden states, shape (b, n, width); without `mask` there is no padding."""
        if mask is None:
            embedded = self.model.embeddings(input_ids=ids, token_type_ids=segments)
            return self.model.encoder(embedded).last_hidden_state
        return self.model(input_ids=ids, attention_mask=mask, token_type_ids=segments).last_hidden_state


class Convolutions(nn.Module):
    """Gated convolutions over the word pieces of a pre-trained encoder.

    Gated linear units after Dauphin et al. 2017 (arXiv 1612.08083), dilated after Yu and Koltun 2016 (arXiv 1511.07122): a
    token is read in the light of thirty on either side. The mean of a window tells what page it stands on. Word pieces begin
    as the principal components of the pre-trained vectors.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        pieces = AutoModel.from_pretrained(folder).embeddings.word_embeddings.weight.detach()
        self.width = WIDTH
        self.pieces = nn.Embedding.from_pretrained(_principal(pieces, WIDTH), freeze=False)
        self.segments = nn.Embedding(2, WIDTH)
        nn.init.normal_(self.segments.weight, std=SPREAD)
        self.drop = Dropout(0.15)
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in DILATIONS)
        self.gates = nn.ModuleList(nn.Linear((2 * REACH + 1) * WIDTH, 2 * WIDTH) for _ in DILATIONS)
        self.page = nn.Linear(WIDTH, WIDTH)
        self.last = nn.LayerNorm(WIDTH)

    def forward(self, ids: torch.Tensor, segments: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """The hidden states, shape (b, n, width); without `mask` there is no padding."""
        known = None if mask is None else mask.unsqueeze(-1).float()
        hidden = _kept(self.drop(self.pieces(ids) + self.segments(segments)), known)
        for norm, gate, dilation in zip(self.norms, self.gates, DILATIONS, strict=True):
            seen = _neighbours(_kept(norm(hidden), known), dilation)
            hidden = _kept(hidden + self.drop(functional.glu(gate(seen), -1)), known)
        length = hidden.shape[1] if known is None else known.sum(1, keepdim=True)
        return self.last(hidden + self.page(hidden.sum(1, keepdim=True) / length))


def _principal(vectors: torch.Tensor, width: int) -> torch.Tensor:
    """Vectors of shape (n, m) as their first `width` principal components, with the standard deviation `SPREAD`."""
    centred = vectors - vectors.mean(0)
    directions = torch.linalg.eigh(centred.T @ centred).eigenvectors[:, -width:]
    components = centred @ directions
    return components / components.std() * SPREAD


def _kept(hidden: torch.Tensor, known: torch.Tensor | None) -> torch.Tensor:
    """With zeros for padding, as beyond the ends of a window."""
    return hidden if known is None else hidden * known


def _neighbours(hidden: torch.Tensor, dilation: int) -> torch.Tensor:
    """Beside each token, those that a convolution sees, shape (b, n, w) to (b, n, (2 REACH + 1) w).

    A convolution as one product of matrices: that is what is fast as int8.
    """
    length, beyond = hidden.shape[1], REACH * dilation
    padded = functional.pad(hidden, (0, 0, beyond, beyond))
    starts = range(0, 2 * beyond + 1, dilation)
    return torch.cat([padded[:, start : start + length] for start in starts], -1)


BODIES: dict[str, type[Transformer | Convolutions]] = {"fast": Convolutions, "accurate": Transformer}
"""For each speed."""


class ClaimNetwork(nn.Module):
    """A body with label-wise attention over the words of each sentence, and heads for each claim type (that of the assertion
    status is shared)."""

    def __init__(self, body: Transformer | Convolutions, types: int) -> None:
        super().__init__()
        self.body = body
        width = body.width
        self.words = nn.Linear(width, types)
        self.drop = Dropout(0.1)
        self.present = nn.Parameter(torch.randn(types, 2 * width) * 0.02)
        self.flagged = nn.Parameter(torch.randn(types, 2 * width) * 0.02)
        self.present_bias = nn.Parameter(torch.full((types,), -3.0))
        self.flagged_bias = nn.Parameter(torch.full((types,), -4.0))
        self.strength = nn.Parameter(torch.randn(types, len(STRENGTHS), 2 * width) * 0.02)
        self.assertion = nn.Linear(2 * width, len(ASSERTIONS))

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, segments: torch.Tensor, members: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """The outputs of `OUTPUTS`, for b windows of n tokens and s lines: shapes (b, s, …), that of words (b, s, n, t)."""
        hidden = self.body(input_ids, segments, attention_mask)
        own = members.unsqueeze(-1)
        words = (self.words(hidden).float().unsqueeze(1) + (own - 1) * FAR).log_softmax(2)
        carried = torch.einsum("bsnt,bnh->bsth", words.exp().to(hidden.dtype), hidden)
        mean = torch.einsum("bsn,bnh->bsh", members.to(hidden.dtype), hidden) / members.sum(2).clamp(min=1).unsqueeze(-1)
        both = self.drop(torch.cat([carried, mean.to(hidden.dtype).unsqueeze(2).expand_as(carried)], -1))
        present = (both * self.present).sum(-1) + self.present_bias
        flagged = (both * self.flagged).sum(-1) + self.flagged_bias
        strength = torch.einsum("bsth,tkh->bstk", both, self.strength)
        return present.float(), flagged.float(), strength.float(), self.assertion(both).float(), words


def export(network: ClaimNetwork, layout: Layout, graph: Path) -> None:
    """Write the network as an int8 ONNX graph of one window (dynamic quantisation of matrix products and embeddings)."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    network = network.eval().float()
    passage = Passage("about", (PassageLine("one line"), PassageLine("another, longer")))
    inputs = pad(list(layout.windows(passage)))
    names = ("input_ids", "segments", "members")
    axes = {"input_ids": {1: "tokens"}, "segments": {1: "tokens"}, "members": {1: "lines", 2: "tokens"}}
    with tempfile.TemporaryDirectory() as folder:
        full = Path(folder) / "full.onnx"
        torch.onnx.export(
            _OneWindow(network),
            tuple(torch.from_numpy(inputs[name]) for name in names),
            str(full),
            input_names=list(names),
            output_names=list(OUTPUTS),
            dynamic_axes={**axes, **{name: {1: "lines"} for name in OUTPUTS}, "words": {1: "tokens"}},
            opset_version=17,
            dynamo=False,
        )
        quantize_dynamic(full, graph, weight_type=QuantType.QInt8, per_channel=True)


def restore(network: ClaimNetwork, graph: Path) -> None:
    """Give a network the weights of a graph that `export` wrote, as exactly as int8 keeps them.

    Raises
    ------
    ModelError
        The graph is that of another network, or was written by another version of the libraries.
    """
    try:
        stored = _weights_of(graph, len(network.present_bias))
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                if ".pooler." not in name:  # which nothing reads
                    parameter.copy_(torch.from_numpy(stored[f"network.{name}"].copy()).view_as(parameter))
    except (KeyError, RuntimeError, ValueError) as error:
        raise ModelError(
            f"{graph}: its weights do not fit this network ({error}). Train from nothing, without a start."
        ) from error


def _weights_of(graph: Path, types: int) -> dict[str, np.ndarray]:
    """The float weights of an exported graph by the names that they have in `_OneWindow`."""
    import onnx
    from onnx import numpy_helper

    described = onnx.load(graph).graph
    stored = {each.name: numpy_helper.to_array(each) for each in described.initializer}
    float_ = {name.removesuffix("_quantized"): _dequantised(stored, name) for name in stored if name.endswith("_quantized")}
    # A matrix of a linear layer lost its name, its bias did not: the sum of the product and the bias tells whose it is.
    factors = {each.output[0]: each.input[1] for each in described.node if each.op_type == "MatMulInteger"}
    for each in described.node:
        if each.op_type in ("Cast", "Mul") and each.input[0] in factors:
            factors[each.output[0]] = factors[each.input[0]]
        elif each.op_type == "Add":
            bias = next((name for name in each.input if name.endswith(".bias") and name in stored), None)
            matrix = next((factors[name] for name in each.input if name in factors), None)
            if bias and matrix:
                stored[bias.removesuffix("bias") + "weight"] = float_[matrix.removesuffix("_quantized")].T
    stored |= float_
    stored["network.words.weight"] = float_["network.words.weight_Transposed"].T
    of_both = np.concatenate([float_["of_carried"], float_["of_mean"]]).T  # (heads, 2 width)
    heads = np.split(of_both, np.cumsum([types, types, types * len(STRENGTHS)]))
    for name, rows in zip(("present", "flagged", "strength", "assertion.weight"), heads, strict=True):
        stored[f"network.{name}"] = rows
    return stored


def _dequantised(stored: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    scale, zero = (stored[name.removesuffix("quantized") + part] for part in ("scale", "zero_point"))
    return (stored[name].astype(np.float32) - zero.astype(np.float32)) * scale


class _OneWindow(nn.Module):
    """The network for one window, without padding (and so without a mask) and dropout: the same answers with less work.

    Every head is linear, so the tokens are multiplied by its weights first, and only what comes out is gathered by sentence
    and type.
    """

    def __init__(self, network: ClaimNetwork) -> None:
        super().__init__()
        self.network = network
        self.types, width = network.present.shape[0], network.words.in_features
        weights = (network.present, network.flagged, network.strength.flatten(0, 1), network.assertion.weight)
        self.of_carried = nn.Parameter(torch.cat([each[:, :width] for each in weights]).T.contiguous())
        self.of_mean = nn.Parameter(torch.cat([each[:, width:] for each in weights]).T.contiguous())

    def forward(self, input_ids: torch.Tensor, segments: torch.Tensor, members: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The outputs of `OUTPUTS`, shapes (1, s, …), that of words (1, n, t)."""
        network, t = self.network, self.types
        hidden, own = network.body(input_ids, segments)[0], members[0]
        is_own = own.sum(0).unsqueeze(-1)
        raw = network.words(hidden)
        strongest = own.T @ (raw.unsqueeze(0) + (own.unsqueeze(-1) - 1) * FAR).amax(1)
        total = own @ (torch.exp((raw - strongest).clamp(max=0)) * is_own)
        words = raw - strongest - own.T @ torch.log(total.clamp(min=1e-30))
        share = torch.exp(words) * is_own
        told = hidden @ self.of_carried
        of_strength = (share.unsqueeze(-1) * told[:, 2 * t : 5 * t].reshape(-1, t, len(STRENGTHS))).flatten(1)
        of_assertion = (share.unsqueeze(-1) * told[:, None, 5 * t :]).flatten(1)
        carried = own @ torch.cat([share * told[:, :t], share * told[:, t : 2 * t], of_strength, of_assertion], 1)
        mean = (own @ hidden) / own.sum(1, keepdim=True).clamp(min=1) @ self.of_mean
        present = carried[:, :t] + mean[:, :t] + network.present_bias
        flagged = carried[:, t : 2 * t] + mean[:, t : 2 * t] + network.flagged_bias
        strength = (carried[:, 2 * t : 5 * t] + mean[:, 2 * t : 5 * t]).reshape(-1, t, len(STRENGTHS))
        assertion = carried[:, 5 * t :].reshape(-1, t, len(ASSERTIONS)) + mean[:, None, 5 * t :] + network.assertion.bias
        return present[None], flagged[None], strength[None], assertion[None], words[None]
