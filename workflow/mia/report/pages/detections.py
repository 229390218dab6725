"""How many images of a target are named: what the page takes from tables/detections.csv."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mia.evaluation.detections import DIFFERENT, RATES

NUMBERS = ("p", "adjusted", "rate")
WORDS = ("target", "attack", "image_id", "note")


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
    # Times the number of attacks, the rate holds for the one that names most too.
    sure = mine[mine["adjusted"] * len(attacks) <= RATES[-1]]
    most = sure["attack"].value_counts()
    answer = "None, whichever attack is read."
    if len(most):
        answer = f"{most.iloc[0]} of {members}, by {most.index[0]}."
    if verdict == DIFFERENT:
        answer, rows = "None can be: the sets differ.", []
    notes = sorted(set(mine["note"]))
    return {"answer": answer, "rates": RATES, "rows": rows, "members": members, "notes": notes}
