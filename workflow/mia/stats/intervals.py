"""How far a number may be off: intervals of AUC, of TPR at a limit and of plain rates.

Scores and `member` are those of `mia.stats.metrics`. `group` labels images that belong together,
`(images,)`: resampling draws whole groups, and a class is only as large as its count of groups.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import bdtr

from mia.stats import metrics, resampling
from mia.stats.auc_intervals import Interval as Interval
from mia.stats.auc_intervals import auc_interval as auc_interval
from mia.stats.partial_auc_intervals import partial_auc_interval as partial_auc_interval
from mia.stats.rates import rate_interval

LONGEST = 200  # a binomial of mean below ten stays below this count in practice


def tpr_interval(
    scores: np.ndarray,
    member: np.ndarray,
    limits: Sequence[float],
    confidence: float,
    group: np.ndarray | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> list[tuple[float, float]]:
    """Return the interval of `metrics.tpr_at_fpr` at each limit, by one bootstrap.

    Members and nonmembers are both resampled, by group, since the threshold is estimated too. The
    interval is widened in two cases:

    - A bootstrap learns nothing from a rate of 0 or 1, or where its percentiles agree. The interval
      then holds Clopper-Pearson's over the members' groups too.
    - A bootstrap learns too little of a threshold that fewer than ten nonmembers decide: it covers
      89 % at three of 300, where it claims 95 %. The interval then holds the TPR at every threshold
      between the binomial quantiles of how many nonmembers may lie above the true threshold. Where
      none lies above it with a chance over 1 - `confidence`, even the strictest threshold can be
      too low. Clopper-Pearson's lower end then takes the place of its TPR.
    """
    found: list[list[np.ndarray]] = [[] for _ in limits]
    shared = resampling.shared(scores, member)
    for fp, tp in resampling.curves(scores, member, group, resamples, seed):
        for limit, rates in zip(limits, found, strict=True):
            rates.append(resampling.tpr_at_fpr(fp, tp, limit, shared))
    members, nonmembers = metrics.groups_of(member, group)
    intervals = []
    for limit, rates in zip(limits, found, strict=True):
        tpr = metrics.tpr_at_fpr(scores, member, limit).tpr
        low, high = _never_certain(tpr, np.concatenate(rates), members, confidence)
        if metrics.allowed_false_positives(limit, nonmembers) < metrics.FEW:
            above = _quantiles_above(limit, nonmembers, confidence)
            least, most = (
                metrics.published_tpr_at_fpr(scores, member, k / nonmembers).tpr for k in above
            )
            if bdtr(0, nonmembers, limit) > 1 - confidence:
                least = rate_interval(least * members, members, confidence)[0]
            low, high = min(low, least), max(high, most)
        intervals.append((min(low, tpr), max(high, tpr)))
    return intervals


def detectable_auc(members: int, nonmembers: int, confidence: float, power: float = 0.8) -> float:
    """Return the smallest AUC above 0.5 that a two-sided test at this size finds with `power`.

    It follows from the variance of the rank sum statistic without any difference,
    (m + n + 1) / (12 m n). Its mirror image below 0.5 is as detectable.

    >>> round(detectable_auc(2500, 2500, 0.95), 3)
    0.523
    """
    deviation = math.sqrt((members + nonmembers + 1) / (12 * members * nonmembers))
    return min(
        1.0, 0.5 + (metrics.two_sided(confidence) + metrics.NORMAL.inv_cdf(power)) * deviation
    )


def _never_certain(
    rate: float, resampled: np.ndarray, groups: int, confidence: float
) -> tuple[float, float]:
    low, high = _percentiles(resampled, confidence)
    if 0 < rate < 1 and low < high:
        return low, high
    exact = rate_interval(rate * groups, groups, confidence)
    return min(low, exact[0]), max(high, exact[1])


def _quantiles_above(limit: float, nonmembers: int, confidence: float) -> np.ndarray:
    """Return two-sided quantiles of how many `nonmembers` lie above the threshold of `limit`."""
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    law = bdtr(np.arange(min(nonmembers, LONGEST) + 1), nonmembers, limit)
    return np.minimum(np.searchsorted(law, tails), nonmembers)


def _percentiles(values: np.ndarray, confidence: float) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
