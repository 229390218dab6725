"""Spread of a model's outputs for one image: they agree with each other more where it is a member.

The image itself is not looked at again: it is noised, denoised and decoded several times, and the
outputs are compared. `noise_aggregation` says the same of the estimates inside. No published number
on Stable Diffusion supports it; a small DDPM of CIFAR-10 was told apart by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mia.attacks.shared import generated
from mia.attacks.shared.contract import Traits
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Minus the mean distance between two outputs at each timestep; higher = member.

    The distance of two outputs is the root of the mean squared difference of pixels in [0, 1], so
    the score is in [−1, 0]. It is the mean over all pairs of draws, then over timesteps. DDIM leads
    back in steps of `step`; `guidance` 1 is none.
    """

    timesteps: tuple[int, ...] = (100, 200, 300, 400)
    draws: int = 2
    step: int = 100
    guidance: float = 1.0
    condition: str = "caption"

    access = "black-box"
    source = "this project; the spread of outputs at four noise levels"
    traits = Traits(compares_draws=True)

    def __post_init__(self) -> None:
        generated.check_variation(self.timesteps, self.guidance, self.draws, least=2)

    @property
    def queries(self) -> tuple[Query, ...]:
        return generated.variations(
            self.timesteps, self.draws, self.condition, self.step, self.guidance
        )

    def score(self, evidence: Evidence) -> pd.Series:
        table = evidence.signals[generated.VARIATION]
        table = table[table["draw"] > 0]
        pairs = table["rms_earlier"] * table["draw"]  # draw d has d outputs before it
        by_image = pairs.groupby(level="image_id").sum()
        return -by_image / (len(self.timesteps) * self.draws * (self.draws - 1) / 2)
