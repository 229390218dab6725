"""`gradient`: of the loss to the weights of the denoiser, as one squared norm per tensor.

With L_t = mean (ε̂(z_t, t, c) − ε)² over latent elements, whatever the model predicts, and θ the
weights of the denoiser alone, not of text encoders or VAE, a row holds

- `sq_norms`, a list: ‖∇_θp L_t‖² for each parameter tensor θp, the sum of the squares of its
  elements, added up in float64. Tensors are in the order of `tensors` in model.json. One that the
  loss does not reach has 0;
- `sq_norm`: their sum, ‖∇_θ L_t‖²;
- `sq_input_norm`: ‖∇_{z_t} L_t‖², the sum over latent elements, of the same backward pass;
- `loss`: L_t.

A query with `timesteps`, such as `99+199`, asks for the gradient of the mean of L_t over these
timesteps, all with the same draw. Its `loss` is that mean, and `sq_input_norm` is NaN. Its own
`timestep` is the first of them. GSA1 asks for this, GSA2 for the gradient at each timestep (Pang et
al. 2025, arXiv 2308.06405, section 4).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

from mia.query import Query
from mia.signals.shared.gradients.to_weights import squared_norms

if TYPE_CHECKING:
    from torch import Tensor

    from mia.measuring.batch import Batch, Rows

MEASURES = ("loss", "sq_norm", "sq_input_norm")
LISTS = ("sq_norms",)


def timesteps(query: Query) -> tuple[int, ...]:
    """Return the timesteps over which a query takes the mean loss.

    >>> timesteps(Query("gradient", 99, further=(("timesteps", "99+199"),)))
    (99, 199)
    """
    together = dict(query.further).get("timesteps")
    return tuple(map(int, together.split("+"))) if together else (query.timestep,)


def predictions(query: Query) -> frozenset[Hashable]:
    """Return the evaluations that answer `query`, one identifier each; no other signal has them."""
    named = timesteps(query), query.draw, query.condition
    return frozenset(("gradient", timestep, *named) for timestep in timesteps(query))


def backwards(query: Query) -> int:
    """Return the backward passes that answer `query`: one for each evaluation."""
    return len(timesteps(query))


def list_numbers(query: Query, tensors: int) -> int:
    """Return the length of `sq_norms`: one number for each parameter tensor."""
    return tensors


def measure(batch: Batch, rows: Rows) -> Mapping[str, Tensor]:
    """Return the columns of `rows`, float64: `(rows,)` each, and `sq_norms` `(rows, tensors)`."""
    import torch

    asked = torch.tensor([timesteps(query) for query in rows.queries], device=batch.z0.device)
    loss, norms, inputs = squared_norms(batch, rows, asked)
    columns = {"loss": loss, "sq_norm": norms.sum(1), "sq_input_norm": inputs}
    return {**columns, "sq_norms": norms}
