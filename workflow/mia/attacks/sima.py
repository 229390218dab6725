"""SimA: the size of the noise estimate on the clean latent, smaller for members.

The paper picks the best of 20 timesteps per metric on its test data; here the timestep
is fixed beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Minus the p-norm of ε̂(z0, t): no noise added, nothing rescaled.

    The norm is (mean |·|^p)^(1/p). Range (−∞, 0]; higher = member. `norm` is one of 1, 2, 4, 5.
    """

    timestep: int = 100
    norm: int = 4
    condition: str = "caption"

    access = "grey-box"
    source = "Rao et al. 2025 (arXiv 2509.25003)"

    @property
    def queries(self) -> tuple[Query, ...]:
        return (Query("clean", self.timestep, condition=self.condition),)

    def score(self, evidence: Evidence) -> pd.Series:
        size = evidence.signals["clean"][f"l{self.norm}_clean"]
        return -(size ** (1 / self.norm)).groupby(level="image_id").mean()
