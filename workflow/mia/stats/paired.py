"""Differences of AUCs on the same images, with p-values adjusted where many are looked at.

Scores and `member` are those of `mia.stats.metrics`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mia.stats.delong import auc_covariance, degrees_of_freedom, independent_pairs
from mia.stats.holm import holm_adjusted
from mia.stats.metrics import two_sided


@dataclass(frozen=True)
class Difference:
    """A difference of two AUCs on the same images.

    Args:
        value: In [-1, 1].
        error: Standard error, at least 0; infinity where nothing is known.
        p: Two-sided.
        freedom: Degrees of freedom of Student's t for groups of several images; infinity, which is
            the normal law, for single images.
    """

    value: float
    error: float
    p: float
    freedom: float = math.inf

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the two-sided interval, clipped to [-1, 1]."""
        half = quantile(self.freedom, confidence) * self.error
        return max(-1.0, self.value - half), min(1.0, self.value + half)


def quantile(freedom: float, confidence: float) -> float:
    """Return how many standard errors a two-sided interval spans on each side, by Student's t."""
    from scipy.special import stdtrit  # here, as below: pages import this module, compute none

    if math.isinf(freedom):
        return two_sided(confidence)
    return float(stdtrit(freedom, (1 + confidence) / 2))


@dataclass(frozen=True)
class Adjusted:
    """A difference among others, Holm-adjusted.

    Args:
        value: The difference, in [-1, 1].
        low: Lower end of the interval, which leaves out 0 exactly when `p` < 1 - confidence. Each
            interval covers with at least `confidence` on its own; they do not all cover at once.
        high: Upper end.
        p: Two-sided, Holm-adjusted over all differences looked at.
        side: 1 if the interval lies above 0, -1 if below, else 0. All sides hold at once.
    """

    value: float
    low: float
    high: float
    p: float
    side: int


def paired_auc_difference(
    a: np.ndarray,
    b: np.ndarray,
    member: np.ndarray,
    group: np.ndarray | None = None,
    block: np.ndarray | None = None,
) -> Difference:
    """Return AUC(a) - AUC(b) on the same images, in [-1, 1].

    With `block`, both AUCs are means over the same blocks, as in `mia.stats.delong`. A score that
    was fitted on nothing has one AUC per block too.
    """
    return auc_differences(np.stack([a, b]), [(0, 1)], member, group, block)[0]


def difference_from_chance(
    scores: np.ndarray,
    member: np.ndarray,
    group: np.ndarray | None = None,
    block: np.ndarray | None = None,
) -> Difference:
    """Return AUC - 0.5: the difference from a score that is the same for every image."""
    return paired_auc_difference(scores, np.zeros(len(scores)), member, group, block)


def auc_differences(
    scores: np.ndarray,
    pairs: Sequence[tuple[int, int]],
    member: np.ndarray,
    group: np.ndarray | None = None,
    block: np.ndarray | None = None,
) -> list[Difference]:
    """Return the difference of AUCs of each pair of rows of `scores`, by DeLong's covariance.

    For groups of several images, p and interval are those of Student's t, since the variance by
    group rests on few terms (`mia.stats.delong.degrees_of_freedom`).

    Where the covariance is exactly zero (perfect against constant), a sign test over independent
    pairs of images gives p, and the error is that of a normal law with this p.

    Args:
        scores: `(attacks, images)`.
        pairs: Rows to compare, first minus second.
        member: `(images,)`.
        group: Label of each image's group `(images,)`, as in `mia.stats.delong`.
        block: Block of each image `(images,)`, as there.
    """
    values, covariance = auc_covariance(scores, member, group, block)
    independent = independent_pairs(member, group, block)
    freedom = degrees_of_freedom(member, group, block)
    found = []
    for a, b in pairs:
        variance = covariance[a, a] + covariance[b, b] - 2 * covariance[a, b]
        found.append(
            _difference(float(values[a] - values[b]), float(variance), independent, freedom)
        )
    return found


def _difference(value: float, variance: float, independent: int, freedom: float) -> Difference:
    from scipy.special import ndtri, stdtr

    if independent < 2:
        return Difference(value, math.inf, 1.0, freedom)
    if variance > 1e-14:
        error = math.sqrt(variance)
        p = float(2 * stdtr(freedom, -abs(value) / error))
        return Difference(value, error, p, freedom)
    if abs(value) < 1e-12:
        return Difference(0.0, 0.0, 1.0)
    p = 2.0 ** (1 - min(independent, 1000))
    return Difference(value, float(abs(value) / -ndtri(p / 2)), p)


def holm(differences: Sequence[Difference], confidence: float) -> list[Adjusted]:
    """Return the differences with Holm-adjusted p, and intervals widened to agree with it."""
    if not differences:
        return []
    level = 1 - confidence
    adjusted = holm_adjusted([d.p for d in differences])
    found = []
    for difference, p in zip(differences, adjusted, strict=True):
        share = difference.p / p if p > 0 else 1 / len(differences)
        low, high = difference.interval(1 - level * share)
        side = int(np.sign(difference.value)) if p < level else 0
        found.append(Adjusted(difference.value, low, high, p, side))
    return found
