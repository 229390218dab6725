"""Flow matching on the grid of Stable Diffusion's noise levels, straight from its formula."""

from __future__ import annotations

import math

from mia.models.noise_schedule import GRID


def as_flow(z, t):
    """Return (1−σ) x0 + σ ε of z = √ᾱ x0 + √(1−ᾱ) ε, and σ, at a timestep of the grid."""
    alpha_bar = float((1 - GRID)[: t + 1].prod())
    signal, noise = math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar)
    return z / (signal + noise), noise / (signal + noise)


def noise_of(velocity, x, sigma):
    """Return ε̂ = x + (1−σ) v̂, as x = (1−σ) x0 + σ ε and v = ε − x0."""
    return x + (1 - sigma) * velocity
