"""Pixel error of one guided denoising step, decoded: members come out nearer to themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Minus mean |255 x0 − round(255 decode(z_next))| of one DDIM step, over timesteps and draws.

    Unit: levels of 8-bit pixels. Range [−255, 0]; higher = member.
    """

    timesteps: tuple[int, ...] = (101,)
    draws: int = 5
    guidance: float = 7.5
    step: int = 100

    access = "grey-box"
    source = "Dubiński et al. 2023 (arXiv 2306.12983), pixel error"

    @property
    def queries(self) -> tuple[Query, ...]:
        further = (("guidance", self.guidance), ("kind", "guided"), ("stride", self.step))
        return grid("reconstruction", self.timesteps, self.draws, "both", further)

    def score(self, evidence: Evidence) -> pd.Series:
        error = evidence.signals["reconstruction"]["l1_rounded"]
        return -error.groupby(level="image_id").mean()
