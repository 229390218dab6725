"""The difference of two scores' TPR at a limit of FPR, on the same images, with its interval.

Scores, `member` and `group` are those of `mia.stats.intervals`.
"""

from __future__ import annotations

import math

import numpy as np

from mia.stats import metrics, resampling
from mia.stats.rates import rate_interval


def tpr_difference(
    first: np.ndarray,
    second: np.ndarray,
    member: np.ndarray,
    limit: float,
    confidence: float,
    group: np.ndarray | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Return TPR(first) - TPR(second) and the ends of its two-sided interval, all in [-1, 1].

    Each score has its own threshold, the one of `metrics.tpr_at_fpr`. The interval holds the
    percentiles of a bootstrap by group of both classes. It is paired: each resample draws the same
    images for both scores and sets both thresholds anew. Where the percentiles agree, a bootstrap
    has learnt nothing. The interval then adds the squares of the distances to Clopper-Pearson's
    ends over the members' groups, as method 10 of Newcombe 1998 does with Wilson's.

    Args:
        first: `(images,)`.
        second: Of the same images `(images,)`.
        member: `(images,)`.
        limit: Of the FPR; it should allow ten false positives (`metrics.headline_limit`).
        confidence: In (0, 1).
        group: Label of each image's group.
        resamples: Bootstrap resamples.
        seed: Of the bootstrap.
    """
    rates = [metrics.tpr_at_fpr(scores, member, limit).tpr for scores in (first, second)]
    value = rates[0] - rates[1]
    resampled = [
        _resampled(scores, member, limit, group, resamples, seed) for scores in (first, second)
    ]
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(resampled[0] - resampled[1], tails).tolist()
    if low == high:
        groups = metrics.groups_of(member, group)[0]
        (p, q), ends = rates, [rate_interval(rate * groups, groups, confidence) for rate in rates]
        low = value - math.hypot(p - ends[0][0], ends[1][1] - q)
        high = value + math.hypot(ends[0][1] - p, q - ends[1][0])
    return value, max(-1.0, min(low, value)), min(1.0, max(high, value))


def _resampled(
    scores: np.ndarray,
    member: np.ndarray,
    limit: float,
    group: np.ndarray | None,
    resamples: int,
    seed: int,
) -> np.ndarray:
    """Return the TPR of each resample `(resamples,)`; one seed draws the same images each time."""
    shared = resampling.shared(scores, member)
    parts = resampling.curves(scores, member, group, resamples, seed)
    return np.concatenate([resampling.tpr_at_fpr(fp, tp, limit, shared) for fp, tp in parts])
