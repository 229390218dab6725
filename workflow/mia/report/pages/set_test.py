"""Is a whole collection recognised? What the page takes from tables/set_test.csv."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from mia.access import reads_model
from mia.evaluation.set_test import LEVEL, TOLD_APART

POWER = ["power", "power_low", "power_high"]
NUMBERS = ("excess", "p_excess", "smallest_gap", "images_needed", "false_alarms")
COLUMNS = ("size", "difference", "p", "p_family", "blind_p", *NUMBERS, *POWER)
WORDS = ("target", "attack", "access", "note")


def collection(table: pd.DataFrame, target: str, verdict: str) -> dict[str, Any] | None:
    """Return the test of a target's members as one collection, None where there is none.

    Args:
        table: tables/set_test.csv, `COLUMNS` as floats, NaN where a cell is empty.
        target: Its name.
        verdict: On its two sets.

    Returns:
        `passed` in words, `level` of the test, `sizes` of the smaller collections, `alarms` (false
        ones of the whole, least and most, in [0, 1]), `rows` (the
        surest attack on the model first, those that never read it last; `power` as value, low, high
        at each size) and `notes`.
    """
    mine = table[table["target"] == target]
    if mine.empty:
        return None
    sizes = sorted(mine.loc[mine["power"].notna(), "size"].dropna().unique())
    rows = [_row(found, sizes) for _, found in mine.groupby("attack", sort=False)]
    rows.sort(key=lambda row: (row["blind"], *(_last(row[name]) for name in ("p_family", "p"))))
    return {
        "passed": _passed(rows),
        "level": LEVEL,
        "sizes": sizes,
        "alarms": _ends(mine),
        "rows": rows,
        "notes": _notes(mine, verdict),
    }


def _ends(mine: pd.DataFrame) -> tuple[float, float] | None:
    """The least and the largest share of false alarms of whole sets, by attacks on the model."""
    whole = mine[mine["p"].notna() & mine["access"].map(reads_model)]["false_alarms"].dropna()
    return (whole.min(), whole.max()) if len(whole) else None


def _row(found: pd.DataFrame, sizes: list[float]) -> dict[str, Any]:
    """One attack: its row of the whole collection, and the power at each of `sizes`."""
    whole = found.sort_values("p", kind="stable", na_position="last").iloc[0]
    power = found.dropna(subset="power").drop_duplicates("size").set_index("size")[POWER]
    return {
        **whole[["attack", *COLUMNS]].to_dict(),
        "blind": not reads_model(whole["access"]),
        "power": list(power.reindex(sizes).itertuples(index=False, name=None)),
    }


def _passed(rows: list[dict[str, Any]]) -> str:
    """How many attacks on the model pass; what it means is the answer's to say."""
    reading = [row for row in rows if not row["blind"]]
    passing = [row["attack"] for row in reading if row["p_family"] <= LEVEL]
    if not reading:
        return "Not asked: no attack here reads the model."
    return f"{len(passing)} of {len(reading)} attacks on the model pass."


def _notes(mine: pd.DataFrame, verdict: str) -> list[str]:
    """Each note once, with whom it concerns; not that of the baselines, which are shaded.

    Where chance made the sets, a baseline that tells them apart is luck and no objection.
    """
    mine = mine[mine["access"].map(reads_model)]
    if verdict == "BY DESIGN":
        mine = mine[mine["note"] != TOLD_APART]
    everyone, told = set(mine["attack"]), []
    for note, found in mine[mine["note"] != ""].groupby("note", sort=False):
        who = "" if set(found["attack"]) == everyone else f"{', '.join(found['attack'].unique())}: "
        told.append(f"{who}{note}")
    return told


def _last(p: float) -> float:
    return math.inf if math.isnan(p) else p
