"""How alike the two sets are, number by number: differences of means and of distributions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp

from mia.stats.holm import holm_adjusted


@dataclass(frozen=True)
class Balance:
    """One column of the two sets.

    Args:
        column: Its name.
        members: Mean over members.
        nonmembers: Mean over nonmembers.
        smd: Standardised mean difference: the difference of the means in units of the root mean of
            the two variances; below 0.1 in size counts as balanced (Austin 2011). None where both
            are constant.
        ks: Kolmogorov-Smirnov statistic, the largest gap of the two distributions, in [0, 1].
        p: Of `ks`, two-sided and asymptotic, Holm-adjusted over all columns.
    """

    column: str
    members: float
    nonmembers: float
    smd: float | None
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
    found = [_gap(columns[name].to_numpy(dtype=float), member) for name in columns]
    if not found:
        return []
    adjusted = holm_adjusted([gap[-1] for gap in found])
    rows = [
        Balance(name, *gap[:-1], p=p) for name, gap, p in zip(columns, found, adjusted, strict=True)
    ]
    return sorted(rows, key=lambda row: (row.p, -row.ks, row.column))


def _gap(values: np.ndarray, member: np.ndarray) -> tuple[float, float, float | None, float, float]:
    ours, theirs = values[member], values[~member]
    test = ks_2samp(ours, theirs, method="asymp")
    spread = math.sqrt((ours.var() + theirs.var()) / 2)
    smd = float((ours.mean() - theirs.mean()) / spread) if spread > 0 else None
    means = float(ours.mean()), float(theirs.mean())
    return *means, smd, float(test.statistic), min(1.0, float(test.pvalue))
