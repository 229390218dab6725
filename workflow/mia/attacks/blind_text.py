"""Blind baseline on text-encoder states: can the sets be told apart by their captions' vectors?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mia.blind import text
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Logistic regression on the caption's state in `audit.embedding`; score in log odds.

    The vector is the last layer's state at the end of the text, not projected, standardised. The
    text encoder is a model that the user gives, never one under test, whose own would remember its
    members' captions. Any separation it finds is a difference of the sets.
    """

    _fitted: Any = field(default=None, repr=False, compare=False)

    access = "model-free"
    source = "Das et al. 2024 (arXiv 2406.16201), with text-encoder states as features"
    reads_images = True
    reads_embeddings = needs_embeddings = ("text",)
    queries: tuple[Query, ...] = field(default=(), init=False, repr=False)

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the attack fitted on `member` (bool, index image_id)."""
        return replace(self, _fitted=text.fit(evidence.images, member, evidence.seed))

    def score(self, evidence: Evidence) -> pd.Series:
        return self._fitted.log_odds(evidence.images)
