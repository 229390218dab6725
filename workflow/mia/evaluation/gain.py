"""What the model adds: the same attack on it and on models that saw neither side.

Where an attack reads a difference between the two sides, or which images are easy, it reads it on a
comparable model too. What is left of its AUC beyond that is what the model keeps of its training
images, as far as the control is like the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mia.evaluation.scored import CONTROL, columns
from mia.stats.delong import auc_covariance, degrees_of_freedom, independent_pairs
from mia.stats.paired import Adjusted, Difference, holm
from mia.stats.paired import _difference as difference_of


@dataclass(frozen=True)
class Gain:
    """AUC(attack on the model) - mean AUC(attack on the control models), on the same images.

    Args:
        control: The mean AUC on the controls, in [0, 1].
        raw: The gain, its error and its p, two-sided.
        adjusted: The gain among those of the target's other attacks, Holm-adjusted.
    """

    control: float
    raw: Difference
    adjusted: Adjusted


def gains(rows: Mapping[str, pd.DataFrame], confidence: float) -> dict[str, Gain]:
    """Return attack to gain, of those that were tried on control models.

    The variance is DeLong's by group, of all the scores together: the images, and so what makes
    them easy or hard, are the same.

    Args:
        rows: Attack to reported rows, with a column `control_…` for each control model.
        confidence: Of all sides at once, and of each interval.
    """
    found = {
        name: _gain(table, tried)
        for name, table in rows.items()
        if (tried := [column for column in table if column.startswith(CONTROL)])
    }
    adjusted = holm([raw for _, raw in found.values()], confidence)
    return {
        name: Gain(control, raw, corrected)
        for (name, (control, raw)), corrected in zip(found.items(), adjusted, strict=True)
    }


def _gain(table: pd.DataFrame, tried: list[str]) -> tuple[float, Difference]:
    """Return the mean AUC on the controls `tried`, and the gain over it."""
    scores = table[["score", *tried]].to_numpy().T
    member, group, block = columns(table, "member", "group", "block")
    values, covariance = auc_covariance(scores, member, group, block)
    weights = np.array([1.0, *[-1 / len(tried)] * len(tried)])
    difference = difference_of(
        float(weights @ values),
        float(weights @ covariance @ weights),
        independent_pairs(member, group, block),
        degrees_of_freedom(member, group, block),
    )
    return float(values[1:].mean()), difference
