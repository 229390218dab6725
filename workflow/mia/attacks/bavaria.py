"""BaVarIA-t: LiRA with a prior on each image's mean and variance, for few references.

LiRA must guess a variance from four models, or give all images the same. Here a prior that is
fitted to all images says how far means and variances lie apart, and each image's own models move
it. What is left unknown makes the tails heavier: the predictive distribution is Student's t. The
paper's prior parameters are not known here; ours are matched by moments.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mia.attacks.shared.contract import Traits
from mia.attacks.shared.parameters import one_of
from mia.attacks.shared.reference_losses import MODES, by_side, phi, require_models
from mia.attacks.shared.student import Prior, matched, predictive
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Log of the predictive density of −log loss given models with the image over that without.

    `mode: offline` reads only models that were not trained on the image: minus the log of the
    chance that such a model has a −log loss as high as the target's or higher. The loss is the mean
    over draws. Unit: nats; higher = member; offline the range is [0, ∞).
    """

    timestep: int = 100
    draws: int = 2
    condition: str = "caption"
    mode: str = "online"
    _priors: Any = field(default=None, repr=False, compare=False)
    _predictive: Any = field(default=None, repr=False, compare=False)

    access = "grey-box"
    source = "BaVarIA 2026 (arXiv 2603.11799), BaVarIA-t, prior by moments; on −log of the loss"

    def __post_init__(self) -> None:
        one_of("mode", self.mode, MODES)

    @property
    def traits(self) -> Traits:
        fewest_in = 1 if self.mode == "online" else 0
        return Traits(reads_references=True, fewest_in=fewest_in, fewest_out=1, fewest_alike=2)

    @property
    def queries(self) -> tuple[Query, ...]:
        return grid("denoise", (self.timestep,), self.draws, self.condition)

    @property
    def fitted(self) -> dict[str, Any]:
        """The parameters of the prior, by side."""
        return {side: prior.told for side, prior in (self._priors or {}).items()}

    def fit_references(self, evidence: Evidence) -> Attack:
        """Return the attack with priors and, for each image and side, a predictive distribution."""
        values = by_side(evidence, self._column)
        sides = ("in", "out") if self.mode == "online" else ("out",)
        for side in sides:
            require_models(values[side], side, 1, "")
        priors: dict[str, Prior] = {side: matched(values[side]) for side in sides}
        found = {side: predictive(values[side], priors[side]) for side in sides}
        return replace(self, _priors=priors, _predictive=found)

    def score(self, evidence: Evidence) -> pd.Series:
        value = phi(evidence.signals, self._column)
        if self.mode == "offline":
            # Rounding of a chance just below 1 must not leave the range.
            return -np.minimum(self._predictive["out"].log_tail(value), 0.0)
        inside, outside = (self._predictive[side].log_density(value) for side in ("in", "out"))
        return inside - outside

    @property
    def _column(self) -> str:
        return f"loss_{self.queries[0].side}"
