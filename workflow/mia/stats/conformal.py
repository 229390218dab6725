"""Which single images are named members, at a stated share of false namings.

The scores of nonmembers that no attack was fitted on say how rare a score is without membership.
Bates, Candès, Lei, Romano & Sesia 2023 (Testing for outliers with conformal p-values) show that
Benjamini & Hochberg's selection keeps its rate on such p-values, though all share the nonmembers.
"""

from __future__ import annotations

import numpy as np


def conformal_p(scores: np.ndarray, nonmember_scores: np.ndarray) -> np.ndarray:
    """Return how surprising each score is for a nonmember, p in (0, 1], `(images,)`.

    p = (1 + nonmembers that score at least as high) / (1 + nonmembers). A nonmember that is
    exchangeable with these has a p of at most t with a probability of at most t.

    Args:
        scores: Of the images in question, higher = more member-like `(images,)`.
        nonmember_scores: Of nonmembers that are not among these images, and that neither a fit nor
            a choice has seen `(nonmembers,)`.

    Raises:
        ValueError: There is no nonmember, or a score is not a number.

    >>> conformal_p(np.array([5.0, 2.0, 0.0]), np.array([1.0, 2.0, 3.0])).tolist()
    [0.25, 0.75, 1.0]
    """
    scores, known = np.asarray(scores, dtype=float), np.sort(nonmember_scores)
    if not len(known):
        raise ValueError("conformal p-values need nonmembers, got none")
    for name, values in (("scores", scores), ("nonmember_scores", known)):
        if np.isnan(values).any():
            raise ValueError(f"{name} must be numbers, got nan in {int(np.isnan(values).sum())}")
    below = np.searchsorted(known, scores, side="left")
    return (1 + len(known) - below) / (1 + len(known))


def false_discovery_adjusted(p: np.ndarray) -> np.ndarray:
    """Return the smallest false discovery rate at which each image would be named, in [0, 1].

    It is the adjusted p of Benjamini & Hochberg 1995: the smallest n × p / rank over all p at least
    as large, where the rank counts from the smallest p.

    Args:
        p: In [0, 1], one per image in question `(images,)`.

    >>> false_discovery_adjusted(np.array([0.01, 0.5, 0.03])).round(3).tolist()
    [0.03, 0.5, 0.045]
    """
    p = np.asarray(p, dtype=float)
    order = np.argsort(p)
    by_rank = p[order] * len(p) / np.arange(1, len(p) + 1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum.accumulate(by_rank[::-1])[::-1]
    return np.minimum(adjusted, 1)


def named(p: np.ndarray, rate: float) -> np.ndarray:
    """Return which images are named members, bool `(images,)`.

    Of the named, the expected share of nonmembers is at most `rate` × the share of nonmembers among
    the images in question. With n nonmembers behind the p and s images in question, one image alone
    is named only if `rate` is at least s / (n + 1).

    Raises:
        ValueError: `rate` is not in (0, 1).

    >>> named(np.array([0.01, 0.5, 0.03]), 0.1).tolist()
    [True, False, True]
    """
    if not 0 < rate < 1:
        raise ValueError(f"a false discovery rate lies between 0 and 1, got {rate}")
    return false_discovery_adjusted(p) <= rate + 1e-12
