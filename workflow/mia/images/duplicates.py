"""Which pictures are duplicates: equal bytes, near copies, near copies of the mirror image.

A near copy has a perceptual hash within `phash` bits and a thumbnail within `rmse`; a mirror copy
the same against the other's mirror image, with the stricter `mirror_rmse`. Captions and families
play no part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from mia.images import hashes

COMPARISONS_AT_ONCE, THUMBNAILS_AT_ONCE = 4_000_000, 4096


def matches(
    left: pd.DataFrame, right: pd.DataFrame | None, rule: Mapping[str, Any]
) -> pd.DataFrame:
    """Return every pair of duplicates between two tables, or within one.

    Args:
        left: Columns `image_id`, `phash`, `phash_mirror`, `thumbnail`.
        right: The same; None compares `left` with itself, each pair once.
        rule: `phash` (bits), `rmse` and `mirror_rmse` (in [0, 1]).

    Returns:
        Positions `a` in `left` and `b` in `right` (a < b within one table), `distance` (bits),
        `rmse`, and `kind`: `exact`, else `near`, else `mirror`; sorted by (a, b).
    """
    own = right is None
    right = left if own else right
    straight, flipped = (_Side(table) for table in (left, right))
    a, b, distance = close_hashes(straight.hash, flipped.hash, rule["phash"], own)
    near = _checked(straight, flipped, a, b, distance, rule["rmse"], mirror=False)
    # The hash of a mirror image is not quite the mirrored hash: both ways are asked.
    ways = (
        close_hashes(straight.hash, flipped.mirror, rule["phash"], own),
        close_hashes(straight.mirror, flipped.hash, rule["phash"], own),
    )
    a, b, distance = (np.concatenate(columns) for columns in zip(*ways, strict=True))
    mirror = _checked(straight, flipped, a, b, distance, rule["mirror_rmse"], mirror=True)
    found = pd.concat([near, mirror.sort_values("distance", kind="stable")], ignore_index=True)
    found = found.drop_duplicates(["a", "b"]).sort_values(["a", "b"], ignore_index=True)
    same = straight.image_id[found["a"]] == flipped.image_id[found["b"]]
    found.loc[same, "kind"] = "exact"
    return found


def pairs_within(table: pd.DataFrame, rule: Mapping[str, Any]) -> pd.DataFrame:
    """Return the duplicates in one table by key, copies in one part compared once only.

    Args:
        table: Sorted by `key`; the columns of `matches` and `part`. Of the pictures with equal
            bytes in one part the first stands for all, and each other is paired with that one.
        rule: As in `matches`.

    Returns:
        `key_a` < `key_b`, `distance`, `rmse`, `kind`; sorted by the keys.
    """
    table = table.reset_index(drop=True)
    first = table.groupby(["part", "image_id"])["key"].transform("first")
    copy = (first != table["key"]).to_numpy(bool)
    copies = pd.DataFrame({"key_a": first[copy], "key_b": table["key"][copy]})
    copies = copies.assign(distance=0, rmse=0.0, kind="exact")
    single = table[~copy].reset_index(drop=True)
    found = matches(single, None, rule)
    keys = single["key"].to_numpy(object)
    found = found.assign(key_a=keys[found["a"]], key_b=keys[found["b"]])[copies.columns]
    both = [frame for frame in (found, copies) if len(frame)] or [found]
    return pd.concat(both).sort_values(["key_a", "key_b"], ignore_index=True)


def components(size: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return for each of `size` positions the smallest position that is connected to it.

    >>> components(5, np.array([0, 3]), np.array([4, 1])).tolist()
    [0, 1, 2, 1, 0]
    """
    a, b = np.asarray(a, dtype=np.int64), np.asarray(b, dtype=np.int64)
    graph = coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    smallest = np.full(size, size, dtype=np.int64)
    np.minimum.at(smallest, label, np.arange(size))
    return smallest[label]


def links(values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return position pairs that connect all rows of equal, non-null value.

    >>> [pair.tolist() for pair in links(pd.Series(["x", None, "x", "y", "x"]))]
    [[0, 0], [2, 4]]
    """
    values = values.reset_index(drop=True)
    position = pd.Series(values.index, index=values.index)[values.notna()]
    first = position.groupby(values[values.notna()].astype(str)).transform("first")
    later = first != position
    return first[later].to_numpy(np.int64), position[later].to_numpy(np.int64)


def close_hashes(
    left: np.ndarray, right: np.ndarray, limit: int, own: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return positions and distance of all hashes within `limit` bits; with `own`, a < b only.

    >>> hashes = np.array([0b0000, 0b0001, 0b1111], dtype=np.uint64)
    >>> [column.tolist() for column in close_hashes(hashes, hashes, 1, own=True)]
    [[0], [1], [1]]
    """
    found = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64))]
    step = max(1, COMPARISONS_AT_ONCE // max(1, len(right)))
    for start in range(0, len(left), step):
        skip = start if own else 0
        distance = np.bitwise_count(left[start : start + step, None] ^ right[None, skip:])
        a, b = np.nonzero(distance <= limit)
        bits = distance[a, b].astype(np.int64)
        a, b = a + start, b + skip
        chosen = a < b if own else slice(None)
        found.append((a[chosen], b[chosen], bits[chosen]))
    a, b, bits = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return a, b, bits


class _Side:
    """The columns of a table as arrays."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.image_id = table["image_id"].to_numpy(object)
        self.hash = hashes.bits(table["phash"].tolist())
        self.mirror = hashes.bits(table["phash_mirror"].tolist())
        self.thumbnails = hashes.thumbnails(table["thumbnail"].tolist())


def _checked(
    left: _Side,
    right: _Side,
    a: np.ndarray,
    b: np.ndarray,
    distance: np.ndarray,
    limit: float,
    mirror: bool,
) -> pd.DataFrame:
    """Keep the candidates whose thumbnails agree."""
    rmse = np.empty(len(a))
    for start in range(0, len(a), THUMBNAILS_AT_ONCE):
        part = slice(start, start + THUMBNAILS_AT_ONCE)
        other = right.thumbnails[b[part]]
        other = other[:, :, ::-1] if mirror else other
        rmse[part] = hashes.rmse(left.thumbnails[a[part]], other)
    found = pd.DataFrame({"a": a, "b": b, "distance": distance, "rmse": rmse})
    return found.assign(kind="mirror" if mirror else "near")[rmse <= limit]
