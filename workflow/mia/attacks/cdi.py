"""CDI: the features of copyrighted data identification in one logistic regression.

The paper asks of a collection, not of an image. Its code fits the regression in five folds, pools
the scores of all folds, and tests them as if they were independent, two-sided. That test passes too
often (docs/results.md). Here the regression learns block by block and is frozen before it scores,
as every attack that learns; the test of a collection reads these scores. Code and paper differ in
other things too: see `secmi`, `pian` and `classifiers`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mia.attacks.shared import classifiers
from mia.attacks.shared.contract import Traits
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd

LOSS, DRAWS = 100, 5  # timestep of the loss, and its draws
MULTIPLE = tuple(range(0, 1000, 100))  # timesteps of the multiple loss, at one shared draw
RESCALED = (("mean_abs", math.sqrt(math.pi / 2)),)  # PIAN's constant as in the paper
NORM = 5  # of PIA and PIAN


@dataclass(frozen=True)
class Attack:
    """Log odds of a logistic regression on CDI's grey-box features; higher = member.

    14 features, none of them a log: the root mean squared error at t = 100, mean over 5 draws; the
    same at each of t = 0, 100, …, 900 at one draw (multiple loss); the root of SecMI's t-error at
    t = 100; the 5-norms of PIA's and PIAN's gap at t = 200. The regression has an L2 penalty of 1
    on standardised features; means and deviations are those of the images learnt from.
    """

    condition: str = "caption"
    _model: Any = field(default=None, repr=False, compare=False)

    access = "grey-box"
    source = "Dubiński et al. 2025 (CDI, arXiv 2411.12858), grey-box features"
    traits = Traits(combines_signals=True)

    @property
    def queries(self) -> tuple[Query, ...]:
        losses = grid("denoise", (LOSS,), DRAWS, self.condition)
        several = grid("denoise", MULTIPLE, 1, self.condition)
        step = (("step", 10),)
        return (
            *dict.fromkeys((*losses, *several)),
            Query("inversion", 100, condition=self.condition, further=step),
            Query("proximal", 200, condition=self.condition),
            Query("proximal", 200, condition=self.condition, further=RESCALED),
        )

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the attack fitted on `member` (bool, index image_id)."""
        features = self._features(evidence).loc[member.index]
        return replace(self, _model=classifiers.plain().fit(features, member.to_numpy()))

    def score(self, evidence: Evidence) -> pd.Series:
        return classifiers.predicted(self._model, self._features(evidence))

    def _features(self, evidence: Evidence) -> pd.DataFrame:
        """Return a row per image; a feature that a single draw lacks is NaN."""
        import pandas as pd

        denoise, proximal = evidence.signals["denoise"], evidence.signals["proximal"]
        error = np.sqrt(denoise[f"loss_{self.queries[0].side}"])
        at, shared = denoise["timestep"], denoise["draw"] == 0
        gap = proximal[f"l{NORM}_gap"] ** (1 / NORM)
        rescaled = proximal["mean_abs"].notna()
        found = {
            "loss": error[at == LOSS],
            "secmi": np.sqrt(evidence.signals["inversion"]["t_error"]),
            "pia": gap[~rescaled],
            "pian": gap[rescaled],
            **{f"loss {t}": error[(at == t) & shared] for t in MULTIPLE},
        }
        means = {name: one.groupby(level="image_id").mean() for name, one in found.items()}
        return pd.DataFrame(means, index=pd.Index(evidence.image_ids, name="image_id"))
