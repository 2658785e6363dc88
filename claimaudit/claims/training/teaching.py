"""How a network learns to read claims. Needs the extra `train`."""

from __future__ import annotations

import random
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

from claimaudit.claims.encoder import OUTPUTS, pad
from claimaudit.claims.passages import WINDOW_TOKENS, Layout, Passage, Window
from claimaudit.claims.training.examples import Example, Lesson, arrays
from claimaudit.claims.training.networks import FAR, ClaimNetwork, Convolutions, Transformer, restore
from claimaudit.claims.training.recipe import Recipe
from claimaudit.types import ClaimType

T = TypeVar("T")
POOL = 4_096
"""Windows that are sorted by length together, so that batches need little padding and stay mixed."""
BUDGETS = (96, 160, WINDOW_TOKENS, WINDOW_TOKENS)
"""Sizes of windows that an epoch draws from, because listings are short and long; the smaller ones show no
lines around their own. Set once."""
PREDICTED_TOKENS = 6_000
"""Of a batch that is only read."""
REMEMBERED = 200_000
"""Lines whose tokens are kept during a training."""


def fit_network(
    lessons: Sequence[Lesson],
    claim_types: Sequence[ClaimType],
    body: type[Transformer | Convolutions],
    folder: Path,
    layout: Layout,
    recipe: Recipe,
    *,
    start: Path | None = None,
    report: Callable[[str], None] = print,
    after_epoch: Callable[[int, ClaimNetwork], None] | None = None,
) -> ClaimNetwork:
    """Train a network on lessons, on an accelerator if there is one.

    It begins with the graph `start` that another network was exported to, or else its body with the encoder in `folder`.
    The seed fixes all draws; that a processor repeats a network to the last bit has not been shown.
    """
    torch.set_num_threads(recipe.threads)
    torch.manual_seed(recipe.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = ClaimNetwork(body(folder), len(claim_types))
    if start is not None:
        restore(network, start)
    network = network.to(device)
    before = [value.detach().clone() for value in network.parameters()] if start is not None and recipe.is_averaged else []
    school = _School(lessons, claim_types, layout, recipe)
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
    with torch.no_grad():
        for was, value in zip(before, network.parameters(), strict=False):
            value.lerp_(was, 0.5)
    return network.cpu().eval()


def predict(network: ClaimNetwork, passages: Sequence[Passage], layout: Layout) -> list[np.ndarray]:
    """For each passage the log-odds in float that its lines are flagged, shape (lines, t)."""
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


def load_layout(folder: Path) -> Layout:
    """How windows are laid out with the tokenizer of a pre-trained encoder."""
    return Layout(Tokenizer.from_file(str(folder / "tokenizer.json")), REMEMBERED)


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

    def __init__(self, lessons: Sequence[Lesson], claim_types: Sequence[ClaimType], layout: Layout, recipe: Recipe) -> None:
        self._recipe = recipe
        self._draw = random.Random(recipe.seed)
        self._layout = layout
        self._lessons = lessons
        self._guests: defaultdict[str, list[Lesson]] = defaultdict(list)
        self._hosts: defaultdict[str, list[Lesson]] = defaultdict(list)
        for lesson in lessons:
            self._guests[lesson.passage.about].extend(lesson.pieces)
            if lesson.breaks:
                self._hosts[lesson.passage.about].append(lesson)
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
            is_document = lesson.pieces or lesson.breaks
            taught.extend(self._of_document(lesson) if is_document else self._of_line(lesson))
        draw.shuffle(taught)
        batches: list[list[_Taught]] = []
        for start in range(0, len(taught), POOL):
            pool = sorted(taught[start : start + POOL], key=lambda entry: len(entry.window.ids))
            batches.extend(_batches(pool, self._recipe.batch_tokens, lambda entry: len(entry.window.ids)))
        draw.shuffle(batches)
        return batches

    def _of_document(self, lesson: Lesson) -> Iterator[_Taught]:
        """What an epoch shows of a document: its pieces, or the whole of it, with or without a guest."""
        draw, recipe = self._draw, self._recipe
        if lesson.pieces and draw.random() < recipe.piece_share:
            for piece in lesson.pieces:
                yield from self._taught(piece, WINDOW_TOKENS)
            return
        guests = self._guests[lesson.passage.about]
        if guests and lesson.breaks and draw.random() < recipe.guest_share:
            lesson = lesson.with_guest(draw.choice(guests), draw.choice(lesson.breaks))
        yield from self._taught(lesson, draw.choice(BUDGETS))

    def _of_line(self, lesson: Lesson) -> Iterator[_Taught]:
        """A lesson of a line or two, alone or in the window of a document around it."""
        hosts = self._hosts[lesson.passage.about]
        if not hosts or self._draw.random() >= self._recipe.hosted_share:
            yield from self._taught(lesson, WINDOW_TOKENS)
            return
        host = self._draw.choice(hosts)
        place = self._draw.choice(host.breaks)
        lines = range(place, place + len(lesson.passage.lines))
        for taught in self._taught(host.with_guest(lesson, place), WINDOW_TOKENS):
            if any(line in taught.window.own for line in lines):
                yield taught

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
