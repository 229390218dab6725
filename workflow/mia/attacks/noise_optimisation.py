"""Noise optimisation: how much of a latent must change until the model estimates its noise well.

Public code optimises a whole batch together, so a score depends on the images beside it, and takes
the last error at a latent that is noised twice. Here each image is optimised by itself. CDI makes
two features of it.
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

COLUMNS = {"error": "sq_error", "move": "sq_move"}


@dataclass(frozen=True)
class Attack:
    """Minus the root mean square of what is left, or of the move, mean over draws.

    δ minimises ‖ε̂(z_t + δ, t) − ε‖₂ by L-BFGS from 0, with `steps` values and gradients. `feature`
    is `error` (what is left of ε̂ − ε) or `move` (δ). Range (−∞, 0]; higher = member.
    """

    timestep: int = 100
    draws: int = 1
    condition: str = "caption"
    steps: int = 6
    feature: str = "error"

    access = WHITE_BOX
    source = "Dubiński et al. 2025 (CDI, arXiv 2411.12858), noise optimisation"
    traits = Traits(controls=("loss",))

    def __post_init__(self) -> None:
        one_of("feature", self.feature, COLUMNS)

    @property
    def queries(self) -> tuple[Query, ...]:
        asked = (("steps", self.steps),)
        return grid("noise_optimisation", (self.timestep,), self.draws, self.condition, asked)

    def score(self, evidence: Evidence) -> pd.Series:
        squares = evidence.signals["noise_optimisation"][COLUMNS[self.feature]]
        return -np.sqrt(squares).groupby(level="image_id").mean()
