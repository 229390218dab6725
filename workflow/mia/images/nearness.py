"""Which pictures lie near what a model has learnt: its members, or an index of training hashes.

Nearness is by perceptual hash, either way round, or by embedding, without a look at the pixels:
there are no thumbnails of a whole training set. That errs on the side of "near".
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from mia.images import embeddings, hashes
from mia.images.hash_search import close_hashes


def near_members(
    rows: pd.DataFrame, members: pd.DataFrame, within: Mapping[str, float]
) -> np.ndarray:
    """Return whether each row has another picture near it among `members`.

    Equal bytes are the picture itself and do not count.

    Args:
        rows: Columns `image_id`, `phash`, `phash_mirror`; `embedding` if it is asked for.
        members: The same.
        within: `phash`: the largest Hamming distance; `embedding`: the smallest cosine; or both.
    """
    near = np.zeros(len(rows), dtype=bool)
    row_id, member_id = (table["image_id"].to_numpy(object) for table in (rows, members))
    found = []
    if "phash" in within:
        ours, theirs = (_hashes(table) for table in (rows, members))
        for mine, other in ((0, 0), (0, 1), (1, 0)):
            found.append(close_hashes(ours[mine], theirs[other], within["phash"], own=False))
    if "embedding" in within:
        sides = (embeddings.vectors(table["embedding"].tolist()) for table in (rows, members))
        found.append(embeddings.close_vectors(*sides, within["embedding"], own=False))
    for a, b, _ in found:
        near[a[row_id[a] != member_id[b]]] = True
    return near


def in_index(rows: pd.DataFrame, index: pd.DataFrame, limit: int) -> np.ndarray:
    """Return whether each row has equal bytes or a hash within `limit` bits in `index`.

    Args:
        rows: Columns `image_id`, `phash`, `phash_mirror`.
        index: `phash` (16 hexadecimal digits), `sha256` (64), or both; null where unknown.
        limit: Largest Hamming distance.
    """
    near = _entries_near(rows, index, limit)[0] > 0
    if "sha256" in index:
        near |= rows["image_id"].isin(index["sha256"].dropna()).to_numpy(bool)
    return near


def near_index(rows: pd.DataFrame, index: pd.DataFrame, limit: int, own: int = -1) -> np.ndarray:
    """Return whether each row has an entry besides its own in `index` within `limit` bits.

    Args:
        rows: As for `in_index`.
        index: As for `in_index`; only `phash` is looked at.
        limit: Largest Hamming distance.
        own: The nearest entry within this many bits is the picture itself; -1: none is.
    """
    count, nearest = _entries_near(rows, index, limit)
    return count - (nearest <= own) > 0


def _entries_near(
    rows: pd.DataFrame, index: pd.DataFrame, limit: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return how many entries are near each row, and the nearest's distance, 65 if none is."""
    if "phash" not in index:
        return np.zeros(len(rows), np.int64), np.full(len(rows), 65)
    known = hashes.bits(index["phash"].dropna().tolist())
    ways = [close_hashes(mine, known, limit, own=False) for mine in _hashes(rows)]
    a, b, bits = (np.concatenate(columns) for columns in zip(*ways, strict=True))
    nearest = np.full(len(rows), 65)
    np.minimum.at(nearest, a, bits)
    near, _ = np.unique(np.stack([a, b]), axis=1)
    return np.bincount(near, minlength=len(rows)), nearest


def _hashes(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The hashes of the pictures and of their mirror images."""
    return tuple(hashes.bits(rows[column].tolist()) for column in ("phash", "phash_mirror"))
