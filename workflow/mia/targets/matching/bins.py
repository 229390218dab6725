"""Match in bins: equally many of both sides in every cell of a grid.

Coarsened exact matching (Iacus, King & Porro 2012) on two coordinates: how member-like a row's
words look to the blind channels, and how member-like its image and file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mia.blind import stack
from mia.images.split import place

AXES = {"words": ["caption", "surface"], "picture": ["image", "metadata", "source"]}
BINS = 10  # quantiles on each axis
REASON = "unmatched: more of this side than of the other in its bin"


@dataclass(frozen=True)
class Grid:
    """Cells of equal weight on each axis, cut elsewhere.

    Args:
        model: Gives the channels' log odds.
        seed: Says which rows of a fuller side stay.
    """

    model: stack.Stack
    seed: int

    def reasons(self, rows: pd.DataFrame, member: pd.Series) -> pd.Series:
        """Keep as many rows of each side in a cell as the other has, chosen by hash."""
        cell = self.cells(rows)
        order = rows["image_id"].map(lambda name: place(self.seed, "match", name)).sort_values()
        member = member.loc[order.index].astype(bool)
        cell = cell.loc[order.index]
        members = member.groupby(cell).transform("sum")
        fewer = np.minimum(members, member.groupby(cell).transform("size") - members)
        turn = member.groupby([cell, member]).cumcount()
        return pd.Series(np.where(turn < fewer, "", REASON), order.index)

    def cells(self, rows: pd.DataFrame) -> pd.Series:
        """Number the cell of each row; edges are quantiles of the rows that the model learnt from,
        as seen by channels that had not."""
        learnt, found = self._axes(self.model.out_of_fold), self._axes(self.model.channels(rows))
        cell = pd.Series(0, rows.index)
        for axis in AXES:
            edges = np.quantile(learnt[axis], np.arange(1, BINS) / BINS)
            cell = cell * BINS + np.searchsorted(edges, found[axis])
        return cell

    def _axes(self, log_odds: pd.DataFrame) -> pd.DataFrame:
        """Return the part of each axis in the log odds of all channels together."""
        weighed = log_odds * self.model.weights.coef_[0]
        return pd.DataFrame({axis: weighed[names].sum(axis=1) for axis, names in AXES.items()})


def fit(rows: pd.DataFrame, member: pd.Series, seed: int) -> Grid:
    """Cut the grid; see `mia.targets.matching.method`."""
    return Grid(stack.fit(rows, member, seed), seed)
