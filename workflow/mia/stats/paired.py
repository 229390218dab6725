"""Differences of AUCs on the same images, with p-values adjusted where many are looked at.

Scores and `member` are those of `mia.stats.metrics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mia.stats.auc_differences import Difference as Difference
from mia.stats.auc_differences import auc_differences as auc_differences
from mia.stats.auc_differences import p_above
from mia.stats.delong import auc_covariance
from mia.stats.holm import holm_adjusted


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


@dataclass(frozen=True)
class Gain:
    """How much better an attack does on a model than on a control model that saw neither side.

    Args:
        auc: On the model, in [0, 1].
        auc_control: Of the same attack on the control, on the same images, in [0, 1].
        value: `auc` - `auc_control`, in [-1, 1].
        low: Lower end of the two-sided interval of `value`.
        high: Upper end.
        error: Standard error of `value`.
        p_above: One-sided, for a gain of at most `least`.
        p: Two-sided, for a gain within ± `least`.
        p_above_holm: `p_above`, Holm-adjusted over the attacks.
        p_holm: `p`, the same.
    """

    auc: float
    auc_control: float
    value: float
    low: float
    high: float
    error: float
    p_above: float
    p: float
    p_above_holm: float
    p_holm: float


def gain(
    scores: np.ndarray,
    control: np.ndarray,
    member: np.ndarray,
    group: np.ndarray | None = None,
    block: np.ndarray | None = None,
    least: float = 0.0,
    confidence: float = 0.95,
) -> list[Gain]:
    """Return each attack's gain: AUC on the model minus AUC on the control, same images.

    What makes members easier or harder for both models alike cancels. What is easy for one model
    alone does not: the gain is then off 0 without any memory, and `least` says how far it may be.
    Errors are paired, by DeLong's covariance by group (`mia.stats.auc_differences`).

    Args:
        scores: On the model `(attacks, images)`, higher = more member-like.
        control: On the control, of the same attacks and images `(attacks, images)`.
        member: `(images,)`.
        group: Label of each image's group.
        block: Block of each image, the same for both models.
        least: Gain that does not count yet, in [0, 1).
        confidence: Two-sided level of each interval, in (0, 1).

    Raises:
        ValueError: The shapes differ, `least` is out of range, or a class is empty.
    """
    scores, control = np.asarray(scores, dtype=float), np.asarray(control, dtype=float)
    if scores.shape != control.shape or scores.ndim != 2:
        raise ValueError(
            "a gain needs scores (attacks, images) of both models,"
            f" got {scores.shape} on the model and {control.shape} on the control"
        )
    if not 0 <= least < 1:
        raise ValueError(f"least lies between 0 and 1, got {least}")
    attacks = len(scores)
    both = np.concatenate([scores, control])
    pairs = [(i, attacks + i) for i in range(attacks)]
    differences = auc_differences(both, pairs, member, group, block)
    aucs = auc_covariance(both, member, group, block)[0].tolist()
    above = [p_above(one, least) for one in differences]
    below = [p_above(one.reversed(), least) for one in differences]
    either = [min(1.0, 2 * min(sides)) for sides in zip(above, below, strict=True)]
    adjusted = zip(holm_adjusted(above), holm_adjusted(either), strict=True)
    return [
        Gain(
            *(aucs[i], aucs[attacks + i], one.value, *one.interval(confidence), one.error),
            *(above[i], either[i], *holm),
        )
        for i, (one, holm) in enumerate(zip(differences, adjusted, strict=True))
    ]


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
