"""An encoder at run time: an ONNX graph, its tokenizer, and nothing that trains.

A listing is read in windows of many sentences (`claimaudit.claims.passages`), each word in the light of all others. For each
sentence and claim type the graph attends to the words of the sentence that carry the type (label-wise attention after
Mullenbach et al. 2018, arXiv 1802.05695) and gives from these log-odds that the sentence speaks of the type and that it is
flagged, the strength, the assertion status, and the weight of each word.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from claimaudit.claims.passages import Layout, Passage, Window

MAX_WINDOWS = 256
"""Windows whose answers are remembered: catalogues repeat whole listings."""
UNREAD_ODDS = -6.0
"""What stands for the log-odds of a line whose window the gate kept from the encoder, and of one without words."""
SLOW_FUSIONS = ["SkipLayerNormFusion"]
"""Of onnxruntime: its kernel that adds and normalises in one takes longer than the two that it stands for."""
OUTPUTS = ("present", "flagged", "strength", "assertion", "words")


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the encoder says of one sentence, for t claim types.

    `present`, `flagged`: log-odds, shape (t,). `strength` (t, 3) and `assertion` (t, 9): probabilities in the order of
    `Strength` and `Assertion`. `words` (n, t): log-weights of the n tokens of the sentence, `offsets` their
    [start, end) in its folded text.
    """

    present: np.ndarray
    flagged: np.ndarray
    strength: np.ndarray
    assertion: np.ndarray
    words: np.ndarray
    offsets: tuple[tuple[int, int], ...]


class Encoder:
    """Runs the graph on one thread, so that the same input gives the same bytes."""

    def __init__(self, graph: Path, tokenizer: Path) -> None:
        import onnxruntime  # who audits by patterns alone need not load it
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            graph.read_bytes(), options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOW_FUSIONS
        )
        self._answers = lru_cache(maxsize=MAX_WINDOWS)(self._run)
        self._layout = Layout(Tokenizer.from_file(str(tokenizer)))
        self._types = int(self._session.get_outputs()[1].shape[-1])

    def read(self, passage: Passage, wanted: Collection[int]) -> dict[int, Encoded]:
        """What the encoder says of each line of the windows that own a wanted one; the same window is read once.

        Lines without words have no answer. One window at a time: int8 activations are scaled by the largest of a run, so in
        a batch each window would change the answers for the others.
        """
        found: dict[int, Encoded] = {}
        for window in self._windows(passage, wanted):
            found |= self._answers(window)
        return found

    def flagged(self, passage: Passage, wanted: Collection[int]) -> np.ndarray:
        """The log-odds that each line of a passage is flagged, shape (lines, t); `UNREAD_ODDS` for what is not read."""
        return flagged_odds(self.read(passage, wanted), (len(passage.lines), self._types))

    def lines(self, passage: Passage, wanted: Collection[int]) -> set[int]:
        """The lines that `read` answers for."""
        windows = self._windows(passage, wanted)
        return {line for window in windows for line in window.own if window.offsets[line - window.shown.start]}

    def _windows(self, passage: Passage, wanted: Collection[int]) -> Iterator[Window]:
        if not wanted:
            return
        for window in self._layout.windows(passage):
            if any(line in wanted for line in window.own):
                yield window

    def _run(self, window: Window) -> dict[int, Encoded]:
        inputs = {name: values for name, values in pad([window]).items() if name != "attention_mask"}
        outputs = dict(zip(OUTPUTS, self._session.run(list(OUTPUTS), inputs), strict=True))
        present, flagged, words = (outputs[name][0] for name in ("present", "flagged", "words"))
        strength, assertion = softmax(outputs["strength"][0]), softmax(outputs["assertion"][0])
        owners = np.array(window.owners)
        found = {}
        for line in window.own:
            number = line - window.shown.start
            offsets = window.offsets[number]
            if offsets:
                found[line] = Encoded(
                    present[number],
                    flagged[number],
                    strength[number],
                    assertion[number],
                    words[owners == number],
                    offsets,
                )
        return found


def flagged_odds(answers: Mapping[int, Encoded], shape: tuple[int, ...]) -> np.ndarray:
    """Log-odds of a flag by line and type, of a shape (lines, t), with `UNREAD_ODDS` where there is no answer."""
    odds = np.full(shape, UNREAD_ODDS)
    for line, answer in answers.items():
        odds[line] = answer.flagged
    return odds


def pad(windows: Sequence[Window]) -> dict[str, np.ndarray]:
    """The graph's inputs for b windows of at most n tokens and s lines.

    `input_ids`, `attention_mask` and `segments` have the shape (b, n), int64; `members` (b, s, n) is 1 where a token belongs
    to a line, float32.
    """
    length, lines = max(len(window.ids) for window in windows), max(len(window.shown) for window in windows)
    inputs = {name: np.zeros((len(windows), length), np.int64) for name in ("input_ids", "attention_mask", "segments")}
    owners = np.full((len(windows), length), lines)
    for row, window in enumerate(windows):
        count = len(window.ids)
        inputs["input_ids"][row, :count] = window.ids
        inputs["attention_mask"][row, :count] = 1
        inputs["segments"][row, :count] = window.segments
        owners[row, :count] = window.owners
    members = owners[:, None, :] == np.arange(lines)[None, :, None]
    return {**inputs, "members": members.astype(np.float32)}


def softmax(values: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
