"""Fine-tuning of a small encoder, and its export as an int8 ONNX graph. Needs the extra `train`.

One network answers all questions about a sentence in its context (`claimaudit.claims.encoder` says which).
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional
from transformers import AutoModel

from claimaudit.claims.encoder import encode, fixed_tokenizer, pad
from claimaudit.claims.readings import Reading
from claimaudit.claims.training.examples import ASSERTIONS, STRENGTHS, Arrays, Example, arrays
from claimaudit.claims.training.recipe import Recipe
from claimaudit.types import ClaimType

POOL = 800
"""Examples that are sorted by length together, so that batches need little padding and stay mixed."""


class ClaimNetwork(nn.Module):
    """An encoder with label-wise attention over the words of the sentence, and heads for each claim type."""

    def __init__(self, body: Path, types: int) -> None:
        super().__init__()
        # Over short sentences the backward pass of fused attention takes longer than that of the plain one, and drawing
        # which attention weights to drop takes long and gained nothing.
        self.body = AutoModel.from_pretrained(body, attention_probs_dropout_prob=0.0, attn_implementation="eager")
        self.takes_segments = getattr(self.body.config, "type_vocab_size", 0) > 1
        width = self.body.config.hidden_size
        self.words = nn.Linear(width, types)
        self.drop = nn.Dropout(0.1)
        self.present = nn.Parameter(torch.randn(types, 2 * width) * 0.02)
        self.flagged = nn.Parameter(torch.randn(types, 2 * width) * 0.02)
        self.present_bias = nn.Parameter(torch.full((types,), -3.0))
        self.flagged_bias = nn.Parameter(torch.full((types,), -4.0))
        self.strength = nn.Parameter(torch.randn(types, len(STRENGTHS), 2 * width) * 0.02)
        self.assertion = nn.Linear(2 * width, len(ASSERTIONS))

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, segments: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        more = {"token_type_ids": segments} if self.takes_segments else {}
        hidden = self.body(input_ids=input_ids, attention_mask=attention_mask, **more).last_hidden_state
        own = (segments * attention_mask).unsqueeze(-1)
        words = (self.words(hidden).float() + (own - 1) * 1e4).log_softmax(1)
        carried = torch.einsum("bnt,bnh->bth", words.exp().to(hidden.dtype), hidden)
        mean = (hidden * own).sum(1) / own.sum(1).clamp(min=1)
        both = self.drop(torch.cat([carried, mean.unsqueeze(1).expand_as(carried)], -1))
        present = (both * self.present).sum(-1) + self.present_bias
        flagged = (both * self.flagged).sum(-1) + self.flagged_bias
        strength = torch.einsum("bth,tkh->btk", both, self.strength)
        return present.float(), flagged.float(), strength.float(), self.assertion(both).float(), words


def load_tokenizer(body: Path) -> Tokenizer:
    return fixed_tokenizer(Tokenizer.from_file(str(body / "tokenizer.json")))


def fit_encoder(
    examples: Sequence[Example],
    claim_types: Sequence[ClaimType],
    body: Path,
    recipe: Recipe,
    *,
    report: Callable[[str], None] = print,
    after_epoch: Callable[[int, ClaimNetwork], None] | None = None,
) -> ClaimNetwork:
    """Fine-tune the encoder in folder `body` (weights, config and tokenizer) on examples; same seed, same network."""
    torch.set_num_threads(recipe.threads)
    torch.manual_seed(recipe.seed)
    draw = random.Random(recipe.seed)
    network = ClaimNetwork(body, len(claim_types))
    with_context = range(len(examples))
    lonely = [place for place in with_context if examples[place].alone is not None]
    alone = {place: len(examples) + number for number, place in enumerate(lonely)}
    material = _Material.of([*examples, *(_alone(examples[place]) for place in lonely)], claim_types, body)
    telling = [place for place in with_context if examples[place].targets or examples[place].only]
    plain = sorted(set(with_context) - set(telling))
    plan = [list(_epoch(telling, plain, alone, material.encodings, recipe, draw)) for _ in range(recipe.epochs)]
    _train(network, material, plan, recipe, report=report, after_epoch=after_epoch)
    return network.eval()


def predict(network: ClaimNetwork, readings: Sequence[Reading], body: Path) -> tuple[np.ndarray, ...]:
    """Log-odds of present (n, t) and flagged (n, t), log-odds of strength (n, t, 3) and assertion (n, t, 9), in float."""
    tokenizer = load_tokenizer(body)
    encodings = [encode(tokenizer, reading) for reading in readings]
    order = sorted(range(len(encodings)), key=lambda place: len(encodings[place].ids))
    parts: list[tuple[np.ndarray, ...]] = []
    network.eval()
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        for places in _batches(order, encodings, 6_000):
            inputs = {name: torch.from_numpy(value) for name, value in pad([encodings[place] for place in places]).items()}
            parts.append(tuple(output.numpy() for output in network(**inputs)[:4]))
    back = np.argsort(order)
    return tuple(np.concatenate([part[number] for part in parts])[back] for number in range(4))


@dataclass(frozen=True, slots=True)
class _Material:
    """Examples made ready: their tokens, their targets, the tokens of each marked claim."""

    encodings: Sequence[Any]
    targets: _Tensors
    marked: Sequence[Sequence[tuple[int, list[int]]]]

    @classmethod
    def of(cls, examples: Sequence[Example], claim_types: Sequence[ClaimType], body: Path) -> _Material:
        tokenizer = load_tokenizer(body)
        encodings = [encode(tokenizer, example.reading) for example in examples]
        marked = [_marked(example, encoding, claim_types) for example, encoding in zip(examples, encodings, strict=True)]
        return cls(encodings, _Tensors(arrays(examples, claim_types)), marked)


def _train(
    network: ClaimNetwork,
    material: _Material,
    plan: Sequence[Sequence[list[int]]],
    recipe: Recipe,
    *,
    report: Callable[[str], None],
    after_epoch: Callable[[int, ClaimNetwork], None] | None = None,
) -> None:
    """Train on the batches of each epoch."""
    of_body = [value for name, value in network.named_parameters() if name.startswith("body.")]
    new = [value for name, value in network.named_parameters() if not name.startswith("body.")]
    groups = [{"params": of_body, "lr": recipe.rate}, {"params": new, "lr": recipe.head_rate}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    steps = sum(len(batches) for batches in plan)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(step / (0.1 * steps), max(0.02, (steps - step) / (0.9 * steps)))
    )
    began = time.monotonic()
    for epoch, batches in enumerate(plan):
        network.train()
        total = 0.0
        for places in batches:
            encodings = [material.encodings[place] for place in places]
            inputs = {name: torch.from_numpy(value) for name, value in pad(encodings).items()}
            with torch.autocast("cpu", dtype=torch.bfloat16):
                outputs = network(**inputs)
            loss = _loss(outputs, material.targets, places, [material.marked[place] for place in places], recipe)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            optimiser.zero_grad()
            total += float(loss.detach())
        report(f"epoch {epoch + 1} of {len(plan)}: loss {total / len(batches):.3f}, {time.monotonic() - began:.0f} s")
        if after_epoch is not None:
            after_epoch(epoch, network)


class _Tensors:
    """The targets as tensors."""

    def __init__(self, targets: Arrays) -> None:
        self.present, self.flagged = torch.from_numpy(targets.present), torch.from_numpy(targets.flagged)
        self.strength, self.assertion = torch.from_numpy(targets.strength), torch.from_numpy(targets.assertion)
        self.known = torch.from_numpy(targets.known)


def _loss(
    outputs: tuple[torch.Tensor, ...],
    data: _Tensors,
    places: Sequence[int],
    marked: Sequence[Sequence[tuple[int, list[int]]]],
    recipe: Recipe,
) -> torch.Tensor:
    present, flagged, strength, assertion, words = outputs
    known = data.known[places]
    loss = torch.zeros(())
    for odds, hard in ((present, data.present[places]), (flagged, data.flagged[places])):
        losses = functional.binary_cross_entropy_with_logits(odds, hard * (1 - recipe.smoothing), reduction="none")
        loss = loss + (losses * known).sum()
    for odds, target, smoothing in ((strength, data.strength[places], 0.0), (assertion, data.assertion[places], 0.05)):
        told = target >= 0
        if told.any():
            loss = loss + 0.5 * functional.cross_entropy(
                odds[told], target[told], reduction="sum", label_smoothing=smoothing
            )
    for row, spans in enumerate(marked):
        for column, tokens in spans:
            loss = loss - 0.3 * torch.logsumexp(words[row, tokens, column], 0)
    return loss / len(places)


def _marked(example: Example, encoding: Any, claim_types: Sequence[ClaimType]) -> list[tuple[int, list[int]]]:
    """For each target with marked words: the column of its type and the tokens of the words."""
    found = []
    for claim_type, target in example.targets.items():
        if target.words is None:
            continue
        start, end = target.words
        tokens = [
            place
            for place, (offset, segment) in enumerate(zip(encoding.offsets, encoding.sequence_ids, strict=True))
            if segment == 1 and offset[0] < end and offset[1] > start
        ]
        if tokens:
            found.append((claim_types.index(claim_type), tokens))
    return found


def _alone(example: Example) -> Example:
    return replace(example, reading=example.alone or example.reading)


def _epoch(
    telling: list[int],
    plain: list[int],
    alone: Mapping[int, int],
    encodings: Sequence[Any],
    recipe: Recipe,
    draw: random.Random,
) -> Iterator[list[int]]:
    """Batches of places of `encodings`; `alone` leads from a sentence in its context to the same without."""
    places = telling + draw.sample(plain, int(len(plain) * recipe.plain_share))
    draw.shuffle(places)
    places = [alone.get(place, place) if draw.random() < recipe.alone_share else place for place in places]
    yield from _pooled(places, encodings, recipe, draw)


def _pooled(places: list[int], encodings: Sequence[Any], recipe: Recipe, draw: random.Random) -> Iterator[list[int]]:
    """Batches of neighbours in the order given, of about the same length, in an order of their own."""
    batches: list[list[int]] = []
    for start in range(0, len(places), POOL):
        pool = sorted(places[start : start + POOL], key=lambda place: len(encodings[place].ids))
        batches.extend(_batches(pool, encodings, recipe.batch_tokens))
    draw.shuffle(batches)
    yield from batches


def _batches(order: Sequence[int], encodings: Sequence[Any], tokens: int) -> Iterator[list[int]]:
    """Batches of at most so many padded tokens, from places in order of length."""
    batch: list[int] = []
    for place in order:
        if batch and len(encodings[place].ids) * (len(batch) + 1) > tokens:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def export(network: ClaimNetwork, body: Path, graph: Path) -> None:
    """Write the network as an int8 ONNX graph (dynamic quantisation of the matrix products and embeddings)."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    network = network.eval().float()
    inputs = pad([encode(load_tokenizer(body), Reading("a context", text)) for text in ("one", "another, longer")])
    names = ("input_ids", "attention_mask", "segments")
    outputs = ("present", "flagged", "strength", "assertion", "words")
    with tempfile.TemporaryDirectory() as folder:
        full = Path(folder) / "full.onnx"
        torch.onnx.export(
            network,
            tuple(torch.from_numpy(inputs[name]) for name in names),
            str(full),
            input_names=list(names),
            output_names=list(outputs),
            dynamic_axes={name: {0: "batch", 1: "tokens"} for name in (*names, "words")},
            opset_version=17,
            dynamo=False,
        )
        quantize_dynamic(full, graph, weight_type=QuantType.QInt8, per_channel=True)
