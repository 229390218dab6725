"""Loss calibrated by a reference: how much better the target denoises than a comparable model.

Much of the difficulty of an image cancels, not all of it. The reference must have seen neither
set of the target.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mia.attacks.shared.contract import Traits
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Log of the reference's loss over the target's, same draws, mean over timesteps and draws.

    Unit: nats; higher = member. There is no `space`: what a timestep is weighed with cancels in a
    ratio.
    """

    timesteps: tuple[int, ...] = (100,)
    draws: int = 2
    condition: str = "caption"

    access = "grey-box"
    source = (
        "Watson et al. 2022 (arXiv 2111.08440), difficulty calibration; on the loss of "
        "Carlini et al. 2023 (arXiv 2301.13188)"
    )
    traits = Traits(reads_reference=True)

    @property
    def queries(self) -> tuple[Query, ...]:
        return grid("denoise", self.timesteps, self.draws, self.condition)

    def score(self, evidence: Evidence) -> pd.Series:
        column = f"loss_{self.queries[0].side}"
        target = evidence.signals["denoise"].set_index(["timestep", "draw"], append=True)[column]
        other = evidence.reference["denoise"].set_index(["timestep", "draw"], append=True)[column]
        ratio = np.log(other.reindex(target.index)) - np.log(target)
        return ratio.groupby(level="image_id").mean()
