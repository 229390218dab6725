"""How far one guided DDIM step misses the clean latent: algebra on a row of `denoise`.

z_next − z0 = (a √ᾱ_t − 1) z0 + a √(1−ᾱ_t) ε + b g ε̂_caption + b (1−g) ε̂_null, with
a = √ᾱ_s / √ᾱ_t and b = √(1−ᾱ_s) − a √(1−ᾱ_t) for a step t → s. So its mean square is a quadratic
form in the row's inner products, at any guidance g and any step, without another eval.
"""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

VECTORS = ("x0", "eps", "caption", "null")


def latent_error(
    table: pd.DataFrame, alpha_bar: np.ndarray, stride: int, guidance: float
) -> pd.Series:
    """Return mean (z_next − z0)² of each row, for the step t → max(t − stride, 0).

    Args:
        table: Rows of `denoise` under `both` (under `caption` where `guidance` is 1).
        alpha_bar: ᾱ_t, `(1000,)`.
        stride: Timesteps of the step.
        guidance: g; 1 is the caption alone.
    """
    t = table["timestep"].to_numpy()
    now, lower = alpha_bar[t], alpha_bar[np.maximum(t - stride, 0)]
    a = np.sqrt(lower / now)
    b = np.sqrt(1 - lower) - a * np.sqrt(1 - now)
    weights = {
        "x0": a * np.sqrt(now) - 1,
        "eps": a * np.sqrt(1 - now),
        "caption": b * guidance,
        "null": b * (1 - guidance),
    }
    error = 0.0
    for one, other in combinations_with_replacement(VECTORS, 2):
        if guidance == 1 and "null" in (one, other):
            continue
        twice = 1 if one == other else 2
        error = error + twice * weights[one] * weights[other] * table[f"dot_{one}_{other}"]
    return error
