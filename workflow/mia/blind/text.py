"""Channel `text`: what a given text encoder reads in the caption."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mia.blind.classifier import Classifier, linear

if TYPE_CHECKING:
    import pandas as pd


def features(images: pd.DataFrame) -> pd.DataFrame:
    """Return the caption's pooled state in the audit's model (`text_…`)."""
    return images.filter(regex="^text_")


def fit(images: pd.DataFrame, member: pd.Series, seed: int = 0) -> Classifier:
    """Return logistic regression fitted on the standardised features."""
    return linear(features, images, member)
