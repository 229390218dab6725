"""`noise_optimisation`: how far a noised latent has to move until its noise is estimated well.

CDI's noise optimisation (Dubiński et al. 2025, arXiv 2411.12858): minimise ‖ε̂(z_t + δ, t, c) − ε‖₂
over δ, from δ = 0, by L-BFGS with at most `steps` values and gradients. A row holds, per latent
element,

- `sq_start`: mean (ε̂(z_t) − ε)²;
- `sq_error`: mean (ε̂(z_t + δ) − ε)² at the best δ that was found;
- `sq_move`: mean δ².

In public code one optimisation serves the whole batch, so that a feature depends on the images
beside its own, and the last error is that of a latent that was noised twice. Here each image has
its own (`mia.signals.shared.lbfgs`). SciPy's line search is not reproduced. `steps` forward and as
many backward passes.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from mia.query import Query
from mia.signals.shared.gradients.to_latents import squared_error
from mia.signals.shared.lbfgs import minimised

if TYPE_CHECKING:
    from torch import Tensor

    from mia.measuring.batch import Batch, Rows

MEASURES = ("sq_start", "sq_error", "sq_move")
STEPS = 6  # of a query that names none: the start, and five steps as in public code


def steps(query: Query) -> int:
    """Return the values and gradients that a query asks for."""
    return dict(query.further).get("steps", STEPS)


def predictions(query: Query) -> frozenset[Hashable]:
    """Return the evaluations that answer `query`, one identifier each; no other signal has them."""
    asked = "optimised", query.timestep, query.draw, query.condition, steps(query)
    return frozenset((*asked, number) for number in range(steps(query)))


def backwards(query: Query) -> int:
    """Return the backward passes that answer `query`: one for each evaluation."""
    return steps(query)


def measure(batch: Batch, rows: Rows) -> Tensor:
    """Return the measures of `rows`: `(rows, len(MEASURES))`, float64."""
    import torch

    noise = batch.noise(rows)
    z, elements = batch.noised(rows, noise), noise[0].numel()

    def error(moves: Tensor) -> tuple[Tensor, Tensor]:
        """Return ‖ε̂ − ε‖₂ at each move, and its gradient."""
        moved = (z + moves.view_as(z)).to(z.dtype)
        squares, gradient = squared_error(batch, rows, moved, noise)
        size = squares.sqrt()
        return size, gradient.flatten(1).double() / (2 * size[:, None]).clamp_min(1e-300)

    start = torch.zeros_like(z, dtype=torch.float64).flatten(1)
    moves, found, first = minimised(error, start, steps(rows.queries[0]))
    squares = first.square(), found.square(), moves.square().sum(1)
    return torch.stack(squares, dim=1) / elements
