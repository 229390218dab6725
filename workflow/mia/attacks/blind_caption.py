"""Blind baseline on captions: can the sets be told apart by their words, without any model?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mia.blind import caption
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Logistic regression on TF-IDF of character n-grams, case kept; score in log odds.

    Any separation it finds is a difference of the sets, not of what the model remembers.
    """

    shortest: int = caption.SHORTEST
    longest: int = caption.LONGEST
    _fitted: Any = field(default=None, repr=False, compare=False)

    access = "model-free"
    source = "Das et al. 2024 (arXiv 2406.16201), bag of n-grams"
    reads_images = True
    queries: tuple[Query, ...] = field(default=(), init=False, repr=False)

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the attack fitted on `member` (bool, index image_id)."""
        fitted = caption.fit(evidence.images, member, evidence.seed, self.shortest, self.longest)
        return replace(self, _fitted=fitted)

    def score(self, evidence: Evidence) -> pd.Series:
        return self._fitted.log_odds(evidence.images)
