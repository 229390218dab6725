"""What the numbers mean in practice: at a prior, with wrong labels, near chance."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mia.evaluation.practice import METRIC, PRIORS
from mia.stats.predictive_value import auc_bounds

SHARES = (0.05, 0.1)  # of members that may be none


def practice(
    long: pd.DataFrame, target: str, rows: list[dict[str, Any]], control: bool = False
) -> dict[str, Any]:
    """Return predictive values of the attacks on the model, and sentences beside them.

    Args:
        long: tables/metrics.csv, read as text.
        target: Its name.
        rows: Its `attack_rows`.
        control: Whether its model was trained on neither side, so that no member is wrongly one.

    Returns:
        `limit` of the FPR, `priors`, `rows` (attack, TPR at the limit, values as (value, low,
        high)), the largest value at the smallest prior first; `notes`.
    """
    mine = long[long["target"] == target]
    reading = [row for row in rows if not row["blind"]]
    ours = mine[mine["attack"].isin([row["attack"] for row in reading])]
    columns = [METRIC.format(percent=100 * prior) for prior in PRIORS]
    values = ours[ours["metric"].isin(columns)]
    table = []
    for attack, found in values.groupby("attack", sort=False):
        by_metric = found.set_index("metric")
        ends = [
            tuple(map(_number, by_metric.loc[name, ["value", "low", "high"]])) for name in columns
        ]
        table.append({"attack": attack, "blind": False, "values": ends})
    table.sort(key=lambda row: -row["values"][0][0] if row["values"][0][0] >= 0 else 1.0)
    limit = float(values["limit"].iloc[0]) if len(values) else None
    bounds = [] if control else _bounds(reading)
    notes = [*_overlap(ours), *bounds, *_no_better(reading)]
    return {"limit": limit, "priors": PRIORS, "rows": table, "notes": notes}


def _number(cell: str) -> float:
    return float(cell) if cell != "" else float("nan")


def _overlap(ours: pd.DataFrame) -> list[str]:
    found = ours[(ours["metric"] == "found_overlap") & (ours["value"] != "")]
    return [
        f"Overlap of the two strongest attacks at {100 * float(row.limit):g} % FPR, {row.attack} "
        f"first: {100 * float(row.value):.0f} % ({row.note})."
        for row in found.itertuples()
    ]


def _bounds(reading: list[dict[str, Any]]) -> list[str]:
    """Say how far the strongest AUC may be off if some members are none."""
    if not reading:
        return []
    best = max(reading, key=lambda row: row["auc"][0])
    ends = [auc_bounds(best["auc"][0], share) for share in SHARES]
    told = " and ".join(
        f"{low:.3f} to {high:.3f} with {100 * share:g} %"
        for share, (low, high) in zip(SHARES, ends, strict=True)
    )
    return [
        f"If some members were never trained on, the AUC of {best['attack']} on the others lies "
        f"from {told} of them."
    ]


def _no_better(reading: list[dict[str, Any]]) -> list[str]:
    near = [row for row in reading if row["above_chance"] == "undecided"]
    if not near:
        return []
    told = ", ".join(f"{row['attack']} {row['auc'][2]:.3f}" for row in near)
    return [f"AUC not surely off 0.5, and no better than the upper end of its range: {told}."]
