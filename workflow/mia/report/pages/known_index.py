"""How much of a target an index of known training images has."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from mia.targets.known_pictures import to_review


class Found(NamedTuple):
    """Pictures of one side: in the index; near it by embedding, None without; all."""

    known: int
    near: int | None
    pictures: int


def index_counts(membership: pd.DataFrame) -> dict[str, Found]:
    """Return how many images of each side the index has; nothing where there is no index.

    Args:
        membership: A target's table; `in_index` is there where the target names an index, and
            `index_cosine` where that holds embeddings.
    """
    if "in_index" not in membership:
        return {}
    sides = {"members": membership["member"], "nonmembers": ~membership["member"]}
    return {side: _found(membership[rows]) for side, rows in sides.items()}


def _found(rows: pd.DataFrame) -> Found:
    near = int(to_review(rows).sum()) if "index_cosine" in rows else None
    return Found(int(rows["in_index"].sum()), near, len(rows))
