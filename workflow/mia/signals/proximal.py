"""`proximal`: how far the noise estimate moves when it is itself taken as the noise.

ε̂_0 = ε̂(z0, 0, c), on request rescaled so that the mean of |ε̂_0| is `mean_abs`; then
gap = ε̂_0 − ε̂(√ᾱ_t z0 + √(1−ᾱ_t) ε̂_0, t, c). A row holds `lp_gap` = mean |gap|^p for p in
1, 2, 4, 5, and `low_l4_gap`, the same with p = 4 of the gap after `mia.signals.shared.low_pass`.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from mia.query import Query
from mia.signals.shared.low_pass import low_pass

if TYPE_CHECKING:
    from torch import Tensor

    from mia.measuring.batch import Batch, Rows

NORMS = (1, 2, 4, 5)
MEASURES = (*(f"l{p}_gap" for p in NORMS), "low_l4_gap")


def predictions(query: Query) -> frozenset[Hashable]:
    """Return the U-Net evaluations that answer `query`, one identifier each."""
    moved = ("proximal", query.timestep, query.condition, *query.further)
    return frozenset({("clean", 0, query.condition), moved})


def measure(batch: Batch, rows: Rows) -> Tensor:
    """Return the measures of `rows`: `(rows, len(MEASURES))`, float64."""
    import torch

    estimate = batch.clean(0, rows.condition)[rows.image]
    if "mean_abs" in rows.further:
        size = estimate.abs().mean(dim=(1, 2, 3), keepdim=True)
        estimate = estimate * (rows.further["mean_abs"] / size)
    moved = batch.epsilon(batch.noised(rows, estimate), rows, rows.condition)
    gap = (estimate - moved).double()
    low, size = low_pass(gap).flatten(1), gap.flatten(1).abs()
    return torch.stack([*((size**p).mean(1) for p in NORMS), (low**4).mean(1)], dim=1)
