"""How the downloads of an image set went: counts per source part, and when they are too few."""

from __future__ import annotations

import pandas as pd

from mia.images.sources.shared.exclusion import EXCLUDED


def status_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return counts of rows by source part (index) and status (columns), `success` first."""
    table = pd.crosstab(rows["part"].replace("", "(no part)"), rows["status"])
    order = sorted(table.columns, key=lambda status: (status != "success", status))
    table = table.reindex(columns=["success", *(s for s in order if s != "success")], fill_value=0)
    return table.rename_axis(index=None, columns=None)


def require_success(rows: pd.DataFrame, least: float) -> None:
    """Raise a ValueError, with the table, if a part's share of successes is below `least`.

    Rows that were excluded on request count neither way.
    """
    table = status_table(rows[rows["status"] != EXCLUDED])
    share = table["success"] / table.sum(axis=1)
    low = share[share < least]
    if len(low):
        named = ", ".join(f"{part} {value:.1%}" for part, value in low.items())
        raise ValueError(
            f"too few images could be had: {named}; expected min_success {least:.1%}\n"
            f"{table.to_string()}"
        )
