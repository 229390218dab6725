"""Latent error of one guided denoising step: members come out nearer to their own latent.

It needs no evals beyond the noise estimates: the error is algebra on their inner products
(`mia.attacks.shared.guided_step`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mia.attacks.shared.guided_step import latent_error
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Minus mean (z_next − z0)² of one DDIM step t → t − `step`, mean over timesteps and draws.

    Range (−∞, 0]; higher = member.
    """

    timesteps: tuple[int, ...] = (101,)
    draws: int = 5
    guidance: float = 7.5
    step: int = 100

    access = "grey-box"
    source = "Dubiński et al. 2023 (arXiv 2306.12983), latent error"

    @property
    def queries(self) -> tuple[Query, ...]:
        return grid("denoise", self.timesteps, self.draws, "both")

    def score(self, evidence: Evidence) -> pd.Series:
        table = evidence.signals["denoise"]
        assert evidence.alpha_bar is not None, "a model was asked, so its schedule is known"
        error = latent_error(table, evidence.alpha_bar, self.step, self.guidance)
        return -error.groupby(level="image_id").mean()
