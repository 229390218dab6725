"""What trained attacks have in common: one row of features per image, and a classifier on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

TREES = 200
LEAST = 5  # images in a leaf of a tree
SMALLEST = 1e-30  # below which a size counts as this


def log_sizes(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return the log of each size at each timestep, mean over draws.

    Args:
        table: A signal: index image_id, columns timestep and `columns`, all of them at least 0.

    Returns:
        Index image_id, sorted; columns `{column} {timestep}`; those without any number left out.
    """
    means = table.groupby(["image_id", "timestep"])[columns].mean().unstack("timestep")
    means.columns = [f"{column} {timestep}" for column, timestep in means.columns]
    return np.log(means.dropna(axis="columns", how="all").clip(lower=SMALLEST))


def classifier(kind: str, seed: int) -> Any:
    """Return an unfitted classifier: `logistic`, `forest` or `boosting`.

    Logistic regression is on standardised features with an L2 penalty of 10 (scikit-learn's
    C = 0.1): losses at neighbouring timesteps say nearly the same.
    """
    if kind == "logistic":
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    if kind == "forest":
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(TREES, min_samples_leaf=LEAST, random_state=seed)
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=100, random_state=seed)


def predicted(model: Any, features: pd.DataFrame) -> pd.Series:
    """Return the log odds of being a member; of a forest the share of trees, in [0, 1]."""
    import pandas as pd

    if hasattr(model, "decision_function"):
        return pd.Series(model.decision_function(features), features.index)
    return pd.Series(model.predict_proba(features)[:, 1], features.index)
