"""Channel `caption`: the caption's words and letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mia.blind.classifier import Classifier, fitted

if TYPE_CHECKING:
    import pandas as pd

SHORTEST, LONGEST = 1, 5


def features(images: pd.DataFrame) -> pd.Series:
    """Return captions with an end mark, so that an empty one has a feature too."""
    return images["caption"].fillna("").astype(str) + "\n"


def fit(
    images: pd.DataFrame,
    member: pd.Series,
    seed: int = 0,
    shortest: int = SHORTEST,
    longest: int = LONGEST,
) -> Classifier:
    """Return logistic regression fitted on TF-IDF of character n-grams, case kept."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    grams = TfidfVectorizer(analyzer="char", ngram_range=(shortest, longest), lowercase=False)
    model = make_pipeline(grams, LogisticRegression(max_iter=1000))
    return fitted(features, model, images, member)
