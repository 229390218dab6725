"""Quantile regression: is the loss small for an image that looks like this one?

No code for diffusion models was published. The paper trains a network on the images themselves
and bags several; here the quantile is predicted by gradient boosting from image statistics. On sets
that differ in their images it learns the difference, as any attack that sees them may.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mia.attacks.shared.contract import Traits
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """How far the log loss lies below the quantile predicted for a nonmember that looks alike.

    The `quantile`, in (0, 1), is that of nonmembers' log losses given the image statistics: about
    this share of nonmembers scores above 0. The loss is the mean over draws. `rounds` is
    the number of boosting rounds. Unit: nats; higher = member.
    """

    timestep: int = 100
    draws: int = 2
    condition: str = "caption"
    quantile: float = 0.1
    rounds: int = 50
    _model: Any = field(default=None, repr=False, compare=False)

    access = "grey-box"
    source = "Tang et al. 2023 (arXiv 2312.05140), with the loss as base and image statistics"
    traits = Traits(reads_images=True)

    def __post_init__(self) -> None:
        if not 0 < self.quantile < 1:
            raise ValueError(f"quantile must be between 0 and 1, got {self.quantile!r}")

    @property
    def queries(self) -> tuple[Query, ...]:
        return grid("denoise", (self.timestep,), self.draws, self.condition)

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the attack fitted on the nonmembers among `member` (bool, index image_id)."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        public = member.index[~member.to_numpy(dtype=bool)]
        model = HistGradientBoostingRegressor(
            loss="quantile",
            quantile=self.quantile,
            max_iter=self.rounds,
            random_state=evidence.seed,
        )
        model.fit(_statistics(evidence.images).loc[public], self._log_loss(evidence).loc[public])
        return replace(self, _model=model)

    def score(self, evidence: Evidence) -> pd.Series:
        loss = self._log_loss(evidence)
        return self._model.predict(_statistics(evidence.images).loc[loss.index]) - loss

    def _log_loss(self, evidence: Evidence) -> pd.Series:
        losses = evidence.signals["denoise"][f"loss_{self.queries[0].side}"]
        return np.log(losses.groupby(level="image_id").mean())


def _statistics(images: pd.DataFrame) -> pd.DataFrame:
    return images.filter(regex="^stat_")
