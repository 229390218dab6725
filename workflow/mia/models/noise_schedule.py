"""The training schedule of a model, from its scheduler's config."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mia.models.model_json import Config, ModelError, finite
from mia.models.objective import EDM, FLOW

STEPS = 1000
SCHEDULES = ("linear", "scaled_linear", "squaredcos_cap_v2")
PREDICTIONS = ("epsilon", "v_prediction", "sample")
EDM_PREDICTIONS = ("epsilon", "v_prediction")
DISTILLED = ("LCMScheduler", "TCDScheduler", "FlowMatchLCMScheduler", "SCMScheduler")
FLOW_PREDICTION = "flow_prediction"  # as schedulers with betas name flow matching
# Stable Diffusion's schedule: the grid of noise levels of models that were trained on all levels.
GRID = np.linspace(0.00085**0.5, 0.012**0.5, STEPS) ** 2
LAST = 2**-24  # ᾱ at the last step of betas that are rescaled to leave no signal there
LEAST = 1e-10  # least ᾱ at the last step; Stable Diffusion has 0.005, a cosine schedule 1e-8


@dataclass(frozen=True)
class NoiseSchedule:
    """What a scheduler's config says of the training.

    Args:
        alpha_bar: ᾱ_t for t in 0…999, float64; of a model without steps, Stable Diffusion's.
        prediction_type: What the model answers: `epsilon`, `v_prediction`, `sample`, `flow`
            (ε − x0), or `edm_epsilon` and `edm_v_prediction` (Karras et al. 2022). The last is
            what `EulerDiscreteScheduler` with continuous timesteps reads too, with `sigma_data` 1.
        sigma_data: Standard deviation of the latents that an EDM's answers are scaled by.
    """

    alpha_bar: np.ndarray
    prediction_type: str
    sigma_data: float | None = None


def noise_schedule(scheduler: Config) -> NoiseSchedule:
    """Return the schedule and what the model predicts.

    Raises:
        ModelError: The scheduler is of no known kind, or its numbers make no schedule.
    """
    name = scheduler.get("_class_name")
    if name in DISTILLED:
        raise scheduler.wrong("_class_name", "a scheduler of a model that is not distilled")
    kind = scheduler.get("prediction_type")
    if name.startswith("FlowMatch") or (kind == FLOW_PREDICTION and _flow_sigmas(scheduler)):
        _require_flow_of_1000(scheduler)
        return NoiseSchedule(np.cumprod(1 - GRID), FLOW)
    if name.startswith("EDM"):
        if kind not in EDM_PREDICTIONS:
            raise scheduler.wrong("prediction_type", " or ".join(EDM_PREDICTIONS))
        if (sigma_data := scheduler.number("sigma_data")) <= 0:
            raise scheduler.wrong("sigma_data", "a number above 0")
        return NoiseSchedule(np.cumprod(1 - GRID), f"{EDM}_{kind}", sigma_data)
    if _is_continuous(scheduler) and kind == "v_prediction":
        return NoiseSchedule(np.cumprod(1 - GRID), f"{EDM}_{kind}", 1.0)
    if "beta_start" not in scheduler.defaults:
        raise ModelError(
            f"{scheduler.path}: {name} has no betas; expected a class with them, such as "
            "DDIMScheduler, or one of flow matching or EDM"
        )
    found = prediction_type(scheduler)
    return NoiseSchedule(alpha_bar(scheduler), found)


def _flow_sigmas(scheduler: Config) -> bool:
    return bool(scheduler.get("use_flow_sigmas"))


def _is_continuous(scheduler: Config) -> bool:
    """Return whether the scheduler tells the model ln(σ)/4, as one of EDM does."""
    return "timestep_type" in scheduler.defaults and scheduler.get("timestep_type") == "continuous"


def _require_flow_of_1000(scheduler: Config) -> None:
    """Raise ModelError unless a model is told 1,000 times its noise level σ, 1 being noise alone.

    Shifts only choose the levels that a sampler visits; they change no answer.
    """
    if scheduler.whole("num_train_timesteps") != STEPS:
        raise scheduler.wrong("num_train_timesteps", f"{STEPS:,}: times of {STEPS:,} σ")
    if scheduler.get("invert_sigmas"):
        raise scheduler.wrong("invert_sigmas", "false: σ = 1 is noise alone")


def alpha_bar(scheduler: Config) -> np.ndarray:
    """Return ᾱ_t for t in 0…999, float64.

    Raises:
        ModelError: The schedule is not one of 1,000 steps that diffusers knows, or its betas are
            not numbers between 0 and 1, or so large that they leave nothing of the image.
    """
    if scheduler.whole("num_train_timesteps") != STEPS:
        raise scheduler.wrong("num_train_timesteps", f"{STEPS:,} training steps")
    rescaled = _is_rescaled(scheduler)
    betas = _betas(scheduler)
    if not ((betas > 0) & (betas < 1)).all():
        raise ModelError(
            f"{scheduler.path}: betas of {betas.min():g} to {betas.max():g}; "
            "expected numbers above 0 and below 1"
        )
    cumulative = np.cumprod(1 - betas)
    if cumulative[-1] < LEAST:
        raise ModelError(
            f"{scheduler.path}: betas of {betas.min():g} to {betas.max():g} are too large: nothing "
            f"of an image is left at the last step (ᾱ = {cumulative[-1]:.0e}; expected ≥ {LEAST})"
        )
    return without_signal_at_the_end(cumulative) if rescaled else cumulative


def without_signal_at_the_end(cumulative: np.ndarray) -> np.ndarray:
    """Return ᾱ whose square root is moved and stretched so that the last is 0 and the first stays.

    Lin et al. 2023 (arXiv 2305.08891), algorithm 1. The last ᾱ becomes `LAST`, as in diffusers'
    `EulerDiscreteScheduler`, so that x̂0 of a noise estimate exists there too.
    """
    signal = np.sqrt(cumulative)
    moved = (signal - signal[-1]) * signal[0] / (signal[0] - signal[-1])
    return np.append(moved[:-1] ** 2, LAST)


def _is_rescaled(scheduler: Config) -> bool:
    """Return whether the scheduler's class rescales its betas to leave no signal at the end."""
    key = "rescale_betas_zero_snr"
    rescaled = scheduler.get(key) or False
    if not isinstance(rescaled, bool):
        raise scheduler.wrong(key, "true or false")
    if rescaled and key not in scheduler.defaults:
        name = scheduler.get("_class_name")
        raise scheduler.wrong(
            key, f"false: {name} does not read it; EulerDiscreteScheduler and DDIMScheduler do"
        )
    return rescaled


