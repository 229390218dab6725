"""Structural memorisation: a member keeps its structure on the way up the DDIM inversion.

No public code was found.
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
    """SSIM of the grey image and the decoded latent of its inversion at `timestep`.

    `timestep` is a multiple of `step`. In [−1, 1]; higher = member.
    """

    timestep: int = 100
    step: int = 50
    condition: str = "caption"

    access = "grey-box"
    source = "Li et al. 2024 (arXiv 2407.13252)"

    def __post_init__(self) -> None:
        if self.timestep % self.step or self.timestep < self.step:
            raise ValueError(
                f"timestep must be a multiple of step {self.step}, got {self.timestep}"
            )

    @property
    def queries(self) -> tuple[Query, ...]:
        further = (("kind", "inversion"), ("step", self.step))
        return (Query("reconstruction", self.timestep, condition=self.condition, further=further),)

    def score(self, evidence: Evidence) -> pd.Series:
        return evidence.signals["reconstruction"]["ssim"].groupby(level="image_id").mean()
