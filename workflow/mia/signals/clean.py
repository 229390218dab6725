"""`clean`: the size of the noise estimate on the clean latent, ε̂(z0, t, c).

There is no noise and no √ᾱ, and nothing is divided out. A row holds
`lp_clean` = mean |ε̂|^p for p in 1, 2, 4, 5.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from mia.query import Query

if TYPE_CHECKING:
    from torch import Tensor

    from mia.measuring.batch import Batch, Rows

NORMS = (1, 2, 4, 5)
MEASURES = tuple(f"l{p}_clean" for p in NORMS)


def predictions(query: Query) -> frozenset[Hashable]:
    """Return the U-Net evaluations that answer `query`, one identifier each."""
    return frozenset({("clean", query.timestep, query.condition)})


def measure(batch: Batch, rows: Rows) -> Tensor:
    """Return the measures of `rows`: `(rows, len(MEASURES))`, float64."""
    import torch

    size = rows.pick(lambda timestep: batch.clean(timestep, rows.condition))
    size = size.flatten(1).double().abs()
    return torch.stack([(size**p).mean(1) for p in NORMS], dim=1)
