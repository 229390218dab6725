"""Gradient masking: noise where the error is most sensitive; how well is it restored?

The paper masks the noised latent and asks for the noise. Public code masks the clean latent, though
the model is told timestep t, and asks for ε − z0. Both are here. CDI makes ten features of it, one
for each timestep; here they are averaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mia.access import WHITE_BOX
from mia.attacks.shared.contract import Traits
from mia.attacks.shared.parameters import one_of
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd

VARIANTS = ("paper", "code")


@dataclass(frozen=True)
class Attack:
    """Minus the root mean squared error in the masked part, mean over timesteps and draws.

    `share` of the latent elements, those with the largest |gradient| of the error, are masked.
    `variant` is `paper` (ẑ = ε in the mask, z_t outside; target ε) or `code` (ẑ = ε in the mask, z0
    outside; target ε − z0). Range (−∞, 0]; higher = member.
    """

    timesteps: tuple[int, ...] = tuple(range(0, 1000, 100))
    draws: int = 1
    condition: str = "caption"
    variant: str = "paper"
    share: float = 0.2

    access = WHITE_BOX
    source = "Dubiński et al. 2025 (CDI, arXiv 2411.12858), gradient masking"
    traits = Traits(controls=("loss",))

    def __post_init__(self) -> None:
        one_of("variant", self.variant, VARIANTS)
        if not 0 < self.share < 1:
            raise ValueError(f"share must be between 0 and 1, got {self.share!r}")

    @property
    def queries(self) -> tuple[Query, ...]:
        asked = (("share", self.share), ("variant", self.variant))
        return grid("masking", self.timesteps, self.draws, self.condition, asked)

    def score(self, evidence: Evidence) -> pd.Series:
        return -np.sqrt(evidence.signals["masking"]["sq_masked"]).groupby(level="image_id").mean()
