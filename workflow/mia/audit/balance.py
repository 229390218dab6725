"""How alike the two sets are, number by number: differences of means and of distributions."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtr
from scipy.stats import ks_2samp

from mia.stats.holm import holm_adjusted

BALANCED = 0.1  # smallest standardised mean difference of an unbalanced column (Austin 2011)


@dataclass(frozen=True)
class Balance:
    """One column of the two sets.

    Args:
        column: Its name.
        members: Mean over members.
        nonmembers: Mean over nonmembers.
        smd: Standardised mean difference: the difference of the means in units of the root mean of
            the two variances. None where both are constant.
        unbalanced: Whether `smd` is `BALANCED` or more in size.
        chance: Probability of that for two sets that are alike, of this size; None without `smd`.
        ks: Kolmogorov-Smirnov statistic, the largest gap of the two distributions, in [0, 1].
        p: Of `ks`, two-sided and asymptotic, Holm-adjusted over all columns.
    """

    column: str
    members: float
    nonmembers: float
    smd: float | None
    unbalanced: bool
    chance: float | None
    ks: float
    p: float


def balance(columns: pd.DataFrame, member: pd.Series, group: pd.Series) -> list[Balance]:
    """Return the balance of every column, the least balanced first.

    One image of each group and side counts, the first, so that p holds.

    Args:
        columns: Numbers without gaps, one row an image.
        member: Whether each is a member, bool, the same index.
        group: Label of each image's group, the same index.
    """
    single = ~pd.DataFrame({"member": member, "group": group}).duplicated()
    columns, member = columns[single], member[single].to_numpy(dtype=bool)
    found = [_gap(name, columns[name].to_numpy(dtype=float), member) for name in columns]
    if not found:
        return []
    adjusted = holm_adjusted([row.p for row in found])
    rows = [replace(row, p=p) for row, p in zip(found, adjusted, strict=True)]
    return sorted(rows, key=lambda row: (row.p, -row.ks, row.column))


def _gap(name: str, values: np.ndarray, member: np.ndarray) -> Balance:
    """Return the balance of a column, p not adjusted."""
    ours, theirs = values[member], values[~member]
    test = ks_2samp(ours, theirs, method="asymp")
    spread = math.sqrt((ours.var() + theirs.var()) / 2)
    smd = float((ours.mean() - theirs.mean()) / spread) if spread > 0 else None
    unbalanced = smd is not None and abs(smd) >= BALANCED
    chance = None if smd is None else unbalanced_by_chance(len(ours), len(theirs))
    means = float(ours.mean()), float(theirs.mean())
    p = min(1.0, float(test.pvalue))
    return Balance(name, *means, smd, unbalanced, chance, float(test.statistic), p)


def unbalanced_by_chance(members: int, nonmembers: int) -> float:
    """Return how likely a column of two sets that are alike is unbalanced all the same.

    With so many unrelated images the standardised mean difference has a standard error of
    √(1/m + 1/n), and is nearly normal.

    >>> round(unbalanced_by_chance(300, 300), 3), round(unbalanced_by_chance(5000, 5000), 7)
    (0.221, 6e-07)
    """
    error = math.sqrt(1 / members + 1 / nonmembers)
    return float(2 * ndtr(-BALANCED / error))
