"""Deterministic DDIM moves (Song et al. 2021, arXiv 2010.02502, eq. 12 with σ = 0)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def noised(z0: Tensor, noise: Tensor, alpha_bar: Tensor) -> Tensor:
    """Return √ᾱ z0 + √(1−ᾱ) noise, worked out in float64.

    Args:
        z0, noise: `(rows, channels, height, width)`.
        alpha_bar: `(rows,)` or a scalar, float64.
    """
    alpha_bar = alpha_bar.view(-1, 1, 1, 1)
    return (alpha_bar.sqrt() * z0 + (1 - alpha_bar).sqrt() * noise).to(z0.dtype)


def clean_estimate(z: Tensor, epsilon: Tensor, alpha_bar: Tensor) -> Tensor:
    """Return x̂0 = (z − √(1−ᾱ) ε̂) / √ᾱ; `alpha_bar` is a float64 scalar or `(rows,)`."""
    alpha_bar = alpha_bar.view(-1, *[1] * (z.ndim - 1))
    return ((z - (1 - alpha_bar).sqrt() * epsilon) / alpha_bar.sqrt()).to(z.dtype)


def move(z: Tensor, epsilon: Tensor, alpha_from: Tensor, alpha_to: Tensor) -> Tensor:
    """Return φ: the latent at ᾱ `alpha_to`, from one at `alpha_from` and its noise estimate."""
    alpha_to = alpha_to.view(-1, *[1] * (z.ndim - 1))
    clean = clean_estimate(z.double(), epsilon.double(), alpha_from)
    return (alpha_to.sqrt() * clean + (1 - alpha_to).sqrt() * epsilon).to(z.dtype)


def move_factor(alpha_from: Tensor, alpha_to: Tensor) -> Tensor:
    """Return what a move changes per unit of ε̂: √(1−ᾱ_to) − √ᾱ_to √(1−ᾱ_from) / √ᾱ_from.

    Going t → t+k by ε̂(z_t) and back by ε̂(z_{t+k}) misses the start by this factor (with `from`
    t+k and `to` t) times the difference of the two estimates: SecMI's t-error in closed form.
    """
    return (1 - alpha_to).sqrt() - (alpha_to * (1 - alpha_from) / alpha_from).sqrt()
