"""What the page takes from tables/metrics.csv, one row a number, read as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

MAIN = {"auc": "AUC intervals", "tpr_at_fpr": "TPR"}


def notes(long: pd.DataFrame, target: str, metrics: Mapping[str, str] = MAIN) -> list[str]:
    """Return the notes on a target's numbers, each once, with whom it concerns.

    Args:
        long: tables/metrics.csv, read as text.
        target: Its name.
        metrics: Which, and what the page calls them.
    """
    mine, told = long[long["target"] == target], []
    for metric, words in metrics.items():
        rows = mine[mine["metric"] == metric]
        everyone = set(rows["attack"])
        for (limit, note), found in rows[rows["note"] != ""].groupby(["limit", "note"]):
            at = f" at {100 * float(limit):g} % FPR" if limit else ""
            who = "" if set(found["attack"]) == everyone else f" ({', '.join(found['attack'])})"
            told.append(f"{words}{at}{who}: {note}.")
    return told


def beyond_blind(long: pd.DataFrame, target: str) -> dict[str, tuple[float, float]]:
    """Return attack to the interval of AUC minus blind AUC, against its hardest baseline."""
    rows = long[(long["target"] == target) & (long["metric"] == "auc_minus_blind")]
    rows = rows.assign(low=pd.to_numeric(rows["low"]), high=pd.to_numeric(rows["high"]))
    hardest = rows.sort_values("low", kind="stable").drop_duplicates("attack")
    return {row.attack: (row.low, row.high) for row in hardest.itertuples()}


def carried(long: pd.DataFrame, target: str) -> list[dict[str, Any]]:
    """Return what thresholds achieve on images that did not choose them.

    Returns:
        One entry per attack and limit: `fpr` and `tpr` as (value, low, high) in [0, 1], over all
        images; `each`, the FPR on each part of them: its name and value; `alarm`.
    """
    metrics = ["carried_fpr", "carried_tpr", "carried_fpr_each"]
    rows = long[(long["target"] == target) & long["metric"].isin(metrics)]
    found: dict[tuple[str, float], dict[str, Any]] = {}
    for row in rows[rows["value"] != ""].to_dict("records"):
        key = row["attack"], float(row["limit"])
        entry = found.setdefault(
            key, {"attack": key[0], "limit": key[1], "alarm": False, "each": []}
        )
        if row["metric"] == metrics[-1]:
            entry["each"].append((row["note"], float(row["value"])))
            continue
        entry[row["metric"][-3:]] = tuple(float(row[end]) for end in ("value", "low", "high"))
        entry["alarm"] |= row["note"] == "threshold_does_not_carry"
    return list(found.values())
