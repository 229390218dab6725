"""`aggregation`: how much the noise estimate wanders along a few denoising steps.

`steps` deterministic DDIM steps lead from the noised latent at t down to 0. A row holds
`pairwise`: mean over pairs i < j of mean (ε̂_i − ε̂_j)², per element.
"""

from __future__ import annotations

from collections.abc import Hashable
from itertools import combinations
from typing import TYPE_CHECKING

from mia.query import Query
from mia.signals.shared.ddim import move

if TYPE_CHECKING:
    from torch import Tensor

    from mia.measuring.batch import Batch, Rows

MEASURES = ("pairwise",)


def nodes(timestep: int, steps: int) -> tuple[int, ...]:
    """Return the timesteps at which the estimate is taken.

    >>> nodes(80, 5)
    (80, 64, 48, 32, 16)
    """
    return tuple(timestep * (steps - i) // steps for i in range(steps))


def predictions(query: Query) -> frozenset[Hashable]:
    """Return the U-Net evaluations that answer `query`, one identifier each."""
    first, *rest = nodes(query.timestep, dict(query.further)["steps"])
    lower = {("aggregation", query.timestep, t, query.draw, query.condition) for t in rest}
    return frozenset({("noised", first, query.draw, query.condition), *lower})


def measure(batch: Batch, rows: Rows) -> Tensor:
    """Return the measures of `rows`: `(rows, len(MEASURES))`, float64."""
    import torch

    lines = []
    for query, image in zip(rows.queries, rows.image.tolist(), strict=True):
        lines.append(_once(batch, query)[image])
    return torch.stack(lines)[:, None]


def _once(batch: Batch, query: Query) -> Tensor:
    return batch.once(("aggregation", query), lambda: _pairwise(batch, query))


def _pairwise(batch: Batch, query: Query) -> Tensor:
    """Return the measure of every image, `(images,)`."""
    import torch

    alpha_bar, order = batch.denoiser.alpha_bar, nodes(query.timestep, dict(query.further)["steps"])
    z = batch.noised_at(query.timestep, batch.draws(query.draw))
    estimates: list[Tensor] = []
    for t, lower in zip(order, (*order[1:], 0), strict=True):
        if estimates:
            estimates.append(batch.everywhere(z, t, query.condition))
        else:
            estimates.append(batch.estimates(t, query.draw, query.condition))
        z = move(z, estimates[-1], alpha_bar[t], alpha_bar[lower])
    gaps = [(a - b).flatten(1).double().square().mean(1) for a, b in combinations(estimates, 2)]
    return torch.stack(gaps).mean(0)
