"""PIAN: PIA with the noise estimate rescaled to the size of Gaussian noise.

The paper's constant makes the mean absolute value √(π/2) ≈ 1.253. Its code for images makes it
√(2/π) ≈ 0.798, which is what a standard normal has. The default follows that code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Minus the p-norm of PIA's gap, with ε̂_0 scaled so that the mean of |ε̂_0| is `mean_abs`.

    The norm is (mean |·|^p)^(1/p). Range (−∞, 0]; higher = member. `norm` is one of 1, 2, 4, 5.
    """

    timestep: int = 200
    norm: int = 4
    condition: str = "caption"
    mean_abs: float = math.sqrt(2 / math.pi)

    access = "grey-box"
    source = "Kong et al. 2024 (arXiv 2305.18355), PIAN (constant as in its image code)"

    @property
    def queries(self) -> tuple[Query, ...]:
        further = (("mean_abs", self.mean_abs),)
        return (Query("proximal", self.timestep, condition=self.condition, further=further),)

    def score(self, evidence: Evidence) -> pd.Series:
        gap = evidence.signals["proximal"][f"l{self.norm}_gap"]
        return -(gap ** (1 / self.norm)).groupby(level="image_id").mean()
