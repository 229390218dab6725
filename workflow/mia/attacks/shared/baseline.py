"""What all blind baselines share: they learn from images and captions, and ask no model."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mia.access import MODEL_FREE
from mia.attacks.shared.contract import Traits
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Baseline:
    """An attack on one channel: its `fit` gets the attack's parameters; scores are log odds."""

    _fitted: Any = field(default=None, repr=False, compare=False)

    access = MODEL_FREE
    queries: tuple[Query, ...] = field(default=(), init=False, repr=False)

    @property
    def channel(self) -> ModuleType:
        """The module of `mia.blind` that learns and gives the log odds."""
        raise NotImplementedError

    @property
    def traits(self) -> Traits:
        """It reads images; a channel that reads more than the manifest's columns says so."""
        return Traits(reads_images=True)

    def fit(self, evidence: Evidence, member: pd.Series) -> Baseline:
        """Return the attack fitted on `member` (bool, index image_id)."""
        names = [f.name for f in fields(self) if f.init and not f.name.startswith("_")]
        parameters = {name: getattr(self, name) for name in names}
        fitted = self.channel.fit(evidence.images, member, evidence.seed, **parameters)
        return replace(self, _fitted=fitted)

    def score(self, evidence: Evidence) -> pd.Series:
        """Return the log odds of membership, index image_id; higher: more like a member."""
        return self._fitted.log_odds(evidence.images)
