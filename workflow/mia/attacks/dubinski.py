"""The sixteen settings of Dubiński et al., in their three losses.

Public code cannot run as released. It visits no timestep for its `stop: 0`, never fires the latent
shift of setting 3, and picks the best timestep on the data that it reports on. Here the timestep is
chosen on images not reported on. Settings that give one statistic are computed once: 3 is 1.
The model loss of 2 and 16 is the plain conditional loss at their timesteps, since the latent is
noised anew at each timestep and the loss never sees the guidance. `condition` is for that loss and
for setting 13, which has no guidance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from mia.attacks.shared.dubinski_settings import (
    COLUMNS,
    SETTINGS,
    query,
    require_unguided,
    values,
    visited_by,
)
from mia.attacks.shared.parameters import one_of
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Minus a loss after the denoising step at `timestep`, mean over draws; higher = member.

    `setting` is 1 to 16 (1 partial denoising, 12 reversed denoising, 16 reversed noising …), `loss`
    is `model` (mean (ε − ε̂_caption)²), `latent` (mean (z_next − z0)²) or `pixel` (mean absolute
    difference of 8-bit pixels). `timestep` is one that the setting visits, or `auto`.
    """

    setting: int = 16
    loss: str = "model"
    timestep: int | str = "auto"
    draws: int = 5
    condition: str = "caption"

    access = "grey-box"
    source = "Dubiński et al. 2023 (arXiv 2306.12983), settings as in its code"

    def __post_init__(self) -> None:
        one_of("setting", self.setting, SETTINGS)
        one_of("loss", self.loss, COLUMNS)
        one_of("timestep", self.timestep, self.default_grid(self.setting))
        require_unguided(self.setting, [self.loss], self.condition)

    @staticmethod
    def default_grid(setting: int = 16, **_: Any) -> tuple[int, ...]:
        """Return the timesteps that a setting visits, in order."""
        return visited_by(setting)

    @property
    def queries(self) -> tuple[Query, ...]:
        timestep = cast(int, self.timestep)  # one that the setting visits
        asked = (self.setting, self.loss, timestep)
        return tuple(query(*asked, draw, self.condition) for draw in range(self.draws))

    def score(self, evidence: Evidence) -> pd.Series:
        found = values(self.setting, self.loss, evidence, self.condition)
        return -found.groupby(level="image_id").mean()
