"""Blind baseline on picture embeddings: can the sets be told apart by an image encoder?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mia.blind import embedding
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Logistic regression on the embeddings of `audit.embedding`, standardised; score in log odds.

    The image encoder is a model that the user gives, never one under test. Any separation it finds
    is a difference of the sets, not of what the model remembers.
    """

    _fitted: Any = field(default=None, repr=False, compare=False)

    access = "model-free"
    source = "Das et al. 2024 (arXiv 2406.16201), with embeddings as features"
    reads_images = True
    reads_embeddings = needs_embeddings = ("embedding",)
    queries: tuple[Query, ...] = field(default=(), init=False, repr=False)

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the attack fitted on `member` (bool, index image_id)."""
        return replace(self, _fitted=embedding.fit(evidence.images, member, evidence.seed))

    def score(self, evidence: Evidence) -> pd.Series:
        return self._fitted.log_odds(evidence.images)
