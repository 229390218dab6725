"""What signals ask of a model family; nothing else in the pipeline knows its architecture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor


class Denoiser(Protocol):
    """A text-conditional latent diffusion model, queried for its noise estimate.

    Attributes:
        alpha_bar: Cumulative products of the training schedule, `(1000,)`, float64, on the device.
        latent_shape: `(channels, height, width)` of one latent.
    """

    alpha_bar: Tensor
    latent_shape: tuple[int, int, int]

    def embed(self, captions: Sequence[str]) -> Tensor:
        """Return text-encoder states, `(captions, tokens, width)`; an empty caption is null."""

    def epsilon(self, z: Tensor, timestep: Tensor, states: Tensor) -> Tensor:
        """Return the noise estimate ε̂(z, t, c), whatever the model predicts.

        Args:
            z: `(rows, channels, height, width)`, float32.
            timestep: `(rows,)`, integers in 0…999.
            states: `(rows, tokens, width)`, from `embed`.

        Returns:
            float32, the shape of `z`. A row depends on no other row beyond rounding.
        """


def to_epsilon(output: Tensor, z: Tensor, alpha_bar: Tensor, prediction_type: str) -> Tensor:
    """Return the noise estimate that a model's output means, in the shape of `z`.

    With z = √ᾱ x0 + √(1−ᾱ) ε: `epsilon` is ε̂ itself, `v_prediction` is v = √ᾱ ε − √(1−ᾱ) x0
    (Salimans & Ho 2022, app. D), `sample` is x̂0.

    Args:
        output, z: `(rows, …)`.
        alpha_bar: ᾱ_t of each row, `(rows,)`.
        prediction_type: As diffusers names it.
    """
    signal = alpha_bar.sqrt().view(-1, *[1] * (z.ndim - 1)).to(z.dtype)
    noise = (1 - alpha_bar).sqrt().view(-1, *[1] * (z.ndim - 1)).to(z.dtype)
    if prediction_type == "epsilon":
        return output
    if prediction_type == "v_prediction":
        return signal * output + noise * z
    if prediction_type == "sample":
        return (z - signal * output) / noise
    raise ValueError(
        f"prediction type {prediction_type!r}: expected epsilon, v_prediction or sample"
    )
