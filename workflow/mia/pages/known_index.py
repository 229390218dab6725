"""How much of a target an index of known training pictures has."""

from __future__ import annotations

import pandas as pd


def index_counts(membership: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """Return side to (pictures found in the index, pictures); nothing where there is no index.

    Args:
        membership: A target's table; `in_index` is there where the target names an index.
    """
    if "in_index" not in membership:
        return {}
    sides = {"members": membership["member"], "nonmembers": ~membership["member"]}
    found = membership["in_index"]
    return {side: (int(found[rows].sum()), int(rows.sum())) for side, rows in sides.items()}
