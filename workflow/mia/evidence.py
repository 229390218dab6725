"""What an attack may look at: tables of measured signals, nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Evidence:
    """The measurements of one target.

    Args:
        image_ids: Every image to be scored, sorted.
        signals: Signal name to long table: index `image_id`, columns the query's fields
            (`timestep`, `draw`, `condition`, …) and the measures, sorted by all of them.
            Holds the rows of the attack's own queries only.
        reference: The same, measured on the target's reference model; empty where there is none.
        images: Manifest columns, index `image_id`; only for attacks with `reads_images`.
        alpha_bar: The model's schedule ᾱ_t, `(1000,)`; for attacks that query it.
        seed: The experiment's seed, for attacks that draw numbers.
    """

    image_ids: tuple[str, ...]
    signals: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    reference: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    images: pd.DataFrame | None = None
    alpha_bar: np.ndarray | None = None
    seed: int = 0

    def only(self, queries: Collection[Query]) -> Evidence:
        """The same evidence with the rows of `queries` alone."""
        return replace(
            self,
            signals={name: _only(table, name, queries) for name, table in self.signals.items()},
            reference={name: _only(table, name, queries) for name, table in self.reference.items()},
        )


def _only(table: pd.DataFrame, signal: str, queries: Collection[Query]) -> pd.DataFrame:
    keep = np.zeros(len(table), dtype=bool)
    for query in queries:
        if query.signal == signal:
            fields = query.fields().items()
            keep |= np.logical_and.reduce([table[field] == value for field, value in fields])
    return table[keep]
