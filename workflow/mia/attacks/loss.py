"""Loss threshold: members are denoised better.

Public code often tries many timesteps and picks the best one on the data that it reports on;
here the timesteps are fixed beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mia.attacks.shared.space import in_space
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Minus the mean squared error of the noise estimate, mean over timesteps and draws.

    Score range (−∞, 0]; higher = member. In another `space` it is the error of what it names.
    """

    timesteps: tuple[int, ...] = (100,)
    draws: int = 2
    condition: str = "caption"
    space: str = "epsilon"

    access = "grey-box"
    source = "Matsumoto et al. 2023 (arXiv 2302.03262); Carlini et al. 2023 (arXiv 2301.13188)"

    @property
    def queries(self) -> tuple[Query, ...]:
        return grid("denoise", self.timesteps, self.draws, self.condition)

    def score(self, evidence: Evidence) -> pd.Series:
        table = evidence.signals["denoise"]
        losses = table[f"loss_{self.queries[0].side}"]
        losses = in_space(losses, table["timestep"], evidence.alpha_bar, self.space)
        return -losses.groupby(level="image_id").mean()
