"""What an attack may look at: tables of measured signals, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
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
        signals: Signal name to its long table. The index is `image_id`; the columns are the query's
            fields (`timestep`, `draw`, `condition`, …) and the measures. The table is sorted by
            all of them. It holds only the rows of the attack's own queries.
        reference: The same, measured on the target's reference model; empty without one.
        images: Manifest columns, index `image_id`; only for attacks with `reads_images`.
        alpha_bar: The model's schedule ᾱ_t, `(1000,)`; for attacks that query it.
        tensors: Names of the denoiser's parameter tensors, in the order of the lists of `gradient`;
            for attacks that query it.
        seed: The experiment's seed, for attacks that draw numbers.
        references: Reference to what it answers, as `signals`: models of which it is known what
            they were trained on; only for attacks with `reads_references`.
        reference_membership: `in`, `out` or `unknown`: whether each reference was trained on each
            image. Index `image_id`, a column for each of `references`.
    """

    image_ids: tuple[str, ...]
    signals: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    reference: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    images: pd.DataFrame | None = None
    alpha_bar: np.ndarray | None = None
    tensors: tuple[str, ...] = ()
    seed: int = 0
    references: Mapping[str, Mapping[str, pd.DataFrame]] = field(default_factory=dict)
    reference_membership: pd.DataFrame | None = None

    def only(self, queries: Collection[Query]) -> Evidence:
        """Return the same evidence with the rows of `queries` alone."""
        return self.with_tables(lambda table, signal: _only(table, signal, queries))

    def without_target(self) -> Evidence:
        """Return the same evidence without any answer of the target's model."""
        return replace(self, signals={})

    def of_images(self, image_ids: Collection[str]) -> Evidence:
        """Return the evidence of `image_ids` alone: nothing of any other image is left."""
        wanted = set(image_ids)

        def cut(table: pd.DataFrame) -> pd.DataFrame:
            return table[table.index.isin(wanted)]

        known = self.reference_membership
        return replace(
            self.with_tables(lambda table, _: cut(table)),
            image_ids=tuple(image for image in self.image_ids if image in wanted),
            images=None if self.images is None else cut(self.images),
            reference_membership=None if known is None else cut(known),
        )

    @property
    def draws(self) -> tuple[int, ...]:
        """The draws that all signals with several have in common; none if no signal has several."""
        tables = [*self.signals.values(), *self.reference.values()]
        several = [set(table["draw"]) for table in tables if table["draw"].nunique() > 1]
        return tuple(sorted(set.intersection(*several))) if several else ()

    def of_draw(self, draw: int) -> Evidence:
        """Return the evidence of one draw; a signal with a single draw stays as it is."""

        def cut(table: pd.DataFrame, _: str) -> pd.DataFrame:
            return table[table["draw"] == draw] if table["draw"].nunique() > 1 else table

        return self.with_tables(cut)

    def with_tables(self, cut: Callable[[pd.DataFrame, str], pd.DataFrame]) -> Evidence:
        """Return the same with every table, of any model, as `cut` returns it.

        Args:
            cut: Given a table and the name of its signal.
        """

        def each(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
            return {signal: cut(table, signal) for signal, table in tables.items()}

        return replace(
            self,
            signals=each(self.signals),
            reference=each(self.reference),
            references={model: each(tables) for model, tables in self.references.items()},
        )


def _only(table: pd.DataFrame, signal: str, queries: Collection[Query]) -> pd.DataFrame:
    keep = np.zeros(len(table), dtype=bool)
    for query in queries:
        if query.signal == signal:
            fields = query.fields().items()
            keep |= np.logical_and.reduce([table[field] == value for field, value in fields])
    return table[keep]
