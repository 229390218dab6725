"""An entry whose scores were made elsewhere: `attacks: {theirs: {scores: file.csv}}`."""

from __future__ import annotations

from dataclasses import dataclass, field

from mia.access import EXTERNAL
from mia.attacks.shared.contract import Traits
from mia.query import Query


@dataclass(frozen=True)
class External:
    """An entry of `attacks:` whose scores are read from a file; it asks no model anything.

    Args:
        scores: CSV or Parquet table with `score` (higher = member) and columns that say whose it is
            (`mia.targets.external_scores`).
        targets: The targets that it covers; all where none is named.
    """

    scores: str
    targets: tuple[str, ...] = ()
    queries: tuple[Query, ...] = field(default=(), init=False, repr=False)

    access = EXTERNAL
    source = "scores from a file"

    @property
    def traits(self) -> Traits:
        """It exists on the targets that it covers."""
        return Traits(targets=self.targets)
