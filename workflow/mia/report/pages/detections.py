"""How many images of a target are named: what the page takes from tables/detections.csv."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from mia.evaluation.detections import DIFFERENT, RATES
from mia.report.pages.collection_facts import Standing

NUMBERS = ("p", "adjusted", "rate")
WORDS = ("target", "attack", "image_id", "note")
FIRST = 3  # keys that the page gives


def detections(
    table: pd.DataFrame, target: str, verdict: str, attacks: list[str], members: int
) -> dict[str, Any]:
    """Return how many images each attack names, the most first.

    Args:
        table: tables/detections.csv, `NUMBERS` as floats.
        target: Its name.
        verdict: On its two sets.
        attacks: Those that read the model.
        members: Images that were asked about.

    Returns:
        `answer` in words, `rates`, `rows` (attack, number named at each rate), `members`, `notes`.
    """
    mine = table[table["target"] == target]
    rates = {attack: mine.loc[mine["attack"] == attack, "rate"] for attack in attacks}
    rows: list[dict[str, Any]] = [
        {"attack": attack, "blind": False, "named": [int((of <= rate).sum()) for rate in RATES]}
        for attack, of in rates.items()
    ]
    rows.sort(key=lambda row: row["named"][::-1], reverse=True)
    out = standing(table, target, len(attacks), members)
    answer = "None, whichever attack is read."
    if out.attack:
        answer = f"{out.numbers[-1]} of {members}, by {out.attack}."
    if verdict == DIFFERENT:
        answer, rows = "None can be: the sets differ.", []
    notes = sorted(set(mine["note"]))
    return {"answer": answer, "rates": RATES, "rows": rows, "members": members, "notes": notes}


def standing(
    table: pd.DataFrame,
    target: str,
    attacks: int,
    asked: int,
    keys: Mapping[str, str] | None = None,
) -> Standing:
    """Return the images that stand out by the attack that names most at the larger rate.

    Times the number of attacks, each rate holds for that attack too.

    Args:
        table: As in `detections`.
        target: Its name.
        attacks: How many read the model.
        asked: Images that were asked about.
        keys: Image_id to key, where the report may show keys.
    """
    mine = table[table["target"] == target].sort_values("p", kind="stable")
    mine = mine.assign(adjusted=mine["adjusted"] * attacks)
    most = mine.loc[mine["adjusted"] <= RATES[-1], "attack"].value_counts()
    if most.empty:
        return Standing("", [0] * len(RATES), asked)
    of = mine[mine["attack"] == most.index[0]]
    numbers = [int((of["adjusted"] <= rate).sum()) for rate in RATES]
    first = [keys[image] for image in of["image_id"].head(FIRST)] if keys is not None else []
    return Standing(most.index[0], numbers, asked, first[: numbers[-1]])