def prediction_type(scheduler: Config) -> str:
    """Return what the U-Net predicts, by diffusers' name; raise ModelError if unknown."""
    kind = scheduler.get("prediction_type") or "epsilon"
    if kind not in PREDICTIONS:
        raise scheduler.wrong("prediction_type", " or ".join(PREDICTIONS))
    return kind


def _betas(scheduler: Config) -> np.ndarray:
    """Return β_t as diffusers makes them, `(1000,)` float64."""
    trained, kind = scheduler.get("trained_betas"), scheduler.get("beta_schedule")
    if trained is not None:
        if not _is_list_of_numbers(trained) or len(trained) != STEPS:
            raise scheduler.wrong("trained_betas", f"a list of {STEPS:,} numbers")
        return np.array(trained, np.float64)
    if kind == "squaredcos_cap_v2":
        levels = [
            math.cos((t / STEPS + 0.008) / 1.008 * math.pi / 2) ** 2 for t in range(STEPS + 1)
        ]
        return np.array([min(1 - levels[t + 1] / levels[t], 0.999) for t in range(STEPS)])
    if kind not in SCHEDULES:
        raise scheduler.wrong("beta_schedule", "linear, scaled_linear or squaredcos_cap_v2")
    start, end = scheduler.number("beta_start"), scheduler.number("beta_end")
    for key, beta in (("beta_start", start), ("beta_end", end)):
        if not 0 < beta < 1:
            raise scheduler.wrong(key, "a number above 0 and below 1")
    if kind == "linear":
        return np.linspace(start, end, STEPS)
    return np.linspace(start**0.5, end**0.5, STEPS) ** 2


def _is_list_of_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(number, int | float) and finite(number) for number in value
    )
