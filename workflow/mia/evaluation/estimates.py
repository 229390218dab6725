"""Do a model's noise estimates beat zero, and do they fit the declared prediction type?

Predicting zero leaves the noise as it is: its loss is mean ε², about 1. Where noise prevails, a
model that is asked as it was trained has a far smaller loss, after a few steps of training already.
A model has a larger loss if its scheduler names the wrong prediction type, its latents are far too
large, or its weights are broken. A model that predicts ε and is declared to predict v has a smaller
loss too, but its answers have a much smaller one when they are read as ε. With little noise, sound
models too come near 1, or above it on images of another kind, so such timesteps are not judged.

An answer of zeros from a model of flow matching is no estimate of zero: it means ε̂ = z_σ, which has
a small loss wherever noise prevails. So such a model is compared with its own answer of zeros.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mia.evaluation import flags

NOISY = 0.5  # ᾱ up to which a timestep is judged: at least as much noise as image
ERRORS = 4  # standard errors by which a loss has to lie below that of zero
CLEAR = 0.75  # share of the declared loss and of that of c z_t; another reading fits below it
SCALE = (0.2, 5.0)  # mean square of latents that needs no remark
CONDITIONS = ("caption", "null")
FLOW = "flow"  # as `mia.models.objective` names flow matching
FLAGS = {"estimates_worse_than_zero": "worse", "fits_another_prediction_type": "other"}
CAUSES = (
    "Usual causes: prediction_type in the scheduler's config, the VAE's scaling_factor, the "
    "schedule, missing or broken weights"
)


def compare(rows: pd.DataFrame, model: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return how losses of one query of `denoise` compare with those of predicting zero.

    Args:
        rows: Its table: columns timestep, condition and the signal's measures, a row an image.
        model: Contents of model.json: alpha_bar, prediction_type.

    Returns:
        One entry per condition: timestep, condition, images, loss, zero, latents (mean square of
        the latents), `gain` (the lower end of what the estimates gain over zeros), other (how else
        the answers may be read: the other of epsilon and v_prediction; None for epsilon with a
        gain), other_loss (read so) and other_gain (the lower end of what that reading gains over
        `CLEAR`). There is no entry at timesteps with little noise, under other captions
        (`alt-x`) and for a single image.
    """
    found = []
    own = rows[rows["condition"].isin([*CONDITIONS, "both"])]
    for timestep, of_timestep in own.groupby("timestep"):
        alpha_bar = model["alpha_bar"][int(timestep)]
        for condition in CONDITIONS:
            asked = of_timestep[of_timestep[f"loss_{condition}"].notna()]
            if alpha_bar <= NOISY and len(asked) > 1:
                entry = _entry(asked, condition, alpha_bar, model["prediction_type"])
                found.append({"timestep": int(timestep), **entry})
    return found


