"""A channel's classifier: features of manifest rows in, log odds of membership out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

INVERSE_PENALTY = 0.01  # scikit-learn's C, for about as many features as images
Features = Callable[["pd.DataFrame"], "pd.DataFrame | pd.Series"]


@dataclass(frozen=True)
class Classifier:
    """A fitted classifier and the features it reads.

    Args:
        features: Manifest rows to one row of features (numbers, or one text) each.
        model: A fitted scikit-learn classifier with `decision_function`.
    """

    features: Features
    model: Any

    def log_odds(self, images: pd.DataFrame) -> pd.Series:
        """Return the log odds of membership of manifest rows, on their index."""
        import pandas as pd

        return pd.Series(self.model.decision_function(self.features(images)), images.index)


def fitted(features: Features, model: Any, images: pd.DataFrame, member: pd.Series) -> Classifier:
    """Return `model` fitted to tell members among manifest rows.

    Args:
        features: As in `Classifier`.
        model: An unfitted scikit-learn classifier with `decision_function`.
        images: Manifest rows; more than those of `member` may be given.
        member: Whether each is a member, bool; its index names the rows to learn from.
    """
    rows = features(images.loc[member.index])
    return Classifier(features, model.fit(rows, member.to_numpy(dtype=bool)))


def boosted(
    features: Features, images: pd.DataFrame, member: pd.Series, rounds: int, seed: int
) -> Classifier:
    """Return gradient boosting over trees of numeric features, fitted as by `fitted`."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(max_iter=rounds, random_state=seed)
    return fitted(features, model, images, member)


def linear(features: Features, images: pd.DataFrame, member: pd.Series) -> Classifier:
    """Return logistic regression on standardised numeric features, fitted as by `fitted`."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=INVERSE_PENALTY, max_iter=1000))
    return fitted(features, model, images, member)
