"""What a model is asked in training, and what it should answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Draw = Callable[..., Tensor]  # draws from the training's one generator


def noising(scheduler: Any, device: str) -> Callable[[Tensor, Tensor, Draw], tuple]:
    """Return how clean latents are noised under a scheduler.

    The function takes z0 and noise, `(rows, channels, height, width)`, and `draw`. It returns the
    noised latents, the time that the model is told, `(rows,)`, and what it should answer.
    """
    kind = scheduler.config.prediction_type
    if kind == "flow_prediction":
        return flow
    alpha_bar = scheduler.alphas_cumprod.to(device)

    def steps(z0: Tensor, noise: Tensor, draw: Draw) -> tuple[Tensor, Tensor, Tensor]:
        timestep = draw(torch.randint, 1000, (len(z0),))
        level = alpha_bar[timestep].view(-1, 1, 1, 1)
        noised = level.sqrt() * z0 + (1 - level).sqrt() * noise
        return noised, timestep, wanted(kind, z0, noise, level)

    return steps


def flow(z0: Tensor, noise: Tensor, draw: Draw) -> tuple[Tensor, Tensor, Tensor]:
    """Return (1−σ) z0 + σ ε, 1000 σ and ε − z0, with σ uniform in [0, 1) (Liu et al. 2022)."""
    sigma = draw(torch.rand, len(z0))
    share = sigma.view(-1, 1, 1, 1)
    return (1 - share) * z0 + share * noise, 1000 * sigma, noise - z0


def wanted(kind: str, z0: Tensor, noise: Tensor, level: Tensor) -> Tensor:
    """Return what a U-Net of type `kind` should answer to √ᾱ z0 + √(1−ᾱ) ε, with `level` ᾱ.

    `v_prediction` is √ᾱ ε − √(1−ᾱ) z0 (Salimans & Ho 2022, app. D).
    """
    if kind == "v_prediction":
        return level.sqrt() * noise - (1 - level).sqrt() * z0
    return {"epsilon": noise, "sample": z0}[kind]
