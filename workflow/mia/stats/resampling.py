"""Bootstrap by group of both classes, as counts along the ROC curve.

Scores, `member` and `group` are those of `mia.stats.intervals`. A curve is held as false and true
positives `(resamples, distinct scores)` at falling thresholds.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

CELLS = 4_000_000  # cells of a resampled table that are held at once


def curves(
    scores: np.ndarray, member: np.ndarray, group: np.ndarray | None, resamples: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield false and true positives `(resamples of a chunk, distinct scores)`, scores falling."""
    scores, member = np.asarray(scores, dtype=float), np.asarray(member, dtype=bool)
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    group = np.arange(len(scores)) if group is None else np.asarray(group)
    place = np.unique(group, return_inverse=True)[1]
    is_member = member[order]
    for counts in _group_counts(place, member, len(scores), resamples, seed):
        weights = counts[:, place[order]]
        fp = np.cumsum(weights * ~is_member, axis=1, dtype=np.int64)[:, last]
        tp = np.cumsum(weights * is_member, axis=1, dtype=np.int64)[:, last]
        yield fp, tp


def shared(scores: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Return which distinct scores, falling, several nonmembers have: bool `(distinct scores,)`."""
    labels, place = np.unique(-np.asarray(scores, dtype=float), return_inverse=True)
    return np.bincount(place, ~np.asarray(member, dtype=bool), minlength=len(labels)) > 1


def tpr_at_fpr(fp: np.ndarray, tp: np.ndarray, limit: float, shared: np.ndarray) -> np.ndarray:
    """Return the TPR at the k-th highest nonmember's own score of each resample, `(resamples,)`.

    It follows `mia.stats.metrics.tpr_at_fpr`. Copies that a resample draws of one nonmember stand
    for nonmembers of unequal scores, so they may pass k together; scores that are `shared` may not.

    Args:
        fp: False positives, as `curves` gives them.
        tp: True positives, the same.
        limit: Of the FPR.
        shared: Which scores several nonmembers have, from the function of this name.
    """
    allowed = np.floor(limit * (fp[:, -1:] + 1) + 1e-9)
    everyone = allowed > fp[:, -1:]
    allowed = np.minimum(allowed, fp[:, -1:])
    at = (fp < allowed).sum(axis=1, keepdims=True)
    too_many = shared[at] & (np.take_along_axis(fp, at, axis=1) > allowed)
    before = np.take_along_axis(fp, np.maximum(at - 1, 0), axis=1)
    higher = (fp < before).sum(axis=1, keepdims=True)
    nobody = (allowed == 0) | (too_many & ((at == 0) | (before == 0)))
    best = np.take_along_axis(tp, np.where(too_many, higher, at), axis=1)
    best = np.where(everyone, tp[:, -1:], np.where(nobody, 0, best))
    return best[:, 0] / tp[:, -1]


def _group_counts(
    place: np.ndarray, member: np.ndarray, width: int, resamples: int, seed: int
) -> Iterator[np.ndarray]:
    """Yield how often each group is drawn `(resamples of a chunk, groups)`.

    Groups of members, of nonmembers and of both are three strata, each drawn as often as it has
    groups, so that neither class runs empty.
    """
    generator = np.random.default_rng(seed)
    with_members = np.bincount(place, member) > 0
    with_nonmembers = np.bincount(place, ~member) > 0
    kinds = with_members * 2 + with_nonmembers
    chunk = max(1, min(resamples, CELLS // width))
    for start in range(0, resamples, chunk):
        rows = min(chunk, resamples - start)
        counts = np.zeros((rows, len(kinds)), dtype=np.int32)
        for stratum in (np.flatnonzero(kinds == kind) for kind in (1, 2, 3)):
            size = len(stratum)
            drawn = (
                generator.integers(size, size=(rows, size)) if size else np.empty((rows, 0), int)
            )
            drawn = drawn + size * np.arange(rows)[:, None]
            counts[:, stratum] = np.bincount(drawn.ravel(), minlength=rows * size).reshape(
                rows, size
            )
        yield counts
