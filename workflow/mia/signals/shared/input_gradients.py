"""Gradients of each image's own error to the latent that the model is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mia.signals.shared.parts import in_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


def squared_error(batch: Any, rows: Any, z: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Return ‖ε̂(z, t, c) − ε‖² of each row and its gradient to z: one forward, one backward pass.

    The errors of all rows are added up before the backward pass. No row's error depends on
    another's latent, so each row's gradient is its own.

    Args:
        batch: Images and the model, `mia.measuring.batch.Batch`.
        rows: `mia.measuring.slices.Rows`, whose images, timesteps and condition count.
        z: Latents, `(rows, channels, height, width)`, float32.
        noise: ε, of that shape.

    Returns:
        Sum over latent elements, `(rows,)`, float64; gradient of the shape of `z`, float32.
    """
    import torch

    told = batch.told(rows.condition)

    def work(places: Sequence[int]) -> tuple[Tensor, Tensor]:
        some = rows.take(places)
        given = z[places].clone().requires_grad_()
        estimate = batch.denoiser.epsilon(given, some.timestep, told.rows(some.image))
        errors = (noise[places] - estimate).double().flatten(1).square().sum(1)
        (gradient,) = torch.autograd.grad(errors.sum(), given)
        return errors.detach(), gradient

    with torch.inference_mode(False), torch.enable_grad():
        errors, gradient = in_parts(batch, "latents", len(z), batch.size, work)
    batch.evals += len(z)
    return errors, gradient
