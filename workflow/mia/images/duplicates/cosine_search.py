"""Likeness by an embedding model: cosines of unit vectors, kept as bytes of float32."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

ENTRIES_AT_ONCE = 16_000_000


def vectors(stored: list[bytes]) -> np.ndarray:
    """Return stored embeddings as float32 `(n, dimension)`; `(0, 1)` of none."""
    if not stored:
        return np.empty((0, 1), np.float32)
    return np.frombuffer(b"".join(stored), np.float32).reshape(len(stored), -1)


def close_vectors(
    left: np.ndarray, right: np.ndarray, least: float, own: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all pairs of unit vectors with at least so large a cosine.

    Args:
        left: float32 `(m, dimension)`.
        right: float32 `(n, dimension)`.
        least: Smallest cosine, in [-1, 1].
        own: Whether both are one table's vectors: then pairs a < b only.

    Returns:
        Positions a in `left` and b in `right`, int64, and the cosine, float64; sorted by (a, b).

    >>> unit = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    >>> [column.round(3).tolist() for column in close_vectors(unit, unit, 0.7, own=True)]
    [[1], [2], [0.8]]
    """
    found = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))]
    if len(left) and len(right):
        step = max(1, ENTRIES_AT_ONCE // len(right))
        for start in range(0, len(left), step):
            cosine = left[start : start + step] @ right.T
            a, b = np.nonzero(cosine >= np.float32(least))
            chosen = a + start < b if own else slice(None)
            a, b = a[chosen], b[chosen]
            found.append((a + start, b, cosine[a, b].astype(np.float64)))
    a, b, cosine = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return a, b, cosine


def nearest(
    left: np.ndarray, blocks: Iterable[tuple[np.ndarray, np.ndarray]], least: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how many vectors of a large table are near each of `left`, and which is nearest.

    Args:
        left: Unit vectors, float32 `(m, dimension)`.
        blocks: The table, a block at a time: rows, int64 `(n,)`, and unit vectors, float32
            `(n, dimension)`.
        least: Smallest cosine that is near, in [-1, 1].

    Returns:
        For each of `left` the count, int64; the largest cosine, float32, NaN where none is near;
        and its row, int64, the first of equals, -1 where none is near.

    >>> unit = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    >>> count, cosine, row = nearest(unit[:2], [(np.array([7]), unit[2:])], 0.7)
    >>> count.tolist(), cosine.round(3).tolist(), row.tolist()
    ([0, 1], [nan, 0.800000011920929], [-1, 7])
    """
    count, row = np.zeros(len(left), np.int64), np.full(len(left), -1)
    best = np.full(len(left), -np.inf, np.float32)
    for rows, vectors in blocks:
        step = max(1, ENTRIES_AT_ONCE // len(vectors))
        for start in range(0, len(left), step):
            part = slice(start, start + step)
            cosine = left[part] @ vectors.T
            count[part] += (cosine >= np.float32(least)).sum(axis=1)
            at = cosine.argmax(axis=1)
            top = cosine[np.arange(len(at)), at]
            row[part] = np.where(top > best[part], rows[at], row[part])
            best[part] = np.maximum(best[part], top)
    near = count > 0
    return count, np.where(near, best, np.float32(np.nan)), np.where(near, row, -1)
