"""The no-signal band: where the numbers of a score that knows nothing land at this many pictures.

Each function returns the two ends of a two-sided band, in [0, 1], for independent scores without
ties. `members` and `nonmembers` count the pictures of each class.
"""

from __future__ import annotations

import math

from scipy.stats import betabinom

from mia.metrics import allowed_false_positives, two_sided

Band = tuple[float, float]


def ends(band: Band) -> dict[str, float]:
    """Return a band under the names that it has in metrics files."""
    return {"chance_low": band[0], "chance_high": band[1]}


def auc_band(members: int, nonmembers: int, confidence: float) -> Band:
    """Return the band of the AUC, normal, from the exact variance of the rank sum.

    >>> [round(end, 3) for end in auc_band(300, 300, 0.95)]
    [0.454, 0.546]
    """
    deviation = math.sqrt((members + nonmembers + 1) / (12 * members * nonmembers))
    return _around_half(two_sided(confidence) * deviation)


def partial_auc_band(members: int, nonmembers: int, limit: float, confidence: float) -> Band:
    """Return the band of the standardised partial AUC up to an FPR of `limit`, normal.

    Without signal, TPR(u) - u is about a Brownian bridge of variance u (1 - u) (1/m + 1/n); its
    integral up to a has variance (a³/3 - a⁴/4) (1/m + 1/n).
    """
    variance = (limit**3 / 3 - limit**4 / 4) * (1 / members + 1 / nonmembers)
    standardised = math.sqrt(variance) / (2 * (limit - limit**2 / 2))
    return _around_half(two_sided(confidence) * standardised)


def tpr_band(members: int, nonmembers: int, limit: float, confidence: float) -> Band:
    """Return the band of the TPR at an FPR limit, exact.

    With k false positives allowed, the members above the (k+1)-th best nonmember are
    beta-binomial: `members` trials, a = k + 1, b = nonmembers - k.

    >>> [round(end, 3) for end in tpr_band(500, 500, 0.01, 0.95)]
    [0.004, 0.028]
    """
    allowed = allowed_false_positives(limit, nonmembers)
    if allowed >= nonmembers:
        return 1.0, 1.0
    law = betabinom(members, allowed + 1, nonmembers - allowed)
    low, high = law.ppf([(1 - confidence) / 2, (1 + confidence) / 2]) / members
    return float(low), float(high)


def advantage_band(members: int, nonmembers: int, confidence: float) -> Band:
    """Return the band of max(TPR - FPR), from the law of the one-sided Kolmogorov-Smirnov distance.

    P(D > x) is about exp(-2 x² m n / (m + n)): the largest of many differences is never near 0.
    """
    scale = (members + nonmembers) / (2 * members * nonmembers)
    tails = (1 + confidence) / 2, (1 - confidence) / 2
    low, high = (math.sqrt(-math.log(tail) * scale) for tail in tails)
    return low, min(1.0, high)


def balanced_accuracy_band(members: int, nonmembers: int, called: float, confidence: float) -> Band:
    """Return the band of the balanced accuracy of a fixed threshold that calls a share `called`."""
    variance = called * (1 - called) * (1 / members + 1 / nonmembers) / 4
    return _around_half(two_sided(confidence) * math.sqrt(variance))


def _around_half(half: float) -> Band:
    return max(0.0, 0.5 - half), min(1.0, 0.5 + half)
