"""Classifiers for maps of numbers that stop early, on a share of the images learnt from.

The networks of the literature pick their epoch on the images that they are reported on. Here
a fifth of the images learnt from is set aside. Boosting stops when the loss on it no longer falls,
a network when the accuracy on it no longer rises. The images reported on play no part.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mia.attacks.shared.contract import Traits
from mia.attacks.shared.parameters import one_of
from mia.evidence import Evidence

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("boosting", "network")
SET_ASIDE = 0.2
PATIENCE = 20  # rounds without a better loss
MOST = 300  # rounds of boosting, or epochs of a network
FEWEST = 10  # images of a class; with fewer none is set aside
UNSTOPPED = 30  # rounds or epochs where none is set aside
WIDTHS = (32, 16)


@dataclass(frozen=True)
class EarlyStopped:
    """A grey-box attack whose score is the log odds of such a classifier on its `features`.

    `classifier` is one of `KINDS`.
    """

    classifier: str = "boosting"
    _model: Any = field(default=None, repr=False, compare=False)

    access = "grey-box"
    traits = Traits(combines_signals=True)

    def __post_init__(self) -> None:
        one_of("classifier", self.classifier, KINDS)

    def features(self, evidence: Evidence) -> pd.DataFrame:
        """Return what is learnt from, one row per image, index image_id, without gaps."""
        raise NotImplementedError

    def fit(self, evidence: Evidence, member: pd.Series) -> EarlyStopped:
        """Return the attack fitted on `member` (bool, index image_id)."""
        model = fitted(self.classifier, self.features(evidence), member, evidence.seed)
        return replace(self, _model=model)

    def score(self, evidence: Evidence) -> pd.Series:
        """Return the log odds of membership, index image_id; higher = member."""
        return log_odds(self._model, self.features(evidence))


def fitted(kind: str, features: pd.DataFrame, member: pd.Series, seed: int) -> Any:
    """Return a classifier fitted on `features`, rows as in `member`, numbers without gaps.

    Args:
        kind: `boosting` (trees of depth 3, learning rate 0.1) or `network` (two hidden layers on
            standardised numbers, Adam).
        features: Index image_id. Those of `member` are learnt from.
        member: bool, index image_id.
        seed: Of the images set aside, and of the network's weights.
    """
    found, labels = features.loc[member.index], member.to_numpy(dtype=bool)
    stops = min(labels.sum(), (~labels).sum()) >= FEWEST
    settings = {
        "max_iter": MOST if stops else UNSTOPPED,
        "early_stopping": bool(stops),
        "validation_fraction": SET_ASIDE,
        "n_iter_no_change": PATIENCE,
        "random_state": seed,
    }
    return _unfitted(kind, settings).fit(found, labels)


def _unfitted(kind: str, settings: dict[str, Any]) -> Any:
    if kind == "boosting":
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(max_depth=3, **settings)
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), MLPClassifier(WIDTHS, alpha=1e-2, **settings))


def log_odds(model: Any, features: pd.DataFrame) -> pd.Series:
    """Return the log odds of being a member, index of `features`."""
    import pandas as pd

    share = model.predict_proba(features)[:, 1].clip(1e-12, 1 - 1e-12)
    return pd.Series(np.log(share / (1 - share)), features.index)
