"""Differences of AUCs of several scores on the same images, by DeLong's covariance.

Scores and `member` are those of `mia.stats.metrics`, `group` and `block` those of
`mia.stats.delong`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mia.stats.delong import auc_covariance, degrees_of_freedom, independent_pairs
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

    def reversed(self) -> Difference:
        """Return the second AUC minus the first."""
        return replace(self, value=-self.value)


def quantile(freedom: float, confidence: float) -> float:
    """Return how many standard errors a two-sided interval spans on each side, by Student's t."""
    from scipy.special import stdtrit  # here, as below: pages import this module, compute none

    if math.isinf(freedom):
        return two_sided(confidence)
    return float(stdtrit(freedom, (1 + confidence) / 2))


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


def p_above(difference: Difference, least: float) -> float:
    """Return the one-sided p of a difference of at most `least`, by the difference's own law."""
    from scipy.special import stdtr

    beyond = difference.value - least
    if not math.isfinite(difference.error):
        return 1.0
    if difference.error == 0:
        return 1.0 if beyond <= 0 else 0.0
    return float(stdtr(difference.freedom, -beyond / difference.error))


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
