"""ReDiffuse: an image noised a little and denoised in one step resembles itself more if a member.

Public code for Stable Diffusion uses linear betas, pixel normalisation on latents and guidance 7.5;
here the schedule is the model's own and there is no guidance. With one step the output is the
decoded x̂0, so it needs the same evaluation as the loss.
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
    """SSIM of the grey image and its reconstruction, mean over draws.

    In [−1, 1]; higher = member.

    The paper's setting for Stable Diffusion: t = 50 in one step, one draw.
    """

    timestep: int = 50
    draws: int = 1
    condition: str = "caption"

    access = "grey-box"
    source = "Li et al. 2024 (arXiv 2405.20771), SSIM for Stable Diffusion"

    @property
    def queries(self) -> tuple[Query, ...]:
        further = (("kind", "step"),)
        return grid("reconstruction", [self.timestep], self.draws, self.condition, further)

    def score(self, evidence: Evidence) -> pd.Series:
        return evidence.signals["reconstruction"]["ssim"].groupby(level="image_id").mean()
