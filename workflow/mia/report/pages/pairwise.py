"""Which attack is better than which? What the page takes from tables/pairwise.csv."""

from __future__ import annotations

from typing import Any

import pandas as pd

SHOWN = 12  # pairs in the table
COLUMNS = ("difference", "low", "high", "p_holm")
WORDS = ("target", "attack", "other")


def comparisons(table: pd.DataFrame, target: str, level: float) -> dict[str, Any] | None:
    """Return the pairs of attacks that differ beyond chance, None where there is no pair.

    Args:
        table: tables/pairwise.csv, `COLUMNS` as floats, NaN where a cell is empty.
        target: Its name.
        level: p, Holm-adjusted over all pairs of the target, below which two attacks differ.

    Returns:
        `pairs`: how many there are; `differ`: how many beyond chance; `rows` (better, worse,
        difference, low, high, p): the largest differences first, at most `SHOWN`; `unbeaten`:
        attacks than which none is better.
    """
    mine = table[table["target"] == target]
    if mine.empty:
        return None
    found = [_facing_up(row) for row in mine[mine["p_holm"] < level].itertuples()]
    found.sort(key=lambda row: -row["difference"])
    beaten = {row["worse"] for row in found}
    attacks = dict.fromkeys([*mine["attack"], *mine["other"]])
    return {
        "pairs": len(mine),
        "differ": len(found),
        "rows": found[:SHOWN],
        "unbeaten": [name for name in attacks if name not in beaten],
    }


def _facing_up(row: Any) -> dict[str, Any]:
    """A pair with the better attack first, so that the difference is above zero."""
    if row.difference >= 0:
        names, ends = (row.attack, row.other), (row.difference, row.low, row.high)
    else:
        names, ends = (row.other, row.attack), (-row.difference, -row.high, -row.low)
    labels = ("better", "worse", "difference", "low", "high", "p")
    return dict(zip(labels, (*names, *ends, row.p_holm), strict=True))
