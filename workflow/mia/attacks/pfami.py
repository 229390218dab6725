"""PFAMI: a member sits in a dip of the loss, so its crops are denoised worse than itself.

Public code uses one crop strength of ten and draws noise anew for each crop, which adds variance;
here all crops count and share the image's own draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mia.attacks.shared.crops import CROPS, asked, fluctuations, require_shares
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


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
        require_shares(self.crops)

    @property
    def queries(self) -> tuple[Query, ...]:
        return asked(self.timesteps, self.draws, self.condition, self.crops)

    def score(self, evidence: Evidence) -> pd.Series:
        worse = fluctuations(evidence, self.queries[0].side)
        return worse.groupby(level="image_id").mean()
