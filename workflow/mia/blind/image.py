"""Channel `image`: simple statistics of the pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mia.blind.classifier import Classifier, boosted

if TYPE_CHECKING:
    import pandas as pd

ROUNDS = 100


def features(images: pd.DataFrame) -> pd.DataFrame:
    """Return the manifest's image statistics (`stat_…`, see `mia.images.statistics`)."""
    return images.filter(regex="^stat_")


def fit(images: pd.DataFrame, member: pd.Series, seed: int = 0, rounds: int = ROUNDS) -> Classifier:
    """Return gradient boosting fitted on those statistics."""
    return boosted(features, images, member, rounds, seed)
