"""Flags beside a number: the conditions under which it may not be trusted (docs/checks.md)."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

FEWEST = 2  # false positives below which a TPR at a limit is not printed
FEW = 10  # and below which it is flagged

MEANINGS = {
    "below_chance": "The AUC interval lies wholly below 0.5: the attack ranks nonmembers first.",
    "few_false_positives": "A TPR at a limit rests on fewer than ten false positives.",
    "too_few": "A TPR at a limit is n/a: its limit allows fewer than two false positives here.",
    "constant": "Every image has the same score: the attack tells nothing apart.",
    "not_finite": "A score is missing, infinite or not a number; the run stops with its image_id.",
    "threshold_does_not_carry": (
        "A threshold from the calibration fold makes more false positives on the evaluation fold"
        " than chance allows."
    ),
}


def below_chance(auc_high: float) -> bool:
    """Whether an AUC interval that ends at `auc_high` lies wholly below 0.5."""
    return auc_high < 0.5


def too_few(allowed: int) -> bool:
    """Whether `allowed` false positives are too few to print a TPR."""
    return allowed < FEWEST


def few_false_positives(allowed: int) -> bool:
    """Whether `allowed` false positives are enough to print a TPR and too few to lean on it."""
    return FEWEST <= allowed < FEW


def constant(scores: np.ndarray) -> bool:
    """Whether all scores are equal."""
    return bool(np.ptp(scores) == 0)


def not_finite(scores: np.ndarray) -> np.ndarray:
    """Return which scores are infinite or not a number, bool `(images,)`."""
    return ~np.isfinite(scores)


def threshold_does_not_carry(
    calibration: tuple[int, int], evaluation: tuple[int, int], level: float
) -> bool:
    """Whether a threshold makes more false positives on evaluation than on calibration.

    Without ties and without a shift all orders of the two folds' nonmembers are equally likely, so
    that as many of evaluation above the k-th best of calibration is a hypergeometric chance: at
    most k - 1 of calibration among the best made + k - 1. The threshold's own sampling error is in.

    Args:
        calibration: False positives and nonmembers of the fold that chose the threshold.
        evaluation: False positives and nonmembers of the other.
        level: One-sided chance of a false alarm.

    >>> threshold_does_not_carry((3, 300), (4, 300), 0.05)
    False
    >>> threshold_does_not_carry((3, 300), (20, 300), 0.05)
    True
    """
    (k, calibrated), (made, evaluated) = calibration, evaluation
    if k == 0 or made == 0:
        return False
    best, of_calibration = made + k - 1, np.arange(k)
    ways = _log_choices(calibrated, of_calibration) + _log_choices(evaluated, best - of_calibration)
    p = np.exp(ways - _log_choices(calibrated + evaluated, best)).sum()
    return bool(p < level)


def _log_choices(n: int, k: np.ndarray | int) -> np.ndarray:
    """Log of how many ways there are to choose `k` of `n`; minus infinity where there is none."""
    with np.errstate(invalid="ignore"):
        log = gammaln(n + 1) - gammaln(np.add(k, 1)) - gammaln(np.subtract(n + 1, k))
    return np.where(np.less_equal(k, n), log, -np.inf)
