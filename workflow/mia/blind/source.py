"""Channel `source`: where the image was found, which no attack on the model ever sees."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mia.blind.classifier import Classifier, fitted

if TYPE_CHECKING:
    import pandas as pd


def features(images: pd.DataFrame) -> pd.Series:
    """Return for each address its host and every domain above it, divided by spaces.

    A row without an address, or with a file's path in its place, is `nowhere`.

    >>> import pandas as pd
    >>> urls = ["https://img.shop.co.uk:8080/a.jpg", "pictures/a.jpg", None]
    >>> features(pd.DataFrame({"url": urls})).tolist()
    ['uk co.uk shop.co.uk img.shop.co.uk', 'nowhere', 'nowhere']
    """
    return images["url"].astype(object).map(_domains)


def fit(images: pd.DataFrame, member: pd.Series, seed: int = 0) -> Classifier:
    """Return logistic regression fitted on the hosts and domains that addresses lie in."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    words = CountVectorizer(token_pattern=r"\S+", binary=True)
    return fitted(features, make_pipeline(words, LogisticRegression(max_iter=1000)), images, member)


def _domains(url: object) -> str:
    host = urlsplit(url).hostname if isinstance(url, str) and "://" in url else None
    if not host:
        return "nowhere"
    labels = host.split(".")
    return " ".join(".".join(labels[start:]) for start in reversed(range(len(labels))))
