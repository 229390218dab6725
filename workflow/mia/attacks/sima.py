"""SimA: the size of the noise estimate on the clean latent, smaller for members.

The paper picks the best of 20 timesteps per metric on its test data; here the timestep is
fixed beforehand. Its Monte-Carlo form (SimA-MC) looks at slightly noised latents instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Minus the p-norm of ε̂(z0, t): no noise added, nothing rescaled.

    The norm is (mean |·|^p)^(1/p). Range (−∞, 0]; higher = member. `norm` is one of 1, 2, 4, 5.
    With `draws`, it is the mean over so many draws of the norm of ε̂(√ᾱ_t z0 + √(1−ᾱ_t) ε, t). The
    loss at `timestep` measures the same estimates, of which it keeps the 2-norm: `norm` must be 2.
    `draws: 0` adds no noise.
    """

    timestep: int = 100
    norm: int = 4
    draws: int = 0
    condition: str = "caption"

    access = "grey-box"
    source = "Rao et al. 2025 (arXiv 2509.25003)"

    def __post_init__(self) -> None:
        if self.draws and self.norm != 2:
            raise ValueError(f"norm must be 2 with draws, got {self.norm}")

    @property
    def queries(self) -> tuple[Query, ...]:
        if self.draws:
            return grid("denoise", (self.timestep,), self.draws, self.condition)
        return (Query("clean", self.timestep, condition=self.condition),)

    def score(self, evidence: Evidence) -> pd.Series:
        if self.draws:
            side = self.queries[0].side
            size = evidence.signals["denoise"][f"dot_{side}_{side}"]
            return -(size**0.5).groupby(level="image_id").mean()
        size = evidence.signals["clean"][f"l{self.norm}_clean"]
        return -(size ** (1 / self.norm)).groupby(level="image_id").mean()
