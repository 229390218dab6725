"""`masking`: how well the model restores the part of a latent to which its error is most sensitive.

CDI's gradient masking (Dubiński et al. 2025, arXiv 2411.12858). g = |∇_{z_t} ‖ε̂(z_t, t, c) − ε‖|
for the noised latent z_t and the draw ε. M are the ⌊share · d⌋ latent elements, of d, with the
largest g. The model is asked once more at the same t, with the elements in M replaced by noise:

- `variant` `paper`: at z_t with ε in M. A row's target is ε;
- `variant` `code`, as the authors' code has it: at the *clean* latent z0 with ε in M. A row's
  target is ε − z0. A model that estimates ε is so held against a velocity, at an input that was
  never noised to t.

A row holds `sq_masked`: mean over M of (target − ε̂)². Two forward passes, one backward pass. M does
not depend on how the error is scaled, nor on other images.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from mia.query import Query
from mia.signals.shared.gradients.to_latents import squared_error

if TYPE_CHECKING:
    from torch import Tensor

    from mia.measuring.batch import Batch, Rows

MEASURES = ("sq_masked",)


def predictions(query: Query) -> frozenset[Hashable]:
    """Return the two evaluations that answer `query`; no other signal has them."""
    asked = query.timestep, query.draw, query.condition, *query.further
    return frozenset({("to mask", *asked), ("masked", *asked)})


def backwards(query: Query) -> int:
    """Return the backward passes that answer `query`: one."""
    return 1


def measure(batch: Batch, rows: Rows) -> Tensor:
    """Return the measures of `rows`: `(rows, 1)`, float64."""
    import torch

    z0, noise = batch.z0[rows.image], batch.noise(rows)
    z = batch.noised(rows, noise)
    _, gradient = squared_error(batch, rows, z, noise)
    size = gradient.abs().flatten(1)
    count = max(1, int(rows.further["share"] * size.shape[1]))
    mask = torch.zeros_like(size).scatter(1, size.topk(count).indices, 1).view_as(z)
    if rows.further["variant"] == "paper":
        hybrid, target = torch.where(mask > 0, noise, z), noise
    else:
        hybrid, target = torch.where(mask > 0, noise, z0), noise - z0
    estimate = batch.epsilon(hybrid, rows, rows.condition)
    errors = ((target - estimate) * mask).double().flatten(1).square().sum(1)
    return errors[:, None] / count
