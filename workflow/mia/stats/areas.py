"""Areas under ROC curves, whole or up to a limit of the FPR.

Scores and `member` are those of `mia.stats.metrics`.
"""

from __future__ import annotations

import numpy as np

from mia.stats.metrics import curve


def area(fp: np.ndarray, tp: np.ndarray, limit: float = 1.0) -> np.ndarray:
    """Return the area under each ROC curve up to an FPR of `limit`, in [0, `limit`].

    Args:
        fp: False positives at falling thresholds, `(curves, points)`; the last point calls all.
        tp: True positives, of the same shape.
        limit: Largest FPR. Equal scores make a sloped step; it is cut where it crosses the limit.
    """
    nothing = [(0, 0), (1, 0)]
    fpr = np.pad(fp / fp[:, -1:], nothing)
    tpr = np.pad(tp / tp[:, -1:], nothing)
    width, rise = np.diff(fpr, axis=1), np.diff(tpr, axis=1)
    inside = np.clip(limit - fpr[:, :-1], 0, width)
    share = np.divide(inside, width, out=np.zeros_like(width), where=width > 0)
    return (inside * (tpr[:, :-1] + rise * share / 2)).sum(axis=1)


def standardised(area: np.ndarray, limit: float) -> np.ndarray:
    """Return a partial area as McClish 1989 scales it: 0.5 without signal, 1 if perfect."""
    chance = limit**2 / 2
    return (1 + (area - chance) / (limit - chance)) / 2


def share(partial: np.ndarray | float, limit: float) -> np.ndarray | float:
    """Return the mean TPR up to `limit`, in [0, 1], of a partial AUC as `standardised` gives it.

    >>> share(0.5, 0.1)
    0.05
    """
    chance = limit / 2
    return chance + (2 * partial - 1) * (1 - chance)


def partial_auc(scores: np.ndarray, member: np.ndarray, limit: float) -> float:
    """Return the standardised area under the ROC curve up to an FPR of `limit`, in [0, 1]."""
    _, fp, tp = curve(scores, member)
    return float(standardised(area(fp[None], tp[None], limit), limit)[0])
