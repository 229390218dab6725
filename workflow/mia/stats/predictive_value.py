"""What rates mean to those who use them: at a prior, beside another attack, with wrong labels."""

from __future__ import annotations

import math

import numpy as np

from mia.stats.metrics import tpr_at_fpr


def positive_predictive_value(tpr: float, fpr: float, prior: float) -> float:
    """Return the share of members among images called members, in [0, 1].

    It is prior × TPR / (prior × TPR + (1 - prior) × FPR), and nan where no image is called.

    Args:
        tpr: Share of members called, in [0, 1].
        fpr: Share of nonmembers called, in [0, 1].
        prior: Share of members among the images that are asked about, in [0, 1].

    Raises:
        ValueError: One of them is not in [0, 1].

    >>> round(positive_predictive_value(0.1, 0.01, 0.01), 3)
    0.092
    """
    for name, value in (("tpr", tpr), ("fpr", fpr), ("prior", prior)):
        if not 0 <= value <= 1:
            raise ValueError(f"{name} lies between 0 and 1, got {value}")
    found, wrong = prior * tpr, (1 - prior) * fpr
    return found / (found + wrong) if found + wrong else math.nan


def found_overlap(first: np.ndarray, second: np.ndarray, member: np.ndarray, limit: float) -> float:
    """Return the Jaccard overlap of the members that two scores find at one FPR, in [0, 1].

    It is the members that both find / those that at least one finds, each at its own threshold of
    `mia.stats.metrics.tpr_at_fpr`; nan where neither finds any.

    Args:
        first: Scores, higher = more member-like `(images,)`.
        second: Other scores of the same images.
        member: Bool `(images,)`.
        limit: Of the FPR.

    Raises:
        ValueError: One of the classes is empty.

    >>> scores, member = np.array([9.0, 8, 7, 6, 1, 2]), np.array([1, 1, 1, 1, 0, 0], bool)
    >>> found_overlap(scores, np.array([1.5, 8, 7, 6, 1, 2]), member, 0.4)
    0.75
    """
    member = np.asarray(member, dtype=bool)
    both = [
        np.asarray(scores)[member] >= tpr_at_fpr(scores, member, limit).threshold
        for scores in (first, second)
    ]
    either = int((both[0] | both[1]).sum())
    return int((both[0] & both[1]).sum()) / either if either else math.nan


def auc_bounds(auc: float, share: float) -> tuple[float, float]:
    """Return between which ends the AUC on true members lies, in [0, 1].

    At most a share of the members are none, and score as nonmembers do. If all of that share are
    none, the AUC on the others is (AUC - share / 2) / (1 - share): farther from 0.5 than the AUC on
    all. It is cut at 0 and 1, which tells that the share cannot be so large.

    Args:
        auc: On all that are called members, in [0, 1].
        share: In [0, 1).

    Raises:
        ValueError: One of them is out of its range.

    >>> [round(end, 3) for end in auc_bounds(0.7, 0.2)]
    [0.7, 0.75]
    """
    if not 0 <= auc <= 1:
        raise ValueError(f"auc lies between 0 and 1, got {auc}")
    if not 0 <= share < 1:
        raise ValueError(f"share lies between 0 and 1, got {share}")
    other = min(1.0, max(0.0, (auc - share / 2) / (1 - share)))
    return min(auc, other), max(auc, other)
