"""PIA: proximal initialisation. The noise is the model's own estimate on the clean latent.

Public code for Stable Diffusion uses linear betas, normalises latents as if they were pixels and
guides with 7.5; here the schedule is the model's own, latents stay as they are, and there is no
guidance.
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
    """Minus the p-norm of ε̂_0 − ε̂(√ᾱ_t z0 + √(1−ᾱ_t) ε̂_0, t), where ε̂_0 = ε̂(z0, 0).

    The norm is (mean |·|^p)^(1/p), the paper's up to the constant d^(1/p). Range (−∞, 0];
    higher = member. `norm` is one of 1, 2, 4, 5.
    """

    timestep: int = 200
    norm: int = 4
    condition: str = "caption"

    access = "grey-box"
    source = "Kong et al. 2024 (arXiv 2305.18355), eq. 9"

    @property
    def queries(self) -> tuple[Query, ...]:
        return (Query("proximal", self.timestep, condition=self.condition),)

    def score(self, evidence: Evidence) -> pd.Series:
        gap = evidence.signals["proximal"][f"l{self.norm}_gap"]
        return -(gap ** (1 / self.norm)).groupby(level="image_id").mean()