def judge(compared: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the entries of `compare`, from all queries on an image set, say together.

    Returns:
        judged (whether anything could be compared), `worse` (the entries without a gain), `other`
        (those that fit another prediction type clearly better), and latents (the mean square of the
        latents; None where nothing could be compared).
    """
    other = [entry for entry in compared if entry["other"]]
    return {
        "judged": bool(compared),
        "worse": [entry for entry in compared if flags.estimates_worse_than_zero(entry["gain"])],
        "other": [
            entry for entry in other if flags.fits_another_prediction_type(entry["other_gain"])
        ],
        "latents": max((entry["latents"] for entry in compared), default=None),
    }


def sentences(model: str, found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what `judge` found of `model` on its image sets, in words; [] where it is sound."""
    if not any(one["judged"] for one in found):
        return [UNJUDGED.format(model=model)]
    worse = [entry for one in found for entry in one["worse"]]
    other = [entry for one in found for entry in one["other"]]
    sizes = [one["latents"] for one in found if one["judged"]]
    sizes = [size for size in sizes if not SCALE[0] < size < SCALE[1]]
    told = []
    if worse:
        worst = max(worse, key=lambda entry: entry["loss"] / entry["zero"])
        told.append(
            f"{model} removes no noise: at t = {worst['timestep']} ({worst['condition']}) its loss "
            f"is {worst['loss']:.3g}, where no estimate at all has {worst['zero']:.3g}. Its scores "
            f"mean nothing. {CAUSES}."
        )
    if other:
        best = min(other, key=lambda entry: entry["other_loss"] / entry["loss"])
        told.append(
            f"The answers of {model} fit {best['other']} better than the prediction_type that its "
            f"scheduler declares: at t = {best['timestep']} ({best['condition']}) their loss is "
            f"{best['other_loss']:.2g} read so, and {best['loss']:.2g} as declared. Its scores "
            "mean nothing until prediction_type is mended."
        )
    if sizes:
        size = max(sizes, key=lambda size: max(size, 1 / max(size, 1e-30)))
        told.append(OFF_SCALE.format(model=model, size=size))
    return told


OFF_SCALE = (
    "The latents of {model} have a mean square of {size:.2g}, usual is about 1. Usual causes: the "
    "VAE's scaling_factor, the VAE of another model, images of hardly any content. A model that "
    "was trained on latents of another size is measured beside what it has learnt."
)
UNJUDGED = (
    "Whether {model} removes any noise was not checked: no `denoise` query has a timestep at which "
    "at least half is noise (ᾱ of 0.5 or less). A row `loss: {{timesteps: [900]}}` would."
)


def _entry(
    rows: pd.DataFrame, condition: str, alpha_bar: float, prediction_type: str
) -> dict[str, Any]:
    loss, zero = rows[f"loss_{condition}"], _loss_of_zeros(rows, alpha_bar, prediction_type)
    other, other_loss, multiple = _read_otherwise(rows, condition, alpha_bar, prediction_type)
    bar = CLEAR * (loss if loss.mean() < multiple.mean() else multiple)
    gain = _lower_end(zero - loss)
    if prediction_type == "epsilon" and gain > 0:
        other = None  # a hardly trained ε̂ is too short, as if it were v; a true v is above zero
    return {
        "condition": condition,
        "images": len(rows),
        "loss": float(loss.mean()),
        "zero": float(zero.mean()),
        "latents": float(rows["dot_x0_x0"].mean()),
        "gain": gain,
        "other": other,
        "other_loss": float(other_loss.mean()) if other else None,
        "other_gain": _lower_end(bar - other_loss) if other else None,
    }


def _loss_of_zeros(rows: pd.DataFrame, alpha_bar: float, prediction_type: str) -> pd.Series:
    """Return the losses of ε̂ = 0; of flow matching those of v̂ = 0, which is ε̂ = z_σ.

    z_σ = (1−σ) x0 + σ ε, with the σ of ᾱ (`mia.models.objective`).
    """
    image, noise, both = (rows[f"dot_{pair}"] for pair in ("x0_x0", "eps_eps", "x0_eps"))
    if prediction_type != FLOW:
        return noise
    of_image, of_noise = math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar)
    share = of_image / (of_image + of_noise)  # 1 − σ
    return share**2 * (noise + image - 2 * both)


def _lower_end(gain: pd.Series) -> float:
    return float(gain.mean() - ERRORS * gain.std(ddof=1) / math.sqrt(len(gain)))


def _read_otherwise(
    rows: pd.DataFrame, condition: str, alpha_bar: float, prediction_type: str
) -> tuple[str | None, pd.Series, pd.Series]:
    """Return the other of epsilon and v, the losses of the answers read so, and those of c z_t.

    Read otherwise, an estimate ε̂ is p ε̂ + q z_t, and its loss is algebra on inner products. The
    best multiple c of z_t needs no model and is a fair estimate already: a reading that does not
    do much better fits by accident.
    """
    of_image, of_noise = math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar)
    readings = {
        "epsilon": ("v_prediction", of_image, of_noise),
        "v_prediction": ("epsilon", 1 / of_image, -of_noise / of_image),
    }
    other, p, q = readings.get(prediction_type, (None, 1, 0))
    image, noise, both = (rows[f"dot_{pair}"] for pair in ("x0_x0", "eps_eps", "x0_eps"))
    answer, with_image, with_noise = (
        rows[f"dot_{pair}"]
        for pair in (f"{condition}_{condition}", f"x0_{condition}", f"eps_{condition}")
    )
    # z_t with itself, with the noise, with the answer
    own = alpha_bar * image + (1 - alpha_bar) * noise + 2 * of_image * of_noise * both
    z_noise = of_image * both + of_noise * noise
    z_answer = of_image * with_image + of_noise * with_noise
    loss = noise - 2 * p * with_noise - 2 * q * z_noise
    loss += p * p * answer + 2 * p * q * z_answer + q * q * own
    c = z_noise.mean() / own.mean()
    return other, loss, noise - 2 * c * z_noise + c * c * own
