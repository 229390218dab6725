"""`input_gradient`: of the loss to the noised latent, as its squared norm.

With L_t = mean (ε̂(z_t, t, c) − ε)² over latent elements, ε the draw, a row holds

- `sq_norm`: ‖∇_{z_t} L_t‖², the sum over latent elements;
- `loss`: L_t.

`gradient` holds both too, and those of the weights: it asks for the weights' gradients, which take
more memory. One forward and one backward pass.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from mia.query import Query
from mia.signals.shared.gradients.to_latents import squared_error

if TYPE_CHECKING:
    from torch import Tensor

    from mia.measuring.batch import Batch, Rows

MEASURES = ("loss", "sq_norm")


def predictions(query: Query) -> frozenset[Hashable]:
    """Return the evaluation that answers `query`; no other signal has it."""
    return frozenset({("input gradient", query.timestep, query.draw, query.condition)})


def backwards(query: Query) -> int:
    """Return the backward passes that answer `query`: one."""
    return 1


def measure(batch: Batch, rows: Rows) -> Tensor:
    """Return the measures of `rows`: `(rows, len(MEASURES))`, float64."""
    import torch

    noise = batch.noise(rows)
    errors, gradient = squared_error(batch, rows, batch.noised(rows, noise), noise)
    elements = noise[0].numel()
    squares = (gradient.double() / elements).flatten(1).square().sum(1)
    return torch.stack([errors / elements, squares], dim=1)
