"""How much of a collection was used: the share of it that a model was trained on.

Tong, Ye, Zarifzadeh & Shokri 2025 (How much of my dataset did you use?, ICLR): calls of single
images are wrong at known rates, and the mean of the calls tells the share once these are taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rate:
    """A share of images called members, in [0, 1], and the variance of that share."""

    value: float
    variance: float


@dataclass(frozen=True)
class Share:
    """A share of a collection.

    Args:
        value: Estimate, cut to [0, 1].
        low: Lower end of its interval.
        high: Upper end.
    """

    value: float
    low: float
    high: float


def rate(called: np.ndarray, group: np.ndarray) -> Rate:
    """Return the share of images that are called, with a variance by group.

    The variance is at least that of Agresti & Coull, as calls that are all alike have none.

    Args:
        called: Bool `(images,)`.
        group: Label of each image's group `(images,)`.

    Raises:
        ValueError: There is no image.
    """
    called = np.asarray(called, dtype=float)
    if not len(called):
        raise ValueError("a rate needs images, got none")
    labels, place = np.unique(group, return_inverse=True)
    around = np.bincount(place, called - called.mean())
    groups = len(labels)
    by_group = groups / max(1, groups - 1) * (around**2).sum() / len(called) ** 2
    near = (called.mean() * groups + 2) / (groups + 4)
    return Rate(float(called.mean()), float(max(by_group, near * (1 - near) / (groups + 4))))


def share_used(
    claimed: Rate, nonmembers: Rate, members: Rate, confidence: float = 0.95
) -> Share | None:
    """Return the share p = (claimed - FPR) / (TPR - FPR), None where TPR is not above FPR.

    It rests on three assumptions: claimed images that were not used are called as nonmembers are;
    those that were used are called as the known members are, which were seen as often; and one
    threshold, fixed without the claimed images, made all calls. The interval is by the delta
    method, two-sided.

    Args:
        claimed: Rate of calls among the collection.
        nonmembers: The same among nonmembers: the FPR.
        members: The same among images of the training set of this model: the TPR.
        confidence: In (0, 1).
    """
    lead = members.value - nonmembers.value
    if lead <= 2 * np.sqrt(members.variance + nonmembers.variance):
        return None
    p = (claimed.value - nonmembers.value) / lead
    terms = (claimed.variance, (1 - p) ** 2 * nonmembers.variance, p**2 * members.variance)
    half = _steps((1 + confidence) / 2) * float(np.sqrt(sum(terms))) / lead
    value, low, high = (min(1.0, max(0.0, end)) for end in (p, p - half, p + half))
    return Share(value, low, high)


def share_at_least(
    claimed: Sequence[Rate], nonmembers: Sequence[Rate], confidence: float = 0.95
) -> float:
    """Return a lower bound on the share used that needs no known members, in [0, 1].

    No TPR is above 1, so p is at least (claimed - FPR) / (1 - FPR). Of several attacks the largest
    bound counts; each has its one-sided level divided by their number, so that it holds.

    Args:
        claimed: Rate of calls among the collection, one an attack.
        nonmembers: The same among nonmembers.
        confidence: That the share is at least so large, in (0, 1).
    """
    bounds = [0.0]
    steps = _steps(1 - (1 - confidence) / max(1, len(claimed)))
    for ours, known in zip(claimed, nonmembers, strict=True):
        if known.value >= 1:
            continue
        p = (ours.value - known.value) / (1 - known.value)
        error = np.sqrt(ours.variance + (1 - p) ** 2 * known.variance) / (1 - known.value)
        bounds.append(float(p - steps * error))
    return min(1.0, max(bounds))


def _steps(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(level))
