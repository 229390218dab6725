"""`space`: in which quantity the error of a noise estimate is weighed.

One estimate ε̂ at √ᾱ x0 + √(1−ᾱ) ε is at once an estimate of the image and of the velocity of flow
matching, v = ε − x0. At one timestep the three errors are multiples of each other, so they rank
images alike. They differ in how much each timestep counts in a mean:

- `epsilon`: ‖ε̂ − ε‖², what the papers average;
- `sample`: ‖x̂0 − x0‖² = (1−ᾱ)/ᾱ · ‖ε̂ − ε‖², so that late timesteps count most;
- `velocity`: ‖v̂ − v‖² = ‖ε̂ − ε‖² / (1−σ)² with 1 − σ = √ᾱ / (√ᾱ + √(1−ᾱ)), the loss that models
  of flow matching are trained on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

EPSILON, SAMPLE, VELOCITY = SPACES = ("epsilon", "sample", "velocity")


def weights(alpha_bar: np.ndarray, space: str) -> np.ndarray:
    """Return what a squared error of ε̂ is multiplied with, of the shape of `alpha_bar`.

    Args:
        alpha_bar: ᾱ, in (0, 1].
        space: One of `SPACES`.

    >>> alpha_bar = np.array([0.8, 0.5, 0.2])
    >>> weights(alpha_bar, "epsilon").tolist()
    [1.0, 1.0, 1.0]
    >>> weights(alpha_bar, "sample").round(9).tolist()
    [0.25, 1.0, 4.0]
    >>> weights(alpha_bar, "velocity").round(9).tolist()
    [2.25, 4.0, 9.0]
    """
    if space == EPSILON:
        return np.ones_like(alpha_bar)
    noise_by_image = np.sqrt((1 - alpha_bar) / alpha_bar)
    return noise_by_image**2 if space == SAMPLE else (1 + noise_by_image) ** 2


def in_space(
    errors: pd.Series, timesteps: pd.Series, alpha_bar: np.ndarray | None, space: str
) -> pd.Series:
    """Return squared errors of ε̂ as those of another quantity.

    Args:
        errors: Mean squares per element, or differences of such.
        timesteps: Of each, 0…999.
        alpha_bar: ᾱ_t, `(1000,)`; None will do for `epsilon`.
        space: One of `SPACES`.

    >>> import pandas as pd
    >>> alpha_bar = np.array([0.8, 0.2])
    >>> in_space(pd.Series([3.0, 1.0]), pd.Series([0, 1]), alpha_bar, "sample").round(9).tolist()
    [0.75, 4.0]
    """
    if space == EPSILON:
        return errors
    assert alpha_bar is not None, "a model was asked, so its schedule is known"
    return errors * weights(alpha_bar[timesteps.to_numpy()], space)
