"""How large a set has to be for a test of means to pass, and which gap a set would have shown.

The studentised permutation test of `mia.stats.permutation` has, for groups of alike size, the power
of Welch's t test with normal scores (Janssen 1997). So power is that of a noncentral t.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

POWER = 0.8


@dataclass(frozen=True)
class Side:
    """One class of scores: `groups` of images, `variance` / groups is that of its mean."""

    groups: int
    variance: float


def side(scores: np.ndarray, group: np.ndarray) -> Side:
    """Return the cluster-robust variance of a mean over images, times the number of groups.

    Args:
        scores: Of one class `(images,)`.
        group: Label of each image's group `(images,)`.

    Raises:
        ValueError: There are fewer than two groups.
    """
    labels, place = np.unique(group, return_inverse=True)
    if len(labels) < 2:
        raise ValueError(f"a variance by group needs two groups, got {len(labels)}")
    around = np.bincount(place, scores - scores.mean())
    share = len(labels) / (len(labels) - 1) * (around**2).sum() / len(scores) ** 2
    return Side(len(labels), float(share * len(labels)))


def standard_error(members: Side, nonmembers: Side) -> float:
    """Return that of the difference of the two means."""
    return math.sqrt(sum(one.variance / one.groups for one in (members, nonmembers)))


def power(gap: float, members: Side, nonmembers: Side, level: float) -> float:
    """Return the probability that the one-sided test passes at `level`, were `gap` the true one.

    Args:
        gap: Members' mean minus nonmembers', in the unit of the scores.
        members, nonmembers: As many groups as are to be tested.
        level: In (0, 1).
    """
    from scipy.special import nctdtr, stdtrit

    error, freedom = standard_error(members, nonmembers), _freedom(members, nonmembers)
    if error == 0:
        return float(gap > 0)
    return float(1 - nctdtr(freedom, gap / error, -stdtrit(freedom, level)))


def smallest_gap(members: Side, nonmembers: Side, level: float) -> float:
    """Return the gap that passes at `level` with a probability of `POWER`, in the scores' unit."""
    from scipy.special import stdtrit

    freedom = _freedom(members, nonmembers)
    steps = -stdtrit(freedom, level) + stdtrit(freedom, POWER)
    return float(steps * standard_error(members, nonmembers))


def groups_needed(gap: float, members: Side, nonmembers: Side, level: float) -> float:
    """Return how many groups of members pass at `level` with `POWER`, beside these nonmembers.

    It is infinity where no number would, as there are too few nonmembers or the gap is not above 0.
    By the normal law, at least 2.
    """
    from scipy.special import ndtri

    if gap <= 0:
        return math.inf
    allowed = (gap / (ndtri(1 - level) + ndtri(POWER))) ** 2
    left = allowed - nonmembers.variance / nonmembers.groups
    return max(2.0, math.ceil(members.variance / left)) if left > 0 else math.inf


def _freedom(members: Side, nonmembers: Side) -> float:
    """Return the degrees of freedom of Welch and Satterthwaite."""
    parts = [(one.variance / one.groups, one.groups - 1) for one in (members, nonmembers)]
    total = sum(part for part, _ in parts)
    if total == 0:
        return math.inf
    return total**2 / sum(part**2 / free for part, free in parts)
