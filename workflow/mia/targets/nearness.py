"""Which images lie near what a model has learnt: its members, or an index of known images.

Images are near by perceptual hash, mirrored or not, or by embedding. Pixels are not compared: there
are no thumbnails of a whole training set. That errs on the side of "near".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mia.images import hashes
from mia.images.duplicates import cosine_search
from mia.images.duplicates.hash_search import close_hashes
from mia.targets.known_pictures import Index
from mia.targets.known_vectors import KnownVectors

LOOKED_UP = ["in_index", "index_cosine", "index_row"]


def near_members(
    rows: pd.DataFrame, members: pd.DataFrame, within: Mapping[str, Any]
) -> np.ndarray:
    """Return whether each row has another image near it among `members`.

    Equal bytes are the image itself and do not count.

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
        left, right = (
            cosine_search.vectors(table["embedding"].tolist()) for table in (rows, members)
        )
        found.append(cosine_search.close_vectors(left, right, within["embedding"], own=False))
    for a, b, _ in found:
        near[a[row_id[a] != member_id[b]]] = True
    return near


def look_up(rows: pd.DataFrame, index: Index, rule: Mapping[str, Any]) -> pd.DataFrame:
    """Return which rows an index holds: by equal bytes, or by hash or embedding as duplicates.

    Args:
        rows: Columns `image_id`, `phash`, `phash_mirror`; `embedding` if the index holds vectors.
        index: Hashes, vectors or both.
        rule: Largest Hamming distance `phash`; cosines `embedding`: `drop` and `review`.

    Returns:
        On the index of `rows`: `in_index`, bool; if the index holds vectors also `index_cosine`,
        float32, the cosine of the nearest entry if that is `review` or more, else NaN; and
        `index_row`, Int64, the position of that entry in the index, counted from 0.
    """
    found = _hashes_near(rows, index.hashes, rule["phash"])[0] > 0
    if "sha256" in index.hashes:
        found |= rows["image_id"].isin(index.hashes["sha256"].dropna()).to_numpy(bool)
    if index.vectors is None:
        return pd.DataFrame({"in_index": found}, rows.index)
    _, cosine, row = _vectors_near(rows, index.vectors, rule["embedding"]["review"])
    found |= cosine >= np.float32(rule["embedding"]["drop"])
    row = pd.Series(row, rows.index, dtype="Int64").mask(row < 0)
    return pd.DataFrame({"in_index": found, "index_cosine": cosine, "index_row": row}, rows.index)


def near_index(
    rows: pd.DataFrame,
    index: Index,
    within: Mapping[str, Any],
    own: Mapping[str, Any] | None = None,
) -> np.ndarray:
    """Return whether each row has an entry besides its own near it in `index`.

    Args:
        rows: As for `look_up`.
        index: As for `look_up`; what it does not hold is not looked at.
        within: As for `near_members`.
        own: A rule as for `look_up`: the nearest entry within `phash` bits, or with at least the
            cosine `drop`, is the image itself. Without a rule, no entry is.
    """
    near = np.zeros(len(rows), dtype=bool)
    if "phash" in within:
        count, bits = _hashes_near(rows, index.hashes, within["phash"])
        near |= count - (bits <= (own["phash"] if own else -1)) > 0
    if "embedding" in within and index.vectors is not None:
        count, cosine, _ = _vectors_near(rows, index.vectors, within["embedding"])
        least = own["embedding"]["drop"] if own else np.inf
        near |= count - (cosine >= np.float32(least)) > 0
    return near


def _vectors_near(
    rows: pd.DataFrame, vectors: KnownVectors, least: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ours = cosine_search.vectors(rows["embedding"].tolist())
    blocks = vectors.blocks(ours.shape[1]) if len(rows) else ()
    return cosine_search.nearest(ours, blocks, least)


def _hashes_near(
    rows: pd.DataFrame, known: pd.DataFrame, limit: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return how many hashes are near each row, and the nearest's distance, 65 if none is."""
    if "phash" not in known:
        return np.zeros(len(rows), np.int64), np.full(len(rows), 65)
    known = hashes.bits(known["phash"].dropna().tolist())
    ways = [close_hashes(mine, known, limit, own=False) for mine in _hashes(rows)]
    a, b, bits = (np.concatenate(columns) for columns in zip(*ways, strict=True))
    nearest = np.full(len(rows), 65)
    np.minimum.at(nearest, a, bits)
    near, _ = np.unique(np.stack([a, b]), axis=1)
    return np.bincount(near, minlength=len(rows)), nearest


def _hashes(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The hashes of the images and of their mirror images."""
    upright, mirrored = (hashes.bits(rows[column].tolist()) for column in ("phash", "phash_mirror"))
    return upright, mirrored
