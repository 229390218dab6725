"""What privacy bound follows? The lower bounds on ε of tables/metrics.csv."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd

from mia.pages.long_table import notes


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
    reading = [row for row in rows if not row["blind"]]
    told = notes(long, target, {"epsilon": "ε"})
    return {"answer": _answer(reading, delta), "rows": rows, "notes": told}


def _answer(reading: list[dict[str, Any]], delta: float) -> str:
    if not reading:
        return "None can be given here."
    best = reading[0]
    if best["value"] == 0:
        return f"None: no attack proves more than ε ≥ 0, at δ = {delta:g}."
    of = f"the largest of {len(reading)} bounds" if len(reading) > 1 else "the one bound"
    return f"ε is at least {best['value']:.2f} at δ = {delta:g}: {of}, by {best['attack']}."
