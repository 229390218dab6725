"""Noise aggregation: along a few denoising steps a member's noise estimates stay together.

No public code was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """−log of the mean squared distance between the estimates of `steps` steps from `timestep`.

    The distance is per element and over all pairs of steps. Mean over draws; higher = member.
    """

    timestep: int = 80
    steps: int = 5
    draws: int = 1
    condition: str = "caption"

    access = "grey-box"
    source = "Li, Yu, Xu 2025 (arXiv 2510.21783)"

    def __post_init__(self) -> None:
        if not 2 <= self.steps <= self.timestep:
            raise ValueError(f"steps must be from 2 to timestep {self.timestep}, got {self.steps}")

    @property
    def queries(self) -> tuple[Query, ...]:
        further = (("steps", self.steps),)
        return grid("aggregation", [self.timestep], self.draws, self.condition, further)

    def score(self, evidence: Evidence) -> pd.Series:
        distance = evidence.signals["aggregation"]["pairwise"]
        return -np.log(distance).groupby(level="image_id").mean()
