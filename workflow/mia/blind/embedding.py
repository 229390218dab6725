"""Channel `embedding`: what a given image encoder sees in the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mia.blind.classifier import Classifier, linear

if TYPE_CHECKING:
    import pandas as pd


def features(images: pd.DataFrame) -> pd.DataFrame:
    """Return the image's embedding by the audit's model (`embedding_…`)."""
    return images.filter(regex="^embedding_")


def fit(images: pd.DataFrame, member: pd.Series, seed: int = 0) -> Classifier:
    """Return logistic regression fitted on the standardised features."""
    return linear(features, images, member)
