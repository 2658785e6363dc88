"""The fine-tuned encoder at run time: an ONNX graph, its tokenizer, and nothing that trains.

A sentence is read beside its context (two segments). For each claim type the graph attends to the words of the sentence that
carry the type (label-wise attention after Mullenbach et al. 2018, arXiv 1802.05695) and gives from these log-odds that
the sentence speaks of the type and that it is flagged, the strength, the assertion status, and the weight of each word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from claimaudit.claims.readings import Reading

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_TOKENS = 128
"""Of context and sentence together; a longer sentence is cut, which may miss a claim at its end."""


MAX_READINGS = 2_048
"""Readings whose answers are remembered (some 10 MB): catalogues repeat themselves."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the encoder says of one reading, for t claim types.

    `present`, `flagged`: log-odds, shape (t,). `strength` (t, 3) and `assertion` (t, 9): probabilities in the order of
    `Strength` and `Assertion`. `words` (n, t): log-weights of the n tokens of the sentence, `offsets` their
    [start, end) in the reading's text.
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
        import onnxruntime  # who audits fast need not load it
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(graph.read_bytes(), options, providers=["CPUExecutionProvider"])
        self._answer = lru_cache(maxsize=MAX_READINGS)(self._run)
        self._tokenizer = fixed_tokenizer(Tokenizer.from_file(str(tokenizer)))

    def read(self, readings: Sequence[Reading]) -> list[Encoded]:
        """What the encoder says of each reading; the same sentence in the same context is read once.

        One at a time: int8 activations are scaled by the largest of a run, so in a batch each sentence would change the
        answers for the others.
        """
        return [self._answer(reading) for reading in readings]

    def _run(self, reading: Reading) -> Encoded:
        encoding = encode(self._tokenizer, reading)
        outputs = self._session.run(["present", "flagged", "strength", "assertion", "words"], pad([encoding]))
        present, flagged, strength, assertion, words = (output[0] for output in outputs)
        places = [place for place, segment in enumerate(encoding.sequence_ids) if segment == 1]
        return Encoded(
            present,
            flagged,
            softmax(strength),
            softmax(assertion),
            words[places],
            tuple(encoding.offsets[place] for place in places),
        )


def fixed_tokenizer(tokenizer: Tokenizer) -> Tokenizer:
    """The tokenizer with our limit and no padding of its own."""
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS, strategy="only_second")
    return tokenizer


def encode(tokenizer: Tokenizer, reading: Reading) -> Any:
    """Tokens of the context and the sentence."""
    context, text = (part.encode("utf-8", "replace").decode("utf-8") for part in reading)  # lone surrogates become "?"
    return tokenizer.encode(context, text or " ")


def pad(encodings: Sequence[Any]) -> dict[str, np.ndarray]:
    """The graph's inputs for some encodings: each of shape (n, longest), int64."""
    shape = (len(encodings), max(len(encoding.ids) for encoding in encodings))
    inputs = {name: np.zeros(shape, np.int64) for name in ("input_ids", "attention_mask", "segments")}
    for row, encoding in enumerate(encodings):
        count = len(encoding.ids)
        inputs["input_ids"][row, :count] = encoding.ids
        inputs["attention_mask"][row, :count] = 1
        inputs["segments"][row, :count] = [1 if segment == 1 else 0 for segment in encoding.sequence_ids]
    return inputs


def softmax(values: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
