"""PFAMI (network): a classifier on the map of how much worse each crop is denoised.

The paper trains a ResNet-18 on the map of ten timesteps by ten crops, for a fixed 110 epochs. A map
of a hundred numbers needs no such network: here it is boosting or a small network, stopped early on
a share of the images learnt from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mia.attacks.shared.crops import CROPS, asked, fluctuations, require_shares
from mia.attacks.shared.early_stopped import EarlyStopped
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack(EarlyStopped):
    """Log odds of a classifier on (L(crop) − L) / L of each timestep and crop, means over draws.

    Timesteps and crops are those of `pfami`. `classifier` is `boosting` or `network`
    (`mia.attacks.shared.early_stopped`). Higher = member.
    """

    timesteps: tuple[int, ...] = tuple(range(0, 500, 50))
    crops: tuple[float, ...] = CROPS
    draws: int = 1
    condition: str = "caption"

    source = "Fu et al. 2023 (arXiv 2308.12143), probabilistic fluctuation, network"

    def __post_init__(self) -> None:
        require_shares(self.crops)
        super().__post_init__()

    @property
    def queries(self) -> tuple[Query, ...]:
        return asked(self.timesteps, self.draws, self.condition, self.crops)

    def features(self, evidence: Evidence) -> pd.DataFrame:
        worse = fluctuations(evidence, self.queries[0].side)
        cells = worse.groupby(["image_id", "timestep", "crop"]).mean().unstack(["timestep", "crop"])
        return cells.set_axis([f"{t} {crop}" for t, crop in cells.columns], axis="columns")
