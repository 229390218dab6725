"""LSA: the losses alone at GSA's timesteps, the control that GSA's paper names.

What `gsa1` and `gsa2` find beyond it is due to gradients. It learns as they do. It sees the model's
answers alone: it is grey-box.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mia.attacks.shared import classifiers
from mia.attacks.shared.contract import Traits
from mia.attacks.shared.features import log_sizes
from mia.attacks.shared.gsa import CLASSIFIERS, TIMESTEPS, learnt
from mia.attacks.shared.parameters import one_of
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Log odds of a classifier on the log losses of all timesteps, each a mean over draws.

    `classifier` is `logistic` (ridge, its strength by cross-validation among the images learnt
    from) or `boosting` (trees of depth 2). Higher = member.
    """

    timesteps: tuple[int, ...] = TIMESTEPS
    draws: int = 1
    condition: str = "caption"
    classifier: str = "logistic"
    _model: Any = field(default=None, repr=False, compare=False)

    access = "grey-box"
    source = "Pang et al. 2025 (arXiv 2308.06405), LSA*"
    traits = Traits(combines_signals=True)

    def __post_init__(self) -> None:
        one_of("classifier", self.classifier, CLASSIFIERS)

    @property
    def queries(self) -> tuple[Query, ...]:
        return grid("denoise", self.timesteps, self.draws, self.condition)

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the attack fitted on `member` (bool, index image_id)."""
        features = self._features(evidence).loc[member.index]
        return replace(self, _model=learnt(self.classifier, features, member, evidence.seed))

    def score(self, evidence: Evidence) -> pd.Series:
        return classifiers.predicted(self._model, self._features(evidence))

    def _features(self, evidence: Evidence) -> pd.DataFrame:
        return log_sizes(evidence.signals["denoise"], [f"loss_{self.queries[0].side}"])
