"""How the encoders are trained: the settings of each run, and what a model is taught from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Recipe:
    """How long and how fast to train.

    `plain_share` is the part of the sentences without any label that each epoch draws: all of them would teach little more
    and take twice the time. `soft_share` is the weight of the teacher's answers where there are any. `batch_tokens` counts
    padding.
    """

    epochs: int
    rate: float
    head_rate: float
    plain_share: float
    batch_tokens: int = 1_600
    soft_share: float = 0.6
    smoothing: float = 0.02
    seed: int = 0
    threads: int = 2


SMALL_RECIPE = Recipe(epochs=5, rate=1e-4, head_rate=5e-4, plain_share=0.4)
TEACHER_RECIPE = Recipe(epochs=2, rate=4e-5, head_rate=4e-4, plain_share=0.25)
"""Two epochs, because two cores take 20 minutes for each."""


@dataclass(frozen=True, slots=True)
class Teaching:
    """What an encoder is trained from: folder of its body, folder of its teacher's (None: no teacher), and the recipes."""

    body: Path
    recipe: Recipe = SMALL_RECIPE
    teacher: Path | None = None
    teacher_recipe: Recipe = TEACHER_RECIPE
