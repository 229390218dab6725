"""Before and after a defence or an unlearning: what the page takes from tables/compare.csv."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mia.evaluation.change_words import LOWERED, in_brief

WORDS = ("comparison", "before", "after", "attack", "direction", "sentence")
AREAS = ("auc_before", "auc_after", "change", "low", "high", "p_holm", "within")
RATES = ("tpr_limit", "tpr_before", "tpr_after", "tpr_change", "tpr_change_low", "tpr_change_high")
COLUMNS = ("n_member", "n_nonmember", *AREAS, *RATES)


def changes(table: pd.DataFrame, confidence: float) -> list[dict[str, Any]]:
    """Return one entry per comparison, in the order of the table; none without any.

    Args:
        table: tables/compare.csv, `COLUMNS` as floats, NaN where a cell is empty.
        confidence: Of its intervals and bounds.

    Returns:
        name, before, after, brief (all rows in a sentence), sizes (pairs of members and nonmembers
        that rows rest on), limit (FPR of the TPRs; None where no row has one), untold (attacks
        without TPR), below (attacks whose AUC fell below 0.5), and rows: the largest falls of the
        AUC first.
    """
    found = []
    for name, mine in table.groupby("comparison", sort=False):
        rows = mine.sort_values("change", kind="stable").to_dict("records")
        limits = mine["tpr_limit"].dropna()
        found.append(
            {
                "name": name,
                "before": rows[0]["before"],
                "after": rows[0]["after"],
                "brief": in_brief(mine.to_dict("records"), confidence),
                "sizes": sorted({(row["n_member"], row["n_nonmember"]) for row in rows})[::-1],
                "limit": limits.iloc[0] if len(limits) else None,
                "untold": list(mine.loc[mine["tpr_limit"].isna(), "attack"]),
                "below": [
                    row["attack"]
                    for row in rows
                    if row["direction"] == LOWERED and row["auc_after"] < 0.5
                ],
                "rows": rows,
            }
        )
    return found
