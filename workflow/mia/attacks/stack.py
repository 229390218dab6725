"""Stack: what the signals of a target reveal together, learnt by one classifier.

What it finds is no merit of a single query, and what it misses another classifier may find. It
needs labelled pictures of both kinds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mia import learning
from mia.evidence import Evidence
from mia.parameters import at_least_one, one_of
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd

SIZES = "^(loss|low_loss|l[1245]|low_l[24]|sq)_"  # measures that are sizes, at least 0
STEP = 10  # of the inversion chain, as in `secmi`


@dataclass(frozen=True)
class Attack:
    """Log odds of a classifier on every size that four signals hold, as logs, means over draws.

    `timesteps` are those of `denoise` (losses and norms of the residual); `clean`, `proximal` and
    `inversion` the timesteps of the signals behind SimA, PIA and SecMI, empty to leave one out.
    `condition` is `caption`, `null` or `both` (of `denoise`; the others then read the caption).
    `classifier` is `logistic` or `boosting`. Higher = member.
    """

    timesteps: tuple[int, ...] = (50, 100, 200, 300, 400, 500, 600, 700, 800, 900)
    draws: int = 2
    clean: tuple[int, ...] = (100,)
    proximal: tuple[int, ...] = (200,)
    inversion: tuple[int, ...] = (100,)
    condition: str = "caption"
    classifier: str = "logistic"
    _model: Any = field(default=None, repr=False, compare=False)

    access = "grey-box"
    source = "Dubiński et al. 2025 (CDI, arXiv 2411.12858), features into one classifier"
    combines_signals = True

    def __post_init__(self) -> None:
        at_least_one("timesteps", self.timesteps)
        at_least_one("draws", self.draws)
        one_of("condition", self.condition, ("caption", "null", "both"))
        one_of("classifier", self.classifier, ("logistic", "boosting"))

    @property
    def queries(self) -> tuple[Query, ...]:
        single = "null" if self.condition == "null" else "caption"
        chain = (("step", STEP),)
        return (
            *grid("denoise", self.timesteps, self.draws, self.condition),
            *grid("clean", self.clean, 1, single),
            *grid("proximal", self.proximal, 1, single),
            *grid("inversion", self.inversion, 1, single, chain),
        )

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the attack fitted on `member` (bool, index image_id)."""
        model = learning.classifier(self.classifier, evidence.seed)
        features = _features(evidence).loc[member.index]
        return replace(self, _model=model.fit(features, member.to_numpy()))

    def score(self, evidence: Evidence) -> pd.Series:
        return learning.predicted(self._model, _features(evidence))


def _features(evidence: Evidence) -> pd.DataFrame:
    import pandas as pd

    tables = []
    for signal, table in sorted(evidence.signals.items()):
        sizes = sorted(table.filter(regex=SIZES).columns)
        tables.append(learning.log_sizes(table, sizes).add_prefix(f"{signal} "))
    return pd.concat(tables, axis="columns")
