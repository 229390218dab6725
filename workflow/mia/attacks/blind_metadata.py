"""Blind baseline on files: size, format, JPEG quality and the like, before any pixel."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mia.blind import metadata
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Gradient boosting on what the manifest says of the picture's file; score in log odds.

    Any separation it finds is a difference of the sets, not of what the model remembers.
    """

    rounds: int = metadata.ROUNDS
    _fitted: Any = field(default=None, repr=False, compare=False)

    access = "model-free"
    source = "Das et al. 2024 (arXiv 2406.16201), with file metadata as features"
    reads_images = True
    queries: tuple[Query, ...] = field(default=(), init=False, repr=False)

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the attack fitted on `member` (bool, index image_id)."""
        fitted = metadata.fit(evidence.images, member, evidence.seed, self.rounds)
        return replace(self, _fitted=fitted)

    def score(self, evidence: Evidence) -> pd.Series:
        return self._fitted.log_odds(evidence.images)
