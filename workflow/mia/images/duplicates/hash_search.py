"""All pairs of 64-bit hashes within a Hamming distance: exact, by NumPy or by faiss."""

from __future__ import annotations

import numpy as np

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]
COMPARISONS_AT_ONCE, QUERIES_AT_ONCE = 4_000_000, 8192
# From here on faiss is faster, its import included (docs/benchmarks.md).
FAISS_FROM = 50_000_000


def close_hashes(left: np.ndarray, right: np.ndarray, limit: int, own: bool) -> Pairs:
    """Return all pairs of hashes within `limit` bits.

    Args:
        left: uint64 `(m,)`.
        right: uint64 `(n,)`.
        limit: Largest Hamming distance, 0 to 64.
        own: Whether both are one table's hashes: then pairs a < b only.

    Returns:
        Positions a in `left` and b in `right`, and their distance, int64, sorted by (a, b).

    >>> hashes = np.array([0b0000, 0b0001, 0b1111], dtype=np.uint64)
    >>> [column.tolist() for column in close_hashes(hashes, hashes, 1, own=True)]
    [[0], [1], [1]]
    """
    large = len(left) * len(right) >= FAISS_FROM
    return (by_faiss if large else by_numpy)(left, right, limit, own)


def by_numpy(left: np.ndarray, right: np.ndarray, limit: int, own: bool) -> Pairs:
    """Do what `close_hashes` says, a block of comparisons at a time."""
    found = [_nothing()]
    step = max(1, COMPARISONS_AT_ONCE // max(1, len(right)))
    for start in range(0, len(left), step):
        skip = start if own else 0
        distance = np.bitwise_count(left[start : start + step, None] ^ right[None, skip:])
        a, b = np.nonzero(distance <= limit)
        bits = distance[a, b].astype(np.int64)
        found.append(_chosen(a + start, b + skip, bits, own))
    return _joined(found)


def by_faiss(left: np.ndarray, right: np.ndarray, limit: int, own: bool) -> Pairs:
    """Do what `close_hashes` says, by `IndexBinaryFlat`: exact, and nothing to tune."""
    import faiss

    index = faiss.IndexBinaryFlat(64)
    index.add(_bytes(right))
    found = [_nothing()]
    for start in range(0, len(left), QUERIES_AT_ONCE):
        queries = _bytes(left[start : start + QUERIES_AT_ONCE])
        ends, distance, b = index.range_search(queries, limit + 1)  # finds distances below this
        counts: np.ndarray = np.diff(ends.astype(np.int64))
        a = np.repeat(np.arange(start, start + len(queries)), counts)
        order = np.lexsort((b, a))
        found.append(_chosen(a[order], b[order], distance[order].astype(np.int64), own))
    return _joined(found)


def _chosen(a: np.ndarray, b: np.ndarray, bits: np.ndarray, own: bool) -> Pairs:
    chosen = a < b if own else slice(None)
    return a[chosen], b[chosen], bits[chosen]


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values).view(np.uint8).reshape(-1, 8)


def _nothing() -> Pairs:
    nothing = np.empty(0, np.int64)
    return nothing, nothing, nothing


def _joined(found: list[Pairs]) -> Pairs:
    a, b, bits = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return a, b, bits
