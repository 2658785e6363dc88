"""How the encoder is trained: the settings of a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """How long and how fast to train.

    `rate` is that of the pre-trained body, `head_rate` of what is new. `plain_share` is the part of the sentences without
    any label that each epoch draws: with all of them an epoch takes half as long again. `alone_share` is the part that an
    epoch shows without their context: titles and single lines have none. `batch_tokens` counts padding. Of the values only
    `rate` was tried (1e-4 gave less on a quarter of the documents); the others were set once.
    """

    epochs: int = 5
    rate: float = 1.5e-4
    head_rate: float = 5e-4
    plain_share: float = 0.4
    alone_share: float = 0.2
    batch_tokens: int = 1_600
    smoothing: float = 0.02
    seed: int = 0
    threads: int = 2
