"""CLiD (vector): a classifier on the loss and on how much each reduced caption worsens it.

The paper boosts 5 to 50 trees (20 as a rule, depth 3) that it fits on a shadow model. Here the
number of trees is set by early stopping, on a share of the images learnt from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mia.attacks.shared.early_stopped import EarlyStopped
from mia.attacks.shared.parameters import one_of
from mia.attacks.shared.reduced_captions import REDUCTIONS, asked, losses
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack(EarlyStopped):
    """Log odds of a classifier on (L, D_1, …, D_4), each a mean over timesteps and draws.

    D_i is L(c*_i) − L(c) at the same draw, over three reduced captions c* and the empty one.
    `reduction` and `space` are those of `clid_th`. `classifier` is `boosting` or `network`
    (`mia.attacks.shared.early_stopped`). Higher = member.
    """

    timesteps: tuple[int, ...] = (440, 450, 460)
    draws: int = 1
    reduction: str = "important"
    space: str = "epsilon"

    source = "Zhai et al. 2024 (arXiv 2405.14800), CLiD_vec"

    def __post_init__(self) -> None:
        one_of("reduction", self.reduction, REDUCTIONS)
        super().__post_init__()

    @property
    def queries(self) -> tuple[Query, ...]:
        return asked(self.timesteps, self.draws, self.reduction)

    def features(self, evidence: Evidence) -> pd.DataFrame:
        found = losses(evidence, self.space)
        contrasts = found.drop(columns="caption").sub(found["caption"], axis="index")
        return contrasts.assign(caption=found["caption"])
