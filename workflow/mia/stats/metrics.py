"""Numbers of a score: AUC and operating points of a threshold.

Scores are float arrays `(images,)`, higher = more member-like; `member` is bool of the same shape;
an image is called a member if its score >= the threshold. Every rate is in [0, 1].
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from mia.stats.delong import auc_covariance as auc_covariance
from mia.stats.delong import groups_of as groups_of
from mia.stats.delong import independent_pairs as independent_pairs

NORMAL = NormalDist()
FEWEST = 2  # false positives below which a TPR at a limit is not printed
FEW = 10  # false positives below which a TPR at a limit is flagged

FPR_LIMITS = (0.1, 0.01, 0.001)  # at which a TPR is told


@dataclass(frozen=True)
class OperatingPoint:
    """What a threshold achieves.

    Args:
        tpr: Share of members that reach the threshold.
        fpr: Share of nonmembers that reach it.
        threshold: The lowest score called a member; infinity where none is.
        allowed: False positives that the limit allows, by the convention that gave the point.
        fp: False positives at the threshold.
    """

    tpr: float
    fpr: float
    threshold: float
    allowed: int
    fp: int


def two_sided(confidence: float) -> float:
    """Return how many standard errors a two-sided normal interval spans on each side."""
    return NORMAL.inv_cdf((1 + confidence) / 2)


def auc(scores: np.ndarray, member: np.ndarray, block: np.ndarray | None = None) -> float:
    """Return the chance that a member outscores a nonmember, ties counted half.

    With `block` it is the mean over blocks, as in `auc_covariance`.

    Raises:
        ValueError: One of the classes is empty.

    >>> auc(np.array([3.0, 1.0, 2.0, 1.0]), np.array([True, True, False, False]))
    0.625
    """
    return float(auc_covariance(np.asarray(scores)[None], member, block=block)[0][0])


def curve(scores: np.ndarray, member: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return thresholds (falling, infinity first), false positives and true positives at each.

    There is one point per distinct score, so that equal scores are called alike, and one before
    them that calls no image. Positives are counts, not rates.
    """
    order = np.argsort(-np.asarray(scores, dtype=float), kind="stable")
    scores, member = np.asarray(scores, dtype=float)[order], np.asarray(member, dtype=bool)[order]
    last = np.flatnonzero(np.append(np.diff(scores) != 0, True))
    fp, tp = np.cumsum(~member)[last], np.cumsum(member)[last]
    return np.append(math.inf, scores[last]), np.append(0, fp), np.append(0, tp)


def allowed_false_positives(limit: float, nonmembers: int) -> int:
    """Return k = floor(limit × (nonmembers + 1)), at most `nonmembers`.

    A further nonmember reaches the k-th highest of n with probability k / (n + 1), at most `limit`.
    >>> allowed_false_positives(0.29, 99), allowed_false_positives(0.01, 300)
    (29, 3)
    """
    return min(nonmembers, math.floor(limit * (nonmembers + 1) + 1e-9))


def calls_all(limit: float, nonmembers: int) -> bool:
    """Return whether a limit is so near 1 that a threshold below all images keeps it."""
    return limit * (nonmembers + 1) + 1e-9 >= nonmembers + 1


def headline_limit(nonmembers: int) -> float:
    """Return the smallest of `FPR_LIMITS` that allows ten false positives, else the largest.

    >>> [headline_limit(n) for n in (50, 998, 999, 20_000)]
    [0.1, 0.1, 0.01, 0.001]
    """
    enough = [one for one in FPR_LIMITS if allowed_false_positives(one, nonmembers) >= FEW]
    return min(enough, default=max(FPR_LIMITS))


