"""Fine-tuning of a small encoder, and its export as an int8 ONNX graph. Needs the extra `train`.

One network answers all questions about every sentence of a window (`claimaudit.claims.encoder` says which).
"""

from __future__ import annotations

import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional
from transformers import AutoModel

from claimaudit.claims.encoder import OUTPUTS, pad
from claimaudit.claims.passages import WINDOW_TOKENS, Layout, Passage, PassageLine, Window
from claimaudit.claims.training.examples import ASSERTIONS, STRENGTHS, Example, Lesson, arrays
from claimaudit.claims.training.recipe import Recipe
from claimaudit.types import ClaimType

T = TypeVar("T")
POOL = 1_024
"""Windows that are sorted by length together, so that batches need little padding and stay mixed."""
BUDGETS = (96, 160, WINDOW_TOKENS, WINDOW_TOKENS)
"""Sizes of windows that an epoch draws from, because listings are short and long; the smaller ones show no
lines around their own. Set once."""
PREDICTED_TOKENS = 6_000
"""Of a batch that is only read."""
REMEMBERED = 200_000
"""Lines whose tokens are kept during a training."""
FAR = 1e4
"""Taken from the log-weight of a token that does not belong to the line."""


class ClaimNetwork(nn.Module):
    """An encoder with label-wise attention over the words of each sentence, and heads for each claim type (that of the
    assertion status is shared)."""

    def __init__(self, body: Path, types: int) -> None:
        super().__init__()
        # On two cores the backward pass of fused attention takes longer than that of the plain one, and drawing which
        # attention weights to drop takes long and gained nothing.
        self.body = AutoModel.from_pretrained(body, attention_probs_dropout_prob=0.0, attn_implementation="eager")
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
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, segments: torch.Tensor, members: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """The outputs of `OUTPUTS`, for b windows of n tokens and s lines: shapes (b, s, …), that of words (b, s, n, t)."""
        hidden = self.body(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=segments).last_hidden_state
        own = members.unsqueeze(-1)
        words = (self.words(hidden).float().unsqueeze(1) + (own - 1) * FAR).log_softmax(2)
        carried = torch.einsum("bsnt,bnh->bsth", words.exp().to(hidden.dtype), hidden)
        mean = torch.einsum("bsn,bnh->bsh", members.to(hidden.dtype), hidden) / members.sum(2).clamp(min=1).unsqueeze(-1)
        both = self.drop(torch.cat([carried, mean.to(hidden.dtype).unsqueeze(2).expand_as(carried)], -1))
        present = (both * self.present).sum(-1) + self.present_bias
        flagged = (both * self.flagged).sum(-1) + self.flagged_bias
        strength = torch.einsum("bsth,tkh->bstk", both, self.strength)
        return present.float(), flagged.float(), strength.float(), self.assertion(both).float(), words


