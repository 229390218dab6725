"""What a model was trained to answer, read as a noise estimate in one set of coordinates.

All signals work with z = √ᾱ x0 + √(1−ᾱ) ε. Here each kind of model is handed that latent as it was
trained, and its answer is read as ε̂.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import Tensor

FLOW, EDM = "flow", "edm"


class Objective(Protocol):
    """How latents are handed to a model and its answers read."""

    def asked(self, z: Tensor, timestep: Tensor) -> tuple[Tensor, Tensor]:
        """Return the latent and the time that the model is given, for z at `timestep`."""

    def epsilon(self, output: Tensor, z: Tensor, timestep: Tensor) -> Tensor:
        """Return ε̂ of the model's answer to `asked(z, timestep)`, in the shape of `z`."""


def objective(model: Mapping[str, Any], alpha_bar: Tensor) -> Objective:
    """Return the objective of a model, by its model.json.

    Args:
        model: With `prediction_type`; for an EDM with `sigma_data`.
        alpha_bar: ᾱ_t, `(1000,)`, float64.
    """
    kind = model["prediction_type"]
    if kind == FLOW:
        return Flow(alpha_bar)
    if kind.startswith(EDM):
        return Edm(alpha_bar, model["sigma_data"], kind.removeprefix(f"{EDM}_"))
    return Discrete(alpha_bar, kind)


@dataclass(frozen=True)
class Discrete:
    """A schedule of 1,000 steps: the model is given z and t as they are."""

    alpha_bar: Tensor
    prediction_type: str

    def asked(self, z: Tensor, timestep: Tensor) -> tuple[Tensor, Tensor]:
        """Return both as they are."""
        return z, timestep

    def epsilon(self, output: Tensor, z: Tensor, timestep: Tensor) -> Tensor:
        """Return what `to_epsilon` reads."""
        return to_epsilon(output, z, self.alpha_bar[timestep], self.prediction_type)


@dataclass(frozen=True)
class Flow:
    """Flow matching on a grid of ᾱ: z_σ = (1−σ) x0 + σ ε, and the answer is v = ε − x0.

    σ = √(1−ᾱ) / (√ᾱ + √(1−ᾱ)) has the same ratio of noise to image. Then z_σ = z (1−σ) / √ᾱ, and
    ε̂ = z_σ + (1−σ) v̂ exactly. The time is 1000 σ, as `FlowMatchEulerDiscreteScheduler` has it.
    """

    alpha_bar: Tensor

    def sigma(self, timestep: Tensor) -> Tensor:
        """Return σ of each timestep, float64 in (0, 1)."""
        signal, noise = self.alpha_bar[timestep].sqrt(), (1 - self.alpha_bar[timestep]).sqrt()
        return noise / (signal + noise)

    def asked(self, z: Tensor, timestep: Tensor) -> tuple[Tensor, Tensor]:
        """Return z_σ and 1000 σ, float32."""
        sigma, signal = self.sigma(timestep), self.alpha_bar[timestep].sqrt()
        return _times((1 - sigma) / signal, z), (1000 * sigma).float()

    def epsilon(self, output: Tensor, z: Tensor, timestep: Tensor) -> Tensor:
        """Return z_σ + (1−σ) v̂."""
        scaled, _ = self.asked(z, timestep)
        return scaled + _times(1 - self.sigma(timestep), output)


@dataclass(frozen=True)
class Edm:
    """Karras et al. 2022 (arXiv 2206.00364, eq. 7): x̂0 = c_skip y + c_out F(c_in y, c_noise).

    y = x0 + σ ε = z / √ᾱ with σ = √((1−ᾱ)/ᾱ), c_in = 1/√(σ² + s²), c_noise = ln(σ)/4 and
    c_skip = s²/(σ² + s²). c_out is σ s/√(σ² + s²) for `epsilon`, and minus that for
    `v_prediction`, as `EDMEulerScheduler` has it.
    """

    alpha_bar: Tensor
    sigma_data: float
    prediction_type: str

    def sigma(self, timestep: Tensor) -> Tensor:
        """Return σ of each timestep, float64."""
        return ((1 - self.alpha_bar[timestep]) / self.alpha_bar[timestep]).sqrt()

    def asked(self, z: Tensor, timestep: Tensor) -> tuple[Tensor, Tensor]:
        """Return c_in y and c_noise, float32."""
        sigma, signal = self.sigma(timestep), self.alpha_bar[timestep].sqrt()
        shrunk = 1 / (sigma**2 + self.sigma_data**2).sqrt()
        return _times(shrunk / signal, z), (sigma.log() / 4).float()

    def epsilon(self, output: Tensor, z: Tensor, timestep: Tensor) -> Tensor:
        """Return (y − x̂0) / σ."""
        sigma, signal = self.sigma(timestep), self.alpha_bar[timestep].sqrt()
        total = sigma**2 + self.sigma_data**2
        sign = -1 if self.prediction_type == "v_prediction" else 1
        kept, answered = sigma / total, sign * self.sigma_data / total.sqrt()
        return _times(kept / signal, z) - _times(answered, output)


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


def _times(factor: Tensor, values: Tensor) -> Tensor:
    """Return each row times its factor, a float64 of `(rows,)`."""
    return factor.view(-1, *[1] * (values.ndim - 1)).to(values.dtype) * values
