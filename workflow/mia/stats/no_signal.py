"""The no-signal band: where numbers land by chance alone, at this many images.

Each function returns the two ends of a two-sided band, in [0, 1], for independent scores without
ties. `members` and `nonmembers` count what varies independently in each class: groups of images.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import betaincinv, betaln

from mia.stats.areas import standardised
from mia.stats.metrics import allowed_false_positives, calls_all, two_sided

Band = tuple[float, float]


def ends(band: Band) -> dict[str, float]:
    """Return a band under the names that it has in metrics files."""
    return {"chance_low": band[0], "chance_high": band[1]}


def auc_band(members: int, nonmembers: int, confidence: float) -> Band:
    """Return the band of the AUC: a normal one with the exact variance of the rank sum.

    >>> [round(end, 3) for end in auc_band(300, 300, 0.95)]
    [0.454, 0.546]
    """
    deviation = math.sqrt((members + nonmembers + 1) / (12 * members * nonmembers))
    return _around_half(two_sided(confidence) * deviation)


def partial_auc_band(members: int, nonmembers: int, limit: float, confidence: float) -> Band:
    """Return the band of the standardised partial AUC up to an FPR of `limit`.

    The area is a sum over nonmembers, best first, of the TPR that each cuts off. Without signal
    that TPR has mean p_k = (k + 1) / (n + 1), and two of them, j <= k, have the covariance
    p_j (1 - p_k) (m + n + 1) / (m (n + 2)). The mean TPR is at least 0 and skew, so a beta
    law with the exact mean and variance stands for it. Its tails are right to half a percentage
    point at hundreds of images, and to three at sixty.
    """
    steps = np.arange(math.ceil(limit * nonmembers - 1e-9))
    width = np.minimum(1 / nonmembers, limit - steps / nonmembers) / limit
    p = (steps + 1) / (nonmembers + 1)
    below, above = width * p, width * (1 - p)
    pairs = 2 * (above * (below.cumsum() - below)).sum() + (below * above).sum()
    variance = pairs * (members + nonmembers + 1) / (members * (nonmembers + 2))
    mean = below.sum()
    size = max(mean * (1 - mean) / variance - 1, 1e-6)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = standardised(limit * betaincinv(mean * size, (1 - mean) * size, tails), limit)
    return float(low), float(high)


def tpr_band(
    members: int, nonmembers: int, limit: float, confidence: float, images: int | None = None
) -> Band:
    """Return the band of `mia.stats.metrics.tpr_at_fpr`, exact for single images.

    The count of members above the k-th best of n nonmembers is beta-binomial, with `members`
    trials, a = k and b = n + 1 - k. Where the n images form fewer groups, a and b keep their ratio
    and add up to the groups + 1, so that band and TPR have one expected FPR.

    Args:
        members: Groups of members.
        nonmembers: Groups of nonmembers.
        limit: Of the FPR.
        confidence: Two-sided.
        images: Nonmembers that choose the threshold; by default one a group.

    >>> [round(end, 3) for end in tpr_band(500, 500, 0.01, 0.95)]
    [0.0, 0.024]
    """
    images = nonmembers if images is None else images
    if calls_all(limit, images):
        return 1.0, 1.0
    a = allowed_false_positives(limit, images) * (nonmembers + 1) / (images + 1)
    if a == 0:
        return 0.0, 0.0
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = beta_binomial_quantiles(members, a, nonmembers + 1 - a, tails) / members
    return float(low), float(high)


def tpr_band_at(
    members: int, nonmembers: int, allowed: np.ndarray, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the exact bands of `published_tpr_at_fpr`, `allowed` fewer than `nonmembers`.

    They belong to a ROC curve that goes up to the next nonmember after `allowed` false positives.
    The count of members above the (k+1)-th best nonmember is beta-binomial, with `members` trials,
    a = k + 1 and b = nonmembers - k.
    """
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    found = [
        beta_binomial_quantiles(members, k + 1, nonmembers - k, tails) for k in np.ravel(allowed)
    ]
    low, high = np.array(found).reshape(*np.shape(allowed), 2).T / members
    return low, high


def beta_binomial_quantiles(trials: int, a: float, b: float, tails: Sequence[float]) -> np.ndarray:
    """Return the smallest count whose cumulated probability reaches each of `tails`, `(tails,)`.

    The law's logarithm is summed up from that of no success, B(a, n + b) / B(a, b), by
    P(x + 1) / P(x) = (n - x) (a + x) / ((x + 1) (b + n - x - 1)).

    >>> beta_binomial_quantiles(10, 1, 1, [0.25, 0.5, 1.0]).tolist()
    [2, 5, 10]
    """
    x = np.arange(trials)
    steps = np.log((trials - x) * (a + x)) - np.log((x + 1) * (b + trials - x - 1))
    first = betaln(a, trials + b) - betaln(a, b)
    cumulated = np.exp(first + np.append(0.0, steps.cumsum())).cumsum()
    return np.minimum(np.searchsorted(cumulated, tails), trials)


def advantage_band(members: int, nonmembers: int, confidence: float) -> Band:
    """Return the band of max(TPR - FPR), from the law of the one-sided Kolmogorov-Smirnov distance.

    P(D > x) is about exp(-2 x² m n / (m + n)): the largest of many differences is never near 0.
    """
    scale = (members + nonmembers) / (2 * members * nonmembers)
    tails = (1 + confidence) / 2, (1 - confidence) / 2
    low, high = (math.sqrt(-math.log(tail) * scale) for tail in tails)
    return low, min(1.0, high)


def balanced_accuracy_band(members: int, nonmembers: int, called: float, confidence: float) -> Band:
    """Return the band of the balanced accuracy; a share `called` reaches the fixed threshold."""
    variance = called * (1 - called) * (1 / members + 1 / nonmembers) / 4
    return _around_half(two_sided(confidence) * math.sqrt(variance))


def _around_half(half: float) -> Band:
    return max(0.0, 0.5 - half), min(1.0, 0.5 + half)
