"""CDI: the features of copyrighted data identification in one logistic regression.

The paper asks of a collection, not of an image. Its code fits the regression in five folds, pools
the scores of all folds, and tests them as if they were independent, two-sided. That test passes too
often (docs/results.md). Here the regression learns block by block and is frozen before it scores,
as every attack that learns; the test of a collection reads these scores. Where code and paper
differ in a feature, it is the paper's: see `gradient_masking`, `noise_optimisation` and `pian`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mia.access import WHITE_BOX
from mia.attacks.shared import classifiers
from mia.attacks.shared.contract import Traits
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd

LOSS, DRAWS = 100, 5  # timestep of the loss, and its draws
MULTIPLE = tuple(range(0, 1000, 100))  # timesteps of multiple loss and masking, one shared draw
RESCALED = (("mean_abs", math.sqrt(math.pi / 2)),)  # PIAN's constant as in the paper
NORM = 5  # of PIA and PIAN
MASKED = (("share", 0.2), ("variant", "paper"))
STEPS = (("steps", 6),)  # of noise optimisation


@dataclass(frozen=True)
class Attack:
    """Log odds of a logistic regression on CDI's 26 features; higher = member.

    None of them is a log. The root mean squared error at t = 100, mean over 5 draws; the same at
    each of t = 0, 100, …, 900 at one draw (multiple loss); the root of SecMI's t-error at t = 100;
    the 5-norms of PIA's and PIAN's gap at t = 200; the root mean squared error of gradient masking
    at each of the ten timesteps; what noise optimisation leaves of the error at t = 100, and its
    move. With `grey`, the last twelve are left out, which need gradients: 14 remain. The regression
    has an L2 penalty of 1 on standardised features; means and deviations are those of the images
    learnt from.
    """

    condition: str = "caption"
    grey: bool = False
    _model: Any = field(default=None, repr=False, compare=False)

    source = "Dubiński et al. 2025 (CDI, arXiv 2411.12858), features and regression"
    traits = Traits(combines_signals=True, controls=("blind_all",))

    @property
    def access(self) -> str:
        """`white-box`, but for the grey-box features alone."""
        return "grey-box" if self.grey else WHITE_BOX

    @property
    def queries(self) -> tuple[Query, ...]:
        losses = grid("denoise", (LOSS,), DRAWS, self.condition)
        several = grid("denoise", MULTIPLE, 1, self.condition)
        found = (
            *dict.fromkeys((*losses, *several)),
            *grid("inversion", (100,), 1, self.condition, (("step", 10),)),
            *grid("proximal", (200,), 1, self.condition),
            *grid("proximal", (200,), 1, self.condition, RESCALED),
        )
        if self.grey:
            return found
        masked = grid("masking", MULTIPLE, 1, self.condition, MASKED)
        return *found, *masked, *grid("noise_optimisation", (100,), 1, self.condition, STEPS)

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
        if not self.grey:
            found |= _of_gradients(evidence)
        means = {name: one.groupby(level="image_id").mean() for name, one in found.items()}
        return pd.DataFrame(means, index=pd.Index(evidence.image_ids, name="image_id"))


def _of_gradients(evidence: Evidence) -> dict[str, pd.Series]:
    """Return the twelve features that need gradients: ten of masking, two of optimisation."""
    masking, moved = evidence.signals["masking"], evidence.signals["noise_optimisation"]
    left = np.sqrt(masking["sq_masked"])
    return {
        **{f"masked {t}": left[masking["timestep"] == t] for t in MULTIPLE},
        "optimised": np.sqrt(moved["sq_error"]),
        "move": np.sqrt(moved["sq_move"]),
    }
