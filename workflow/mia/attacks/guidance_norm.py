"""Size of the guidance: how much the caption changes the noise estimate.

Memorised captions move the estimate more. Public code sums over a whole generation; here the
size is taken at fixed noise levels of the image itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mia.attacks.shared.space import in_space
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Root mean square of ε̂_caption − ε̂_null, mean over timesteps and draws; higher = member.

    In another `space` it is that of x̂0 or v̂.
    """

    timesteps: tuple[int, ...] = (450,)
    draws: int = 1
    space: str = "epsilon"

    access = "grey-box"
    source = "Wen et al. 2024 (arXiv 2407.21720), magnitude of the text-conditional estimate"

    @property
    def queries(self) -> tuple[Query, ...]:
        return grid("denoise", self.timesteps, self.draws, "both")

    def score(self, evidence: Evidence) -> pd.Series:
        table = evidence.signals["denoise"]
        square = table["sq_guidance"]
        size = np.sqrt(in_space(square, table["timestep"], evidence.alpha_bar, self.space))
        return size.groupby(level="image_id").mean()
