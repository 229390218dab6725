"""Blind baseline on addresses: do the sets come from other places?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mia.blind import source
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Logistic regression on an address's host and the domains above it; score in log odds.

    No attack on the model sees an address, so what it finds need not help one; it says that the
    sets were gathered in different ways. Pictures without addresses are all alike to it; a target
    whose sets both have none (source `folder` or `builtin`) goes without this row.
    """

    _fitted: Any = field(default=None, repr=False, compare=False)

    access = "model-free"
    source = "Das et al. 2024 (arXiv 2406.16201), with hosts as features"
    reads_images = reads_addresses = True
    queries: tuple[Query, ...] = field(default=(), init=False, repr=False)

    def fit(self, evidence: Evidence, member: pd.Series) -> Attack:
        """Return the attack fitted on `member` (bool, index image_id)."""
        fitted = source.fit(evidence.images, member, evidence.seed)
        return replace(self, _fitted=fitted)

    def score(self, evidence: Evidence) -> pd.Series:
        return self._fitted.log_odds(evidence.images)
