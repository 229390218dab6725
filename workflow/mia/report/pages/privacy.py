"""What privacy bound follows? The lower bounds on ε of tables/metrics.csv."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd

from mia.report.pages.long_table import notes


def privacy(
    long: pd.DataFrame, target: str, blind: Collection[str], delta: float
) -> dict[str, Any]:
    """Return the bounds that a target's attacks prove, the largest first.

    Args:
        long: tables/metrics.csv, read as text.
        target: Its name.
        blind: Attacks that never read the model.
        delta: At which the bounds are stated.

    Returns:
        `answer` in words; `rows` (attack, blind, value, pairs), those that never read the model
        last, empty where no bound exists; `notes`, among them why there is none.
    """
    found = long[(long["target"] == target) & (long["metric"] == "epsilon")]
    rows = [
        {"attack": row.attack, "blind": row.attack in blind, "value": value, "pairs": row.n}
        for row in found[found["value"] != ""].itertuples()
        for value in [float(row.value)]
    ]
    rows.sort(key=lambda row: (row["blind"], -row["value"]))
    together = long[(long["target"] == target) & (long["metric"] == "epsilon_together")]
    told = notes(long, target, {"epsilon": "ε"})
    return {"answer": _answer(together, delta), "rows": rows, "notes": told}


def _answer(together: pd.DataFrame, delta: float) -> str:
    """The largest of the bounds that hold together, in words."""
    if together.empty:
        return "None can be given here."
    best = together.assign(value=together["value"].astype(float)).sort_values(
        "value", ascending=False, kind="stable"
    )
    attack, value = best["attack"].iloc[0], best["value"].iloc[0]
    if value == 0:
        return f"None: no attack proves more than ε ≥ 0, at δ = {delta:g}."
    of = f"; the bounds of all {len(best)} attacks hold at once" if len(best) > 1 else ""
    return f"ε is at least {value:.2f} at δ = {delta:g}, by {attack}{of}."
