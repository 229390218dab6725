"""PFAMI: a member sits in a dip of the loss, so its crops are denoised worse than itself.

Public code uses one crop strength of ten and draws noise anew for each crop, which adds variance;
here all crops count and share the image's own draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mia.attacks.shared.parameters import at_least_one
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd

CROPS = (0.95, 0.9222, 0.8944, 0.8667, 0.8389, 0.8111, 0.7833, 0.7556, 0.7278, 0.7)


@dataclass(frozen=True)
class Attack:
    """(L(crop) − L) / L, mean over crops, timesteps and draws; higher = member.

    The paper takes ten crops from 0.95 to 0.70 of both sides, and timesteps 0, 50, …, 450. A lean
    form takes crops [0.9, 0.8, 0.7] and timesteps [50, 150, 250, 350, 450].
    """

    timesteps: tuple[int, ...] = tuple(range(0, 500, 50))
    crops: tuple[float, ...] = CROPS
    draws: int = 1
    condition: str = "caption"

    access = "grey-box"
    source = "Fu et al. 2023 (arXiv 2308.12143), probabilistic fluctuation, statistic"

    def __post_init__(self) -> None:
        at_least_one("crops", self.crops)
        if not all(0 < crop < 1 for crop in self.crops):
            raise ValueError(f"crops must be shares between 0 and 1, got {list(self.crops)}")

    @property
    def queries(self) -> tuple[Query, ...]:
        place = (self.timesteps, self.draws, self.condition)
        own = grid("denoise", *place)
        near = [grid("neighbours", *place, (("crop", crop),)) for crop in self.crops]
        return sum(near, start=own)

    def score(self, evidence: Evidence) -> pd.Series:
        place = ["timestep", "draw"]
        column = f"loss_{self.queries[0].side}"
        own = evidence.signals["denoise"].set_index(place, append=True)[column]
        near = evidence.signals["neighbours"].set_index(place, append=True)["loss_neighbour"]
        own = own.reindex(near.index)
        return ((near - own) / own).groupby(level="image_id").mean()
