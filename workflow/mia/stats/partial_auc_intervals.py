"""The interval of a partial AUC: a bootstrap by group, widened where it knows too little.

Scores, `member`, `group` and `block` are those of `mia.stats.auc_intervals`.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri, stdtrit

from mia.stats import areas, resampling
from mia.stats.auc_intervals import Interval, all_alike, logit_interval
from mia.stats.delong import by_block, groups_of, independent_pairs
from mia.stats.metrics import FEW
from mia.stats.rates import wilson


def partial_auc_interval(
    scores: np.ndarray,
    member: np.ndarray,
    limit: float,
    confidence: float,
    group: np.ndarray | None = None,
    resamples: int = 1000,
    seed: int = 0,
    block: np.ndarray | None = None,
) -> Interval:
    """Return `areas.partial_auc` up to an FPR of `limit` with its interval, in [0, 1].

    With `block`, it is the mean of the blocks' partial AUCs, and each block is resampled by itself.
    The interval is the hull of these:

    - the percentiles of a bootstrap by group of both classes, which cover 80 to 89 % with 50
      nonmembers at a limit of 0.1;
    - a logit interval with the bootstrap's standard error and Student's t. Its degrees of freedom
      are the nonmembers' groups within the limit - 1, summed over blocks: they set the threshold;
    - Wilson's interval over the members' groups, where the area is worth fewer than ten of them.

    Nothing is known, and the interval is [0, 1], with fewer than two groups in a class, or where
    the limit holds fewer than two groups of nonmembers of each block. Where all pairs come out
    alike, it is Clopper-Pearson's, as in `mia.stats.auc_intervals.auc_interval`.

    Args:
        scores: `(images,)`.
        member: `(images,)`.
        limit: Of the FPR, in (0, 1].
        confidence: Two-sided level, in (0, 1).
        group: Label of each image's group.
        resamples: Of the bootstrap.
        seed: Of the bootstrap; block by block it is followed by the next integer.
        block: Block of each image.
    """
    scores, member = np.asarray(scores, dtype=float), np.asarray(member, dtype=bool)
    blocks = list(by_block(member, group, block))
    value = float(
        np.mean([areas.partial_auc(scores[inside], member[inside], limit) for inside, _ in blocks])
    )
    pairs = independent_pairs(member, group, block)
    if pairs < 2:
        return Interval(value, 0.0, 1.0, "none: fewer than two groups in a class")
    drawn = np.mean(
        [
            _shares(scores[inside], member[inside], own, limit, resamples, seed + number)
            for number, (inside, own) in enumerate(blocks)
        ],
        axis=0,
    )
    if np.ptp(drawn) < 1e-14:
        return Interval(value, *all_alike(value, pairs, confidence), "Clopper-Pearson: all alike")
    sizes = [groups_of(member[inside], own) for inside, own in blocks]
    within = [math.floor(limit * nonmembers + 1e-9) for _, nonmembers in sizes]
    if min(within) < 2:
        return Interval(value, 0.0, 1.0, "none: fewer than two nonmembers within the limit")
    share = float(areas.share(value, limit))
    members = sum(members for members, _ in sizes)
    freedom = sum(within) - len(within)
    low, high = areas.standardised(
        limit * np.array(_hull(share, drawn, freedom, members, confidence)), limit
    )
    return Interval(value, float(low), float(high), "bootstrap by group, logit t")


def _shares(
    scores: np.ndarray,
    member: np.ndarray,
    group: np.ndarray,
    limit: float,
    resamples: int,
    seed: int,
) -> np.ndarray:
    """Return the mean TPR up to `limit` of each resample, in [0, 1]."""
    counts = resampling.curves(scores, member, group, resamples, seed)
    return np.concatenate([areas.area(fp, tp, limit) / limit for fp, tp in counts])


def _hull(
    share: float, drawn: np.ndarray, freedom: int, members: int, confidence: float
) -> tuple[float, float]:
    """Return the hull that `partial_auc_interval` describes, of a mean TPR."""
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    ends = [tuple(np.quantile(drawn, tails)), (share, share)]
    if 1e-9 < share < 1 - 1e-9:
        ends.append(logit_interval(share, float(drawn.var()), float(stdtrit(freedom, tails[1]))))
    if min(share, 1 - share) * members < FEW:
        ends.append(wilson(min(max(share, 0.0), 1.0), members, float(ndtri(tails[1]))))
    return min(low for low, _ in ends), max(high for _, high in ends)
