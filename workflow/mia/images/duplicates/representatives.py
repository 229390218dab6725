"""Which of several duplicates is kept, so that a chain of likenesses does not end in unlike ones.

A like B and B like C do not make A like C. Whole connected components would keep A alone. Here a
dropped image is a duplicate of a kept one; or, if asked for, linked to it by duplicates and close
to it by its thumbnail.
"""

from __future__ import annotations

import numpy as np

from mia.images import hashes
from mia.images.duplicates.components import components


def representatives(
    thumbnails: np.ndarray, a: np.ndarray, b: np.ndarray, linked_rmse: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each image the kept one that it gives way to.

    Images are taken in order. One gives way to the first kept image that it is a duplicate of;
    else to the nearest kept one of its connected component within `linked_rmse`; else it is kept.

    Args:
        thumbnails: uint8 `(n, 32, 32, 3)`, in the order in which images are preferred.
        a: Positions of pairs of duplicates, `a < b`.
        b: The same.
        linked_rmse: Largest difference of thumbnails, either way round, in [0, 1]; 0: no links.

    Returns:
        Positions, its own where an image is kept; and whether each is itself or a duplicate.
    """
    count = len(thumbnails)
    first, direct = np.arange(count), np.ones(count, dtype=bool)
    component = components(count, a, b)
    earlier: dict[int, list[int]] = {}
    for one, other in sorted(zip(a.tolist(), b.tolist(), strict=True)):
        earlier.setdefault(other, []).append(one)
    kept: dict[int, list[int]] = {}
    for position in np.union1d(a, b).tolist():
        mine = kept.setdefault(component[position], [])
        like = [other for other in earlier.get(position, ()) if first[other] == other]
        near = [] if like or not linked_rmse else _near(thumbnails, position, mine, linked_rmse)
        if like or near:
            first[position], direct[position] = (like or near)[0], bool(like)
        else:
            mine.append(position)
    return first, direct


def _near(thumbnails: np.ndarray, position: int, others: list[int], limit: float) -> list[int]:
    """Those of `others` within `limit`, the nearest first."""
    if not others:
        return []
    picture = thumbnails[position][None]
    either = (hashes.rmse(view, thumbnails[others]) for view in (picture, picture[:, :, ::-1]))
    rmse = np.minimum(*either)
    return [others[n] for n in np.argsort(rmse, kind="stable") if rmse[n] <= limit]
