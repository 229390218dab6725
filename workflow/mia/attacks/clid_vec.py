"""CLiD (vector): a classifier on the loss and on how much each reduced caption worsens it.

The paper boosts 5 to 50 trees (20 as a rule, depth 3) that it fits on a shadow model. Here the
number of trees is set by early stopping, on a share of the images learnt from.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mia.attacks.shared import early_stopped
from mia.attacks.shared.contract import Traits
from mia.attacks.shared.parameters import one_of
from mia.attacks.shared.reduced_captions import REDUCTIONS, asked, losses
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Log odds of a classifier on (L, D_1, …, D_4), each a mean over timesteps and draws.

    D_i is L(c*_i) − L(c) at the same draw, over three reduced captions c* and the empty one.
    `reduction` and `space` are those of `clid_th`. `classifier` is `boosting` or `network`
    (`mia.attacks.shared.early_stopped`). Higher = member.
    """

    timesteps: tuple[int, ...] = (440, 450, 460)
    draws: int = 1
    reduction: str = "important"
    classifier: str = "boosting"
    space: str = "epsilon"
    _model: Any = field(default=None, repr=False, compare=False)

    access = "grey-box"
    source = "Zhai et al. 2024 (arXiv 2405.14800), CLiD_vec"
    traits = Traits(combines_signals=True)

    def __post_init__(self) -> None:
        one_of("reduction", self.reduction, REDUCTIONS)
        one_of("classifier", self.classifier, early_stopped.KINDS)

    @property
    def queries(self) -> tuple[Query, ...]:
        return asked(self.timesteps, self.draws, self.reduction)

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the attack fitted on `member` (bool, index image_id)."""
        features = self._features(evidence)
        model = early_stopped.fitted(self.classifier, features, member, evidence.seed)
        return replace(self, _model=model)

    def score(self, evidence: Evidence) -> pd.Series:
        return early_stopped.log_odds(self._model, self._features(evidence))

    def _features(self, evidence: Evidence) -> pd.DataFrame:
        found = losses(evidence, self.space)
        contrasts = found.drop(columns="caption").sub(found["caption"], axis="index")
        return contrasts.assign(caption=found["caption"])
