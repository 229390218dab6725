"""Further measures of each attack: those of tables/metrics.csv that the main table leaves out."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import pandas as pd

from mia.report.pages.formats import number
from mia.report.pages.long_table import notes

MEASURES = {
    "partial_auc": "Partial AUC",
    "balanced_accuracy": "Balanced accuracy",
    "advantage": "Advantage",
    "auc_between_draws": "SD between draws",
    "auc_between_runs": "SD between trainings",
    "repeat_difference": "Measured again",
}
RARE = ("auc_between_runs",)  # shown where a target has them
NUMBERS = ["value", "low", "high", "chance_low", "chance_high"]


def measures(long: pd.DataFrame, target: str, blind: Collection[str]) -> dict[str, Any]:
    """Return a target's further measures.

    Args:
        long: tables/metrics.csv, read as text.
        target: Its name.
        blind: Attacks that never read the model; they come last.

    Returns:
        `names` of the measures; `rows`: attack, blind, and one cell a measure, the numbers
        `NUMBERS` or NaN and the `text` to be shown; `bands`: one a measure, that of no signal where
        all attacks share it, else None (then each cell says its own); `notes`.
    """
    mine = long[(long["target"] == target) & long["metric"].isin(MEASURES)]
    there = {*mine["metric"]}
    shown = {one: name for one, name in MEASURES.items() if one in there or one not in RARE}
    numbers = mine[NUMBERS].apply(pd.to_numeric, errors="coerce").to_dict("records")
    for metric, cell in zip(mine["metric"], numbers, strict=True):
        cell["text"] = (moved if metric == "repeat_difference" else number)(cell["value"])
    found = dict(zip(zip(mine["attack"], mine["metric"], strict=True), numbers, strict=True))
    missing = {**dict.fromkeys(NUMBERS, math.nan), "text": "n/a"}
    rows = [
        {
            "attack": attack,
            "blind": attack in blind,
            "cells": [found.get((attack, metric), missing) for metric in shown],
        }
        for attack in dict.fromkeys(mine["attack"])
    ]
    return {
        "names": list(shown.values()),
        "rows": sorted(rows, key=lambda row: row["blind"]),
        "bands": [_shared(cells) for cells in zip(*(row["cells"] for row in rows), strict=True)],
        "notes": notes(long, target, MEASURES),
    }


def moved(difference: float) -> str:
    """How far a score moved, in its standard deviations.

    >>> moved(0.0), moved(2.13e-6), moved(0.2), moved(1e9)
    ('0', '2e-06 sd', '0.2 sd', 'over 1000 sd')
    """
    if difference > 1000:
        return "over 1000 sd"
    return f"{difference:.1g} sd" if difference else "0"


def _shared(cells: Collection[dict[str, float]]) -> tuple[float, float] | None:
    """The no-signal band that all cells have in common, or None."""
    bands = {(cell["chance_low"], cell["chance_high"]) for cell in cells}
    bands = {band for band in bands if not math.isnan(band[0])}
    return bands.pop() if len(bands) == 1 else None
