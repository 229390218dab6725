"""The classifiers that attacks fit, on one row of `mia.attacks.shared.features` per image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

TREES = 200
LEAST = 5  # images in a leaf of a tree
PENALTIES = tuple(10 ** (step / 2) for step in range(-10, 1))  # inverse, scikit-learn's C: 1e-5 … 1
FOLDS = 5  # of the cross-validation that chooses a penalty


def classifier(kind: str, seed: int) -> Any:
    """Return an unfitted classifier: `logistic`, `forest` or `boosting`.

    Logistic regression is on standardised features with an L2 penalty of 10 (scikit-learn's
    C = 0.1): losses at neighbouring timesteps say nearly the same. Boosting takes trees of depth
    2 that look at a fifth of the features at each split: there may be more features than images.
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

    return HistGradientBoostingClassifier(
        max_iter=TREES,
        learning_rate=0.05,
        max_depth=2,
        max_features=0.2,
        early_stopping=False,
        random_state=seed,
    )


def fewest_of(member: np.ndarray) -> int:
    """Return the size of the smaller class, at least 2.

    Raises:
        ValueError: A class has fewer than two images.
    """
    fewest = int(min(member.sum(), (~member).sum()))
    if fewest < 2:
        raise ValueError(
            f"{member.sum()} members and {(~member).sum()} nonmembers to learn from; "
            "expected at least two of each"
        )
    return fewest


def ridge(member: np.ndarray, seed: int) -> Any:
    """Return an unfitted logistic regression whose L2 penalty is chosen by cross-validation.

    Features are standardised, and a missing one is set to its mean. The folds split the
    images learnt from, whose labels are `member`. The penalty with the least log loss is taken.

    Raises:
        ValueError: A class has fewer than two images.
    """
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    fewest = fewest_of(member)
    folds = StratifiedKFold(min(FOLDS, fewest), shuffle=True, random_state=seed)
    regression = LogisticRegressionCV(
        Cs=PENALTIES,
        l1_ratios=(0.0,),
        cv=folds,
        scoring="neg_log_loss",
        max_iter=1000,
        use_legacy_attributes=False,
    )
    return make_pipeline(SimpleImputer(), StandardScaler(), regression)


def plain() -> Any:
    """Return an unfitted logistic regression on standardised features with an L2 penalty of 1.

    It is scikit-learn's default (C = 1); the intercept is not penalised. A missing feature is set
    to its mean.
    """
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    imputer = SimpleImputer(keep_empty_features=True)
    return make_pipeline(imputer, StandardScaler(), LogisticRegression(max_iter=1000))


def predicted(model: Any, features: pd.DataFrame) -> pd.Series:
    """Return the log odds of being a member; of a forest the share of trees, in [0, 1]."""
    import pandas as pd

    if hasattr(model, "decision_function"):
        return pd.Series(model.decision_function(features), features.index)
    return pd.Series(model.predict_proba(features)[:, 1], features.index)
