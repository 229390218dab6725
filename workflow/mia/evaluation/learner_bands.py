"""Where numbers of an attack that learnt block by block land without any signal, by simulation.

Its TPR rests on thresholds of nested sets of nonmembers, and its partial AUC is a mean over small
blocks. Neither law has a closed form. Scores without signal have the same law for all images, so
uniform ones stand for them; the generator's seed is fixed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mia.stats import areas
from mia.stats.metrics import FEWEST, allowed_false_positives

Band = tuple[float, float]
CELLS, DRAWS = 4_000_000, 2000  # numbers that are drawn at most, runs that are simulated at most


def tpr_bands(part: pd.DataFrame, limits: Sequence[float], confidence: float) -> list[Band]:
    """Return the band of the TPR at each limit, thresholds from the nonmembers of earlier blocks.

    Args:
        part: Reported rows of an attack that learnt block by block.
        limits: Of the FPR.
        confidence: With which a score without signal lands in a band.
    """
    sizes = _sizes(part)
    nonmembers = sizes["nonmembers"].to_numpy()
    generator = np.random.default_rng(0)
    draws = _draws(nonmembers.sum())
    known = generator.random((draws, nonmembers.sum()))
    hits = np.zeros((len(limits), draws))
    tried = np.zeros(len(limits))
    for place in range(1, len(sizes)):
        before, members = int(nonmembers[:place].sum()), int(sizes["members"].iloc[place])
        for row, limit in enumerate(limits):
            allowed = allowed_false_positives(limit, before)
            if allowed >= FEWEST:
                above = 1 - np.partition(known[:, :before], -allowed, axis=1)[:, -allowed]
                hits[row] += generator.binomial(members, above)
                tried[row] += members
    return [_band(of, n, confidence) for of, n in zip(hits, tried, strict=True)]


def partial_auc_band(part: pd.DataFrame, limit: float, confidence: float) -> Band:
    """Return the band of the mean over blocks of the standardised partial AUC up to `limit`."""
    sizes = _sizes(part)
    generator = np.random.default_rng(0)
    draws = min(400, _draws(int(sizes.to_numpy().sum())))
    found = np.zeros(draws)
    for members, nonmembers in sizes.to_numpy():
        order = np.argsort(generator.random((draws, members + nonmembers)), axis=1)
        tp = np.cumsum(order < members, axis=1)
        fp = np.arange(1, members + nonmembers + 1) - tp
        found += areas.standardised(areas.area(fp, tp, limit), limit) / len(sizes)
    return _band(found, 1, confidence)


def _sizes(part: pd.DataFrame) -> pd.DataFrame:
    """Return how many groups of members and nonmembers each block has."""
    counts = part.groupby(["block", "member"])["group"].nunique().unstack(fill_value=0)
    return pd.DataFrame({"members": counts[True], "nonmembers": counts[False]})


def _draws(numbers: int) -> int:
    return int(np.clip(CELLS // max(numbers, 1), 200, DRAWS))


def _band(values: np.ndarray, n: float, confidence: float) -> Band:
    if not n:
        return 0.0, 1.0
    low, high = np.quantile(values / n, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
