"""Classifier on the loss table: what losses at many timesteps reveal together.

The paper picks settings by cross-validation, adds latent and pixel errors (`dubinski_classifier`
has them), and reports on random splits of one pool. Here the settings are fixed beforehand and the
classifier is fitted on images that it is not reported on. `stack` takes more than losses.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mia.attacks.shared import classifiers, features
from mia.attacks.shared.contract import Traits
from mia.attacks.shared.parameters import one_of
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Log odds of a classifier on the log losses of all timesteps, each a mean over draws.

    `classifier` is `logistic` (logistic regression) or `forest` (random forest; the score is then
    the share of trees, in [0, 1]). Higher = member.
    """

    timesteps: tuple[int, ...] = (50, 100, 200, 300, 400, 500, 600, 700, 800, 900)
    draws: int = 2
    condition: str = "caption"
    classifier: str = "logistic"
    _model: Any = field(default=None, repr=False, compare=False)

    access = "grey-box"
    source = "Dubiński et al. 2023 (arXiv 2306.12983), classifier attack, on losses"
    traits = Traits(combines_signals=True)

    def __post_init__(self) -> None:
        one_of("classifier", self.classifier, ("logistic", "forest"))

    @property
    def queries(self) -> tuple[Query, ...]:
        return grid("denoise", self.timesteps, self.draws, self.condition)

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the attack fitted on `member` (bool, index image_id)."""
        features = self._features(evidence).loc[member.index]
        model = classifiers.classifier(self.classifier, evidence.seed)
        return replace(self, _model=model.fit(features, member.to_numpy()))

    def score(self, evidence: Evidence) -> pd.Series:
        return classifiers.predicted(self._model, self._features(evidence))

    def _features(self, evidence: Evidence) -> pd.DataFrame:
        return features.log_sizes(evidence.signals["denoise"], [f"loss_{self.queries[0].side}"])
