"""The classifier attack of Dubiński et al.: the three losses of a setting at all its timesteps.

The paper trains logistic regression, a tree, a forest and a small network, picks their settings by
cross-validation and reports the mean over random splits of one pool. Here are the first and the
third of them. Their settings are fixed beforehand; they are fitted on images not reported on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mia.attacks.shared import classifiers, features
from mia.attacks.shared.contract import Traits
from mia.attacks.shared.dubinski_settings import (
    COLUMNS,
    SETTINGS,
    query,
    require_unguided,
    signal,
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
    """Log odds of a classifier on log model, latent and pixel losses, each a mean over draws.

    `setting` is one of those of `dubinski`, which explains the losses and the `condition` of
    setting 13. `classifier` is `logistic`
    (logistic regression) or `forest` (random forest; the score is then the share of trees, in
    [0, 1]). Higher = member.
    """

    setting: int = 16
    draws: int = 5
    condition: str = "caption"
    classifier: str = "logistic"
    _model: Any = field(default=None, repr=False, compare=False)

    access = "grey-box"
    source = "Dubiński et al. 2023 (arXiv 2306.12983), classifier attack"
    traits = Traits(combines_signals=True)

    def __post_init__(self) -> None:
        one_of("setting", self.setting, SETTINGS)
        one_of("classifier", self.classifier, ("logistic", "forest"))
        require_unguided(self.setting, COLUMNS, self.condition)

    @property
    def queries(self) -> tuple[Query, ...]:
        """Queries of the pixel loss at each timestep, and of a latent error in another signal."""
        asked = {signal(self.setting, loss): loss for loss in ("latent", "pixel")}
        return tuple(
            query(self.setting, loss, timestep, draw, self.condition)
            for loss in asked.values()
            for timestep in visited_by(self.setting)
            for draw in range(self.draws)
        )

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the attack fitted on `member` (bool, index image_id)."""
        model = classifiers.classifier(self.classifier, evidence.seed)
        found = self._features(evidence).loc[member.index]
        return replace(self, _model=model.fit(found, member.to_numpy()))

    def score(self, evidence: Evidence) -> pd.Series:
        return classifiers.predicted(self._model, self._features(evidence))

    def _features(self, evidence: Evidence) -> pd.DataFrame:
        import pandas as pd

        found = []
        for loss in COLUMNS:
            table = evidence.signals[signal(self.setting, loss)][["timestep", "draw"]]
            each = table.assign(**{loss: values(self.setting, loss, evidence, self.condition)})
            found.append(features.log_sizes(each, [loss]))
        return pd.concat(found, axis="columns")
