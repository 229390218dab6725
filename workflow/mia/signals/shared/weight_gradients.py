"""Gradients of each image's own loss to the weights of a denoiser, as one squared norm per tensor.

Two ways give the same numbers up to rounding. A model of fewer than `SMALL` weights has the
gradients of several rows at once, by `torch.func.vmap`: they take rows × weights of memory. A
larger one has one row after the other. There a hook takes the norm of each tensor's gradient and
frees it, so that one tensor's gradient is there at a time, where a row has one timestep.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mia.signals.shared.ddim import noised
from mia.signals.shared.parts import in_parts

if TYPE_CHECKING:
    from torch import Tensor

SMALL = 50_000_000  # weights, below which several rows are measured at once
AT_ONCE = 2**28  # numbers of gradients at once: 1 GiB in float32


@dataclass(frozen=True)
class Given:
    """What the losses of some rows are made from; a row's loss is the mean over its timesteps.

    Args:
        z: Noised latents, `(rows, timesteps, channels, height, width)`, float32.
        timestep: `(rows, timesteps)`.
        noise: The draw of each row, `(rows, channels, height, width)`, float32.
        told: What the model is told, one row each: `mia.models.conditioning.Conditioning`.
    """

    z: Tensor
    timestep: Tensor
    noise: Tensor
    told: Any

    def take(self, places: Sequence[int]) -> Given:
        """Return the rows at `places`."""
        import torch

        chosen = torch.tensor([*places], device=self.z.device)
        own = self.z[chosen], self.timestep[chosen], self.noise[chosen]
        return Given(*own, self.told.rows(chosen))


def squared_norms(batch: Any, rows: Any, timesteps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return losses and squared norms of their gradients, all float64.

    Args:
        batch: Images and the model, `mia.measuring.batch.Batch`.
        rows: `mia.measuring.slices.Rows`, whose images, draws and condition count; not timesteps.
        timesteps: Of each row, `(rows, timesteps)`: its loss is the mean over them.

    Returns:
        Mean (ε̂ − ε)², `(rows,)`; of its gradient to each parameter tensor, `(rows, tensors)`; of
        its gradient to z_t, `(rows,)`, NaN where there are several timesteps.
    """
    import torch

    count = timesteps.shape[1]
    z0, noise = batch.z0[rows.image], batch.noise(rows)
    repeated = [tensor.repeat_interleave(count, 0) for tensor in (z0, noise)]
    z = noised(repeated[0], repeated[1], batch.denoiser.alpha_bar[timesteps.flatten()])
    told = batch.told(rows.condition).rows(rows.image)
    given = Given(z.unflatten(0, timesteps.shape), timesteps, noise, told)
    weights = sum(parameter.numel() for parameter in batch.denoiser.weights.parameters())
    with torch.inference_mode(False), torch.enable_grad():
        if weights < SMALL:
            way, most = at_once, max(1, AT_ONCE // weights)
        else:
            way, most = one_by_one, 1
        loss, norms, inputs = in_parts(
            batch,
            "weights",
            len(z0),
            min(most, max(1, batch.size // count)),
            lambda places: way(batch.denoiser, given.take(places)),
        )
    batch.evals += timesteps.numel()
    return loss, norms, inputs if count == 1 else torch.full_like(inputs, torch.nan)


def at_once(denoiser: Any, given: Given) -> tuple[Tensor, Tensor, Tensor]:
    """Return losses, norms to weights and norms to z of all rows from one call of vmap."""
    import torch

    network, kind = _network(denoiser), type(given.told)
    weights = dict(network.named_parameters())

    def loss(weights: Mapping[str, Tensor], z: Tensor, *others: Any) -> Tensor:
        """Return the loss of one row; `z` is `(timesteps, …)`."""
        timestep, noise, told = others
        one = kind({name: tensor[None] for name, tensor in told.items()})
        asked = z, timestep, one.repeated(len(z))
        return _mean_square(torch.func.functional_call(network, dict(weights), asked), noise)

    gradient = torch.func.grad_and_value(loss, argnums=(0, 1))
    tensors = given.z, given.timestep, given.noise, dict(given.told.tensors)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "There is a performance drop")  # attention, on a CPU
        of_rows = torch.func.vmap(gradient, in_dims=(None, 0, 0, 0, 0))
        (to_weights, to_z), losses = of_rows(weights, *tensors)
    norms = [_squares(each) for each in to_weights.values()]
    return losses.detach(), torch.stack(norms, 1).detach(), _squares(to_z).detach()


def one_by_one(denoiser: Any, given: Given) -> tuple[Tensor, Tensor, Tensor]:
    """Return the same, one row and one timestep after the other."""
    import torch

    weights, found = denoiser.weights, []
    with _trainable(weights):
        for row in range(len(given.z)):
            found.append(_of_row(denoiser, given.take([row])))
    loss, norms, inputs = (torch.stack(column) for column in zip(*found, strict=True))
    return loss, norms, inputs


def _of_row(denoiser: Any, given: Given) -> tuple[Tensor, Tensor, Tensor]:
    """Return loss, norms and norm of the only row; gradients add up from timestep to timestep."""
    import torch

    count, losses, inputs = given.z.shape[1], [], []
    parameters = list(denoiser.weights.parameters())
    norms = torch.zeros(len(parameters), dtype=torch.float64, device=given.z.device)
    for place in range(count):
        z = given.z[:, place].clone().requires_grad_()
        estimate = denoiser.epsilon(z, given.timestep[:, place], given.told)
        loss = _mean_square(estimate, given.noise) / count
        with ExitStack() as hooks:
            if place == count - 1:
                for number, parameter in enumerate(parameters):
                    hooks.enter_context(_taken(parameter, norms, number))
            loss.backward()
        losses.append(loss.detach())
        inputs.append(_squares(z.grad)[0])  # type: ignore[arg-type]
    return torch.stack(losses).sum(), norms, torch.stack(inputs).sum()


@contextmanager
def _taken(parameter: Tensor, norms: Tensor, number: int) -> Iterator[None]:
    """Write the squared norm of a parameter's gradient to its place, as soon as it is whole."""

    def take(parameter: Tensor) -> None:
        norms[number] = _squares(parameter.grad[None])[0]  # type: ignore[index]
        parameter.grad = None

    hook = parameter.register_post_accumulate_grad_hook(take)
    try:
        yield
    finally:
        hook.remove()
        if parameter.grad is not None:  # reached at an earlier timestep alone
            take(parameter)


@contextmanager
def _trainable(weights: Any) -> Iterator[None]:
    """Let gradients reach the weights of a module that is frozen otherwise."""
    weights.requires_grad_(True)
    try:
        yield
    finally:
        weights.requires_grad_(False)
        weights.zero_grad(set_to_none=True)


def _network(denoiser: Any) -> Any:
    """Return `denoiser.epsilon` as a module of which the denoiser's weights are a part."""
    import torch

    class Network(torch.nn.Module):
        def __init__(self, denoiser: Any) -> None:
            super().__init__()
            self.weights, self.denoiser = denoiser.weights, denoiser

        def forward(self, *asked: Any) -> Tensor:
            return self.denoiser.epsilon(*asked)

    return Network(denoiser)  # a class that knew the denoiser would keep it when it is dropped


def _mean_square(estimate: Tensor, noise: Tensor) -> Tensor:
    return (noise - estimate).double().square().mean()


def _squares(gradients: Tensor) -> Tensor:
    """Return the sum of squares of each row, float64."""
    return gradients.reshape(len(gradients), -1).double().square().sum(1)
