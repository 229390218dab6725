"""Blind baseline on captions: can the sets be told apart by their words, without any model?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Logistic regression on TF-IDF of character n-grams, case kept; score in log odds.

    Any separation it finds is a difference of the sets, not of what the model remembers.
    """

    shortest: int = 1
    longest: int = 5
    _model: Any = field(default=None, repr=False, compare=False)

    access = "model-free"
    source = "Das et al. 2024 (arXiv 2406.16201), bag of n-grams"
    reads_images = True
    queries: tuple[Query, ...] = field(default=(), init=False, repr=False)

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the attack fitted on `member` (bool, index image_id)."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        grams = TfidfVectorizer(
            analyzer="char", ngram_range=(self.shortest, self.longest), lowercase=False
        )
        model = make_pipeline(grams, LogisticRegression(max_iter=1000))
        captions = _captions(evidence).loc[member.index]
        return replace(self, _model=model.fit(captions, member.to_numpy()))

    def score(self, evidence: Evidence) -> pd.Series:
        import pandas as pd

        captions = _captions(evidence)
        return pd.Series(self._model.decision_function(captions), captions.index)


def _captions(evidence: Evidence) -> pd.Series:
    """Captions with an end mark, so that an empty one has a feature too."""
    return evidence.images["caption"].fillna("").astype(str) + "\n"