def fit_encoder(
    lessons: Sequence[Lesson],
    claim_types: Sequence[ClaimType],
    body: Path,
    recipe: Recipe,
    *,
    report: Callable[[str], None] = print,
    after_epoch: Callable[[int, ClaimNetwork], None] | None = None,
) -> ClaimNetwork:
    """Fine-tune the encoder in folder `body` (weights, config and tokenizer) on lessons, on an accelerator if there is one.

    The seed fixes all draws; that a processor repeats a network to the last bit has not been shown.
    """
    torch.set_num_threads(recipe.threads)
    torch.manual_seed(recipe.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = ClaimNetwork(body, len(claim_types)).to(device)
    school = _School(lessons, claim_types, body, recipe)
    of_body = [value for name, value in network.named_parameters() if name.startswith("body.")]
    new = [value for name, value in network.named_parameters() if not name.startswith("body.")]
    groups = [{"params": of_body, "lr": recipe.rate}, {"params": new, "lr": recipe.head_rate}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    began = time.monotonic()
    for epoch in range(recipe.epochs):
        network.train()
        batches = school.epoch()
        total = torch.zeros((), device=device)
        for number, batch in enumerate(batches):
            share = _warmed_and_falling((epoch + number / len(batches)) / recipe.epochs)
            for group, rate in zip(optimiser.param_groups, (recipe.rate, recipe.head_rate), strict=True):
                group["lr"] = rate * share
            loss = _loss(network, school.tensors(batch, device), device, recipe)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad()
            total += loss.detach()
        mean = float(total) / len(batches)
        report(f"epoch {epoch + 1} of {recipe.epochs}: loss {mean:.3f}, {time.monotonic() - began:.0f} s")
        if after_epoch is not None:
            after_epoch(epoch, network)
    return network.cpu().eval()


def predict(network: ClaimNetwork, passages: Sequence[Passage], body: Path) -> list[np.ndarray]:
    """For each passage the log-odds in float that its lines are flagged, shape (lines, t)."""
    layout = load_layout(body)
    laid = [(place, window) for place, passage in enumerate(passages) for window in layout.windows(passage)]
    types = len(network.flagged_bias)
    found = [np.zeros((len(passage.lines), types), np.float32) for passage in passages]
    laid.sort(key=lambda entry: len(entry[1].ids))
    device = network.flagged_bias.device
    network.eval()
    with torch.inference_mode(), torch.autocast(device.type, dtype=torch.bfloat16):
        for batch in _batches(laid, PREDICTED_TOKENS, lambda entry: len(entry[1].ids)):
            flagged = network(**_tensors([window for _, window in batch], device))[OUTPUTS.index("flagged")].cpu().numpy()
            for (place, window), odds in zip(batch, flagged, strict=True):
                first = window.own.start - window.shown.start
                found[place][window.own] = odds[first : first + len(window.own)]
    return found


def load_layout(body: Path) -> Layout:
    return Layout(Tokenizer.from_file(str(body / "tokenizer.json")), REMEMBERED)


@dataclass(frozen=True, slots=True)
class _Taught:
    """A window with the number of the example of each line shown, or -1 where nothing is to be learned."""

    window: Window
    examples: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Inputs and targets of some windows, as tensors on one device.

    The targets have the shapes (b, s, t); `known` is 0 where nothing is to be learned, `count` the number of lines to learn.
    `marked` holds row, line and column of each marked claim, and `near` its tokens: 0 for these, -FAR for others.
    """

    inputs: dict[str, torch.Tensor]
    present: torch.Tensor
    flagged: torch.Tensor
    strength: torch.Tensor
    assertion: torch.Tensor
    known: torch.Tensor
    count: int
    marked: torch.Tensor
    near: torch.Tensor


class _School:
    """Draws the batches of each epoch, and knows the targets of every example."""

    def __init__(self, lessons: Sequence[Lesson], claim_types: Sequence[ClaimType], body: Path, recipe: Recipe) -> None:
        self._recipe = recipe
        self._draw = random.Random(recipe.seed)
        self._layout = load_layout(body)
        self._lessons = lessons
        self._guests: defaultdict[str, list[Lesson]] = defaultdict(list)
        for lesson in lessons:
            self._guests[lesson.passage.about].extend(lesson.pieces)
        self._types = {claim_type: column for column, claim_type in enumerate(claim_types)}
        parts = [part for lesson in lessons for part in (lesson, *lesson.pieces)]
        self._examples = [example for part in parts for example in part.examples if example is not None]
        self._places = {id(example): place for place, example in enumerate(self._examples)}
        self._targets = arrays(self._examples, claim_types)

    def epoch(self) -> list[list[_Taught]]:
        """Batches of windows of about the same length, in an order of their own."""
        draw = self._draw
        taught: list[_Taught] = []
        for lesson in self._lessons:
            if lesson.pieces and draw.random() < self._recipe.piece_share:
                for piece in lesson.pieces:
                    taught.extend(self._taught(piece, WINDOW_TOKENS))
                continue
            guests = self._guests[lesson.passage.about]
            if guests and lesson.breaks and draw.random() < self._recipe.guest_share:
                lesson = lesson.with_guest(draw.choice(guests), draw.choice(lesson.breaks))
            taught.extend(self._taught(lesson, draw.choice(BUDGETS)))
        draw.shuffle(taught)
        batches: list[list[_Taught]] = []
        for start in range(0, len(taught), POOL):
            pool = sorted(taught[start : start + POOL], key=lambda entry: len(entry.window.ids))
            batches.extend(_batches(pool, self._recipe.batch_tokens, lambda entry: len(entry.window.ids)))
        draw.shuffle(batches)
        return batches

    def _taught(self, lesson: Lesson, budget: int) -> Iterator[_Taught]:
        for window in self._layout.windows(lesson.passage, budget=budget, around=budget == WINDOW_TOKENS):
            shown = lesson.examples[window.shown.start : window.shown.stop]
            places = (
                -1 if example is None or line not in window.own else self._places[id(example)]
                for line, example in zip(window.shown, shown, strict=True)
            )
            yield _Taught(window, tuple(places))

    def tensors(self, batch: Sequence[_Taught], device: torch.device) -> _Batch:
        inputs = _tensors([taught.window for taught in batch], device)
        lines, length = inputs["members"].shape[1:]
        places = np.full((len(batch), lines), -1)
        marked, near = [], []
        for row, taught in enumerate(batch):
            places[row, : len(taught.examples)] = taught.examples
            for number, place in enumerate(taught.examples):
                if place >= 0:
                    for column, tokens in self._marked(self._examples[place], taught.window, number):
                        marked.append((row, number, column))
                        near.append(tokens)
        known = self._targets.known[places] * (places >= 0)[..., None]
        far = np.full((len(near), length), -FAR, np.float32)
        for row, tokens in enumerate(near):
            far[row, tokens] = 0

        def on_device(values: np.ndarray) -> torch.Tensor:
            return torch.from_numpy(values).to(device, non_blocking=True)

        return _Batch(
            inputs,
            on_device(self._targets.present[places]),
            on_device(self._targets.flagged[places]),
            on_device(np.where(known > 0, self._targets.strength[places], -1)),
            on_device(np.where(known > 0, self._targets.assertion[places], -1)),
            on_device(known.astype(np.float32)),
            int((places >= 0).sum()),
            on_device(np.array(marked, np.int64).reshape(-1, 3)),
            on_device(far),
        )

    def _marked(self, example: Example, window: Window, number: int) -> Iterator[tuple[int, list[int]]]:
        """For each target with marked words: the column of its type and the tokens of the words in the window."""
        offsets = window.offsets[number]
        for claim_type, target in example.targets.items():
            if target.words is None or not offsets:
                continue
            first = window.owners.index(number)
            start, end = target.words
            tokens = [first + place for place, offset in enumerate(offsets) if offset[0] < end and offset[1] > start]
            if tokens:
                yield self._types[claim_type], tokens


def _loss(network: ClaimNetwork, batch: _Batch, device: torch.device, recipe: Recipe) -> torch.Tensor:
    with torch.autocast(device.type, dtype=torch.bfloat16):
        present, flagged, strength, assertion, words = network(**batch.inputs)
    loss = torch.zeros((), device=device)
    for odds, hard in ((present, batch.present), (flagged, batch.flagged)):
        losses = functional.binary_cross_entropy_with_logits(odds, hard * (1 - recipe.smoothing), reduction="none")
        loss = loss + (losses * batch.known).sum()
    for odds, target, smoothing in ((strength, batch.strength, 0.0), (assertion, batch.assertion, 0.05)):
        loss = loss + 0.5 * functional.cross_entropy(
            odds.flatten(0, 2), target.flatten(), ignore_index=-1, reduction="sum", label_smoothing=smoothing
        )
    rows, lines, columns = batch.marked.unbind(1)
    loss = loss - 0.3 * torch.logsumexp(words[rows, lines, :, columns] + batch.near, 1).sum()
    return loss / max(1, batch.count)


def _warmed_and_falling(done: float) -> float:
    """The share of the rate after a part of the training, 0..1: it rises over the first tenth, then falls in a line."""
    return min(done / 0.1, max(0.02, (1 - done) / 0.9))


def _tensors(windows: Sequence[Window], device: torch.device) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(values).to(device, non_blocking=True) for name, values in pad(windows).items()}


def _batches(entries: Sequence[T], tokens: int, length: Callable[[T], int]) -> Iterator[list[T]]:
    """Batches of at most so many padded tokens, from entries in order of length."""
    batch: list[T] = []
    for entry in entries:
        if batch and length(entry) * (len(batch) + 1) > tokens:
            yield batch
            batch = []
        batch.append(entry)
    if batch:
        yield batch


def export(network: ClaimNetwork, body: Path, graph: Path) -> None:
    """Write the network as an int8 ONNX graph of one window (dynamic quantisation of matrix products and embeddings)."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    network = network.eval().float()
    passage = Passage("about", (PassageLine("one line"), PassageLine("another, longer")))
    inputs = pad(list(load_layout(body).windows(passage)))
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
        embedded = network.body.embeddings(input_ids=input_ids, token_type_ids=segments)
        hidden, own = network.body.encoder(embedded).last_hidden_state[0], members[0]
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