def tpr_at_fpr(scores: np.ndarray, member: np.ndarray, limit: float) -> OperatingPoint:
    """Return the point at the k-th highest nonmember's own score, k as `allowed_false_positives`.

    Its expected FPR is k / (n + 1), so it is not above `limit`. Equal scores are called alike.
    Where they make more than k false positives, the next higher nonmember's score is the threshold;
    the expected FPR is then below. The share of these same nonmembers, `fpr`, is k / n, which may
    lie above `limit` by up to 1 / n. The TPR is never interpolated.

    At n = 300, 500 and 1,000 and a limit of 1 %, normal scores: the FPR is within 1 % of its limit,
    the TPR 1 to 5 % below that at the true threshold, as a ROC curve bends
    (`tests/stats/test_tpr.py`). The published convention reads 33, 20 and 10 % above the limit.

    Raises:
        ValueError: One of the classes is empty.

    >>> tpr_at_fpr(np.array([4.0, 3, 2, 1]), np.array([1, 0, 1, 0], bool), 0.4).tpr
    0.5
    """
    thresholds, fp, tp = _curve_of_both(scores, member)
    allowed = allowed_false_positives(limit, int(fp[-1]))
    best = int(np.searchsorted(fp, fp[fp <= allowed].max()))
    if calls_all(limit, int(fp[-1])):
        best = len(fp) - 1
    return _point(thresholds, fp, tp, best, allowed)


def published_tpr_at_fpr(scores: np.ndarray, member: np.ndarray, limit: float) -> OperatingPoint:
    """Return the point of the largest TPR whose empirical FPR is <= `limit`.

    It is what papers print. Floor(limit × nonmembers) = k false positives are allowed, and the
    threshold may lie just above the next nonmember. Its expected FPR is (k + 1) / (n + 1), which is
    above `limit`. The curve is never interpolated, and images of equal score are called alike. Of
    several thresholds with that TPR the highest is taken, which has the fewest false positives.

    Raises:
        ValueError: One of the classes is empty.

    >>> published_tpr_at_fpr(np.array([4.0, 3, 2, 1]), np.array([1, 0, 1, 0], bool), 0.5).tpr
    1.0
    """
    thresholds, fp, tp = _curve_of_both(scores, member)
    allowed = math.floor(limit * int(fp[-1]) + 1e-9)
    best = int(np.searchsorted(tp, tp[fp <= allowed].max()))
    return _point(thresholds, fp, tp, best, allowed)


def calibrated_threshold(nonmember_scores: np.ndarray, limit: float) -> float:
    """Return the lowest nonmember score that at most k of the n scores reach, k as above.

    Only nonmembers choose it, so no member's label moves it. Without ties, a further nonmember
    reaches it with probability k / (n + 1) <= `limit`, k as `allowed_false_positives`. It is
    infinity where no score qualifies.

    >>> calibrated_threshold(np.array([1.0, 2.0, 3.0, 4.0]), 0.5)
    3.0
    """
    thresholds, fp, _ = curve(nonmember_scores, np.zeros(len(nonmember_scores), dtype=bool))
    allowed = allowed_false_positives(limit, len(nonmember_scores))
    return float(thresholds[fp <= allowed][-1])


def advantage(scores: np.ndarray, member: np.ndarray) -> float:
    """Return max(TPR - FPR) over all thresholds, in [0, 1]; optimistic, as it picks the best."""
    return float(_gaps(scores, member)[1].max())


def best_threshold(scores: np.ndarray, member: np.ndarray) -> float:
    """Return the highest threshold at which TPR - FPR is largest; infinity where it never is > 0.

    >>> best_threshold(np.array([4.0, 3, 2, 1]), np.array([1, 1, 0, 0], bool))
    3.0
    """
    thresholds, gaps = _gaps(scores, member)
    return float(thresholds[gaps.argmax()])


def _gaps(scores: np.ndarray, member: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return thresholds, falling, and TPR - FPR at each."""
    thresholds, fp, tp = curve(scores, member)
    return thresholds, tp / tp[-1] - fp / fp[-1]


def _curve_of_both(
    scores: np.ndarray, member: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    thresholds, fp, tp = curve(scores, member)
    if not fp[-1] or not tp[-1]:
        raise ValueError(
            f"a TPR at an FPR needs both classes, got {tp[-1]} members, {fp[-1]} nonmembers"
        )
    return thresholds, fp, tp


def _point(
    thresholds: np.ndarray, fp: np.ndarray, tp: np.ndarray, at: int, allowed: int
) -> OperatingPoint:
    tpr, fpr = tp[at] / tp[-1], fp[at] / fp[-1]
    return OperatingPoint(float(tpr), float(fpr), float(thresholds[at]), allowed, int(fp[at]))
