"""Tracing the Roots: losses and gradient norms along the whole trajectory, by a linear classifier.

The paper takes all 1,000 timesteps, or every third; here a thinner grid, which its cost allows. It
learns from 1,000 images of each side and reports on others, as here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mia.access import WHITE_BOX
from mia.attacks.shared import classifiers
from mia.attacks.shared.contract import Traits
from mia.attacks.shared.features import log_sizes
from mia.attacks.shared.gradient_norms import squared_norms
from mia.attacks.shared.gsa import learnt
from mia.attacks.shared.layers import ALL
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["loss", "sq_input_norm", "sq_norm"]


@dataclass(frozen=True)
class Attack:
    """Log odds of ridge logistic regression on log L_t, log ‖∇_z L_t‖² and log ‖∇_θ L_t‖².

    One of each at every timestep, means over draws; L_t = mean (ε̂ − ε)². `layers: no-cross` leaves
    the tensors out of θ that read what the model is told. Higher = member.
    """

    timesteps: tuple[int, ...] = tuple(range(0, 1000, 50))
    draws: int = 1
    condition: str = "caption"
    layers: str = ALL
    _model: Any = field(default=None, repr=False, compare=False)

    access = WHITE_BOX
    source = "Floros et al. 2025 (arXiv 2411.07449), on a thinned grid"
    traits = Traits(combines_signals=True, controls=("lsa",))

    @property
    def queries(self) -> tuple[Query, ...]:
        return grid("gradient", self.timesteps, self.draws, self.condition)

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the attack fitted on `member` (bool, index image_id)."""
        features = self._features(evidence).loc[member.index]
        return replace(self, _model=learnt("logistic", features, member, evidence.seed))

    def score(self, evidence: Evidence) -> pd.Series:
        return classifiers.predicted(self._model, self._features(evidence))

    def _features(self, evidence: Evidence) -> pd.DataFrame:
        of_layers = squared_norms(evidence, self.layers).sum(axis="columns").to_numpy()
        return log_sizes(evidence.signals["gradient"].assign(sq_norm=of_layers), COLUMNS)
