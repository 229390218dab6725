"""What attacks make of images that the model made: what the page takes from generated.csv."""

from __future__ import annotations

from typing import Any

import pandas as pd

WORDS = ("target", "attack", "note")
SIZES, AREAS = ("n_generated", "n_member", "n_nonmember"), ("auc_nonmembers", "auc_members")
RATES = ("limit", "called", "called_low", "called_high", "members_called", "nonmembers_called")
COLUMNS = (*SIZES, *RATES, *(f"{area}{end}" for area in AREAS for end in ("", "_low", "_high")))


def generated(table: pd.DataFrame, target: str) -> dict[str, Any] | None:
    """Return what the page says of a target's own images; None where its model makes none.

    Args:
        table: tables/generated.csv, `COLUMNS` as floats, NaN where a cell is empty.
        target: Its name.

    Returns:
        `answer` in words; `limit` of the FPR; `sizes`, the fewest and the most images that a row
        rests on; `notes`; and `rows`, those first that rank these images highest.
    """
    mine = table[table["target"] == target]
    if mine.empty:
        return None
    above = int((mine["auc_nonmembers_low"] > 0.5).sum())
    below = int((mine["auc_nonmembers_high"] < 0.5).sum())
    notes = mine.loc[mine["note"] != "", ["attack", "note"]]
    return {
        "answer": (
            f"Of {len(mine)} attacks, {above} rank the model’s own images above nonmembers beyond "
            f"chance, {below} below."
        ),
        "limit": mine["limit"].iloc[0],
        "sizes": (mine["n_generated"].min(), mine["n_generated"].max()),
        "notes": [f"{row.attack}: {row.note}." for row in notes.itertuples()],
        "rows": mine.sort_values("auc_nonmembers", ascending=False, kind="stable").to_dict(
            "records"
        ),
    }
