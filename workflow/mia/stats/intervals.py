"""How far a number may be off: intervals of AUC, of TPR at a limit and of plain rates.

Scores and `member` are those of `mia.stats.metrics`. `group` labels images that belong together,
`(images,)`: resampling draws whole groups, and a class is only as large as its count of groups.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr, betaincinv

from mia.stats import areas, metrics, resampling

LONGEST = 200  # a binomial of mean below ten stays below this count in practice


@dataclass(frozen=True)
class Interval:
    """A number, its two-sided interval, and the method that gave the interval."""

    value: float
    low: float
    high: float
    method: str


def auc_interval(
    scores: np.ndarray,
    member: np.ndarray,
    confidence: float,
    group: np.ndarray | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Return the AUC with its two-sided interval.

    Where every group is one image, the interval is normal with DeLong's variance, clipped to
    [0, 1]. Otherwise it spans percentiles of a bootstrap by group. Where all member-nonmember pairs
    come out alike (perfect, reversed or constant scores), both methods would claim certainty.
    There, Clopper-Pearson over independent pairs bounds the share of pairs that come out otherwise.
    With fewer than two groups in a class nothing is known, and the interval is [0, 1].

    Raises:
        ValueError: One of the classes is empty.
    """
    values, covariance = metrics.auc_covariance(np.asarray(scores)[None], member)
    value, variance = float(values[0]), float(covariance[0, 0])
    pairs = metrics.independent_pairs(member, group)
    if pairs < 2:
        return Interval(value, 0.0, 1.0, "none: fewer than two groups in a class")
    if variance < 1e-14:
        others = rate_interval(0, pairs, confidence)[1]
        low, high = value - others * value, value + others * (1 - value)
        return Interval(value, low, high, "Clopper-Pearson: all pairs alike")
    if group is None or len(np.unique(group)) == len(group):
        half = metrics.two_sided(confidence) * math.sqrt(variance)
        return Interval(value, max(0.0, value - half), min(1.0, value + half), "DeLong")
    found = [
        areas.area(fp, tp) for fp, tp in resampling.curves(scores, member, group, resamples, seed)
    ]
    return Interval(value, *_percentiles(np.concatenate(found), confidence), "bootstrap by group")


def partial_auc_interval(
    scores: np.ndarray,
    member: np.ndarray,
    limit: float,
    confidence: float,
    group: np.ndarray | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Return `areas.partial_auc` up to an FPR of `limit` with its interval.

    The interval spans percentiles of a bootstrap by group of both classes. Where they agree, it is
    Clopper-Pearson's over independent pairs, as in `auc_interval`.
    """
    value = areas.partial_auc(scores, member, limit)
    pairs = metrics.independent_pairs(member, group)
    if pairs < 2:
        return Interval(value, 0.0, 1.0, "none: fewer than two groups in a class")
    found = np.concatenate(
        [
            areas.standardised(areas.area(fp, tp, limit), limit)
            for fp, tp in resampling.curves(scores, member, group, resamples, seed)
        ]
    )
    low, high = _percentiles(found, confidence)
    if high - low < 1e-14:
        others = rate_interval(0, pairs, confidence)[1]
        low, high = value - others * value, value + others * (1 - value)
        return Interval(value, low, high, "Clopper-Pearson: all pairs alike")
    return Interval(value, low, high, "bootstrap by group")


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
    for fp, tp in resampling.curves(scores, member, group, resamples, seed):
        for limit, rates in zip(limits, found, strict=True):
            rates.append(resampling.tpr_at_fpr(fp, tp, limit))
    members, nonmembers = metrics.groups_of(member, group)
    intervals = []
    for limit, rates in zip(limits, found, strict=True):
        tpr = metrics.tpr_at_fpr(scores, member, limit).tpr
        low, high = _never_certain(tpr, np.concatenate(rates), members, confidence)
        if metrics.allowed_false_positives(limit, nonmembers) < metrics.FEW:
            above = _quantiles_above(limit, nonmembers, confidence)
            least, most = (metrics.tpr_at_fpr(scores, member, k / nonmembers).tpr for k in above)
            if bdtr(0, nonmembers, limit) > 1 - confidence:
                least = rate_interval(least * members, members, confidence)[0]
            low, high = min(low, least), max(high, most)
        intervals.append((low, high))
    return intervals


def rate_interval(hits: float, n: int, confidence: float) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of `hits` of `n`; [0, 1] where `n` is 0.

    It is right for a threshold that was fixed on other images. For images in groups, `n` counts the
    groups, and `hits` may be a fraction, as if the images of a group were one image.
    """
    if n == 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = betaincinv(hits, n - hits + 1, tail) if hits > 0 else 0.0
    high = betaincinv(hits + 1, n - hits, 1 - tail) if hits < n else 1.0
    return float(low), float(high)


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
