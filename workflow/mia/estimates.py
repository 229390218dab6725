"""Do a model's noise estimates beat no estimate at all? If not, its scores mean nothing.

Predicting zero leaves the noise as it is: a loss of mean ε², about 1. A model that is asked as it
was trained lies far below where noise prevails, after a few steps of training already. One whose
scheduler names the wrong prediction type, whose latents are far too large, or whose weights are
broken lies above. With little noise, sound models too come near 1, or above it on images of another
kind, so such timesteps are not judged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mia import checks

NOISY = 0.5  # ᾱ up to which a timestep is judged: at least as much noise as image
ERRORS = 4  # standard errors by which a loss has to lie below that of zero
CLEAR = 0.5  # of the loss of the best multiple of z_t, below which another reading is named
SCALE = (0.2, 5.0)  # mean square of latents that needs no remark
CONDITIONS = ("caption", "null")
CAUSES = (
    "Usual causes: prediction_type in the scheduler's config, the VAE's scaling_factor, the "
    "schedule, missing or broken weights"
)


def compare(rows: pd.DataFrame, model: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Compare the losses of one query of `denoise` with those of predicting zero.

    Args:
        rows: Its table: columns timestep, condition and the signal's measures, a row an image.
        model: Contents of model.json: alpha_bar, prediction_type.

    Returns:
        One entry per condition: timestep, condition, images, loss, zero, latents (mean square of
        the latents), other (a prediction type under which the same answers have a small loss, or
        None), other_loss, and `gain`: the lower end of what the estimates gain over zero. None at
        timesteps with little noise, under other captions (`alt-x`) and for a single image.
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
    """Return `judged`, whether anything could be compared, and `worse`, the entries without a gain.

    Args:
        compared: What `compare` returns, of all queries.
    """
    worse = [entry for entry in compared if checks.estimates_worse_than_zero(entry["gain"])]
    return {"judged": bool(compared), "worse": worse}


def sentences(model: str, found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what `judge` found of `model` on its image sets: nothing where it is sound."""
    worse = [entry for one in found for entry in one["worse"]]
    if not worse:
        judged = any(one["judged"] for one in found)
        return [] if judged else [UNJUDGED.format(model=model)]
    worst = max(worse, key=lambda entry: entry["loss"] / entry["zero"])
    told = (
        f"{model} removes no noise: at t = {worst['timestep']} ({worst['condition']}) its loss is "
        f"{worst['loss']:.3g}, where no estimate at all has {worst['zero']:.3g}. Its scores mean "
        f"nothing. {CAUSES}."
    )
    for entry in [entry for entry in worse if entry["other"]][:1]:
        told += (
            f" Read as {entry['other']}, its answers have a loss of {entry['other_loss']:.2g} at "
            f"t = {entry['timestep']}: the prediction_type, most likely."
        )
    if not SCALE[0] < worst["latents"] < SCALE[1]:
        told += f" The latents have a mean square of {worst['latents']:.3g}, usual is about 1."
    return [told]


UNJUDGED = (
    "Whether {model} removes any noise was not checked: no `denoise` query has a timestep at which "
    "at least half is noise (ᾱ of 0.5 or less). A row `loss: {{timesteps: [900]}}` would."
)


def _entry(
    rows: pd.DataFrame, condition: str, alpha_bar: float, prediction_type: str
) -> dict[str, Any]:
    loss, zero = rows[f"loss_{condition}"], rows["dot_eps_eps"]
    gain = zero - loss
    other, other_loss = _read_otherwise(rows, condition, alpha_bar, prediction_type)
    return {
        "condition": condition,
        "images": len(rows),
        "loss": float(loss.mean()),
        "zero": float(zero.mean()),
        "latents": float(rows["dot_x0_x0"].mean()),
        "other": other,
        "other_loss": other_loss,
        "gain": float(gain.mean() - ERRORS * gain.std(ddof=1) / math.sqrt(len(gain))),
    }


def _read_otherwise(
    rows: pd.DataFrame, condition: str, alpha_bar: float, prediction_type: str
) -> tuple[str | None, float | None]:
    """The other of epsilon and v, and the loss that the same answers have when read as such.

    Read otherwise, an estimate ε̂ is p ε̂ + q z_t, and its loss is algebra on inner products. A
    multiple of z_t, which needs no model, is a fair estimate already; nothing is named that does
    not do much better.
    """
    of_image, of_noise = math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar)
    if prediction_type == "epsilon":
        other, p, q = "v_prediction", of_image, of_noise
    elif prediction_type == "v_prediction":
        other, p, q = "epsilon", 1 / of_image, -of_noise / of_image
    else:
        return None, None
    image, noise, both = (rows[f"dot_{pair}"].mean() for pair in ("x0_x0", "eps_eps", "x0_eps"))
    answer, with_image, with_noise = (
        rows[f"dot_{pair}"].mean()
        for pair in (f"{condition}_{condition}", f"x0_{condition}", f"eps_{condition}")
    )
    # z_t with itself, with the noise, with the answer
    own = alpha_bar * image + (1 - alpha_bar) * noise + 2 * of_image * of_noise * both
    z_noise = of_image * both + of_noise * noise
    z_answer = of_image * with_image + of_noise * with_noise
    loss = noise - 2 * p * with_noise - 2 * q * z_noise
    loss += p * p * answer + 2 * p * q * z_answer + q * q * own
    clear = loss < CLEAR * (noise - z_noise**2 / own)
    return (other, float(loss)) if clear else (None, None)
