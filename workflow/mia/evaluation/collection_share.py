"""How much of a claimed collection the model was trained on, from calls of single images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mia.stats.metrics import allowed_false_positives
from mia.stats.share_used import Rate, rate, share_at_least, share_used

LIMIT = 0.1  # FPR of the calls
REFERENCE = "by {attack}; its TPR is that on {target}, where it is known what was trained on"
WITHOUT = "for no target of this model it is known what was trained on: only a lower bound"
NOT_SAID = "told where the answer is Used: elsewhere a difference of the sets would count as use"
BLUNT = "no attack tells what the model was trained on in {target}: only a lower bound"


def share_cells(
    claimed: Mapping[str, pd.DataFrame],
    reference: Mapping[str, pd.DataFrame],
    target: str | None,
    confidence: float,
) -> dict[str, Any]:
    """Return the cells of a share used, keys as in `answer_rows.SHARE`.

    An image is called where it scores at least as high as the k-th highest nonmember of the
    collection's target, k for an FPR of `LIMIT`. The attack is the one that tells the reference's
    members best, so that it is chosen without the collection.

    Args:
        claimed: Attack to reported rows of the collection's target, of attacks that have learnt
            nothing: their scores are the same function of an image on every target.
        reference: The same of the target whose members are known; empty without one.
        target: That target's name.
        confidence: Of the interval and of the bound.
    """
    calls = {name: _rates(table) for name, table in claimed.items()}
    ours, known = ([pair[side] for pair in calls.values()] for side in (0, 1))
    least = share_at_least(ours, known, confidence) if calls else None
    cells: dict[str, Any] = {"share_at_least": least, "share_note": WITHOUT}
    rates = {
        name: rate(*_called(table, _threshold(claimed[name]), True))
        for name, table in reference.items()
        if name in calls
    }
    if not rates:
        return cells
    best = max(rates, key=lambda name: rates[name].value - calls[name][1].value)
    found = share_used(*calls[best], rates[best], confidence)
    if found is None:
        return {**cells, "share_note": BLUNT.format(target=target)}
    note = REFERENCE.format(attack=best, target=target)
    ends = {"share_used": found.value, "share_low": found.low, "share_high": found.high}
    return {**cells, **ends, "share_note": note}


def _rates(table: pd.DataFrame) -> tuple[Rate, Rate]:
    """Return the rate of calls among members, and among nonmembers."""
    threshold = _threshold(table)
    return rate(*_called(table, threshold, True)), rate(*_called(table, threshold, False))


def _called(table: pd.DataFrame, threshold: float, member: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return calls and groups of one side."""
    side = table[table["member"] == member]
    return (side["score"] >= threshold).to_numpy(), side["group"].to_numpy()


def _threshold(table: pd.DataFrame) -> float:
    known = np.sort(table.loc[~table["member"], "score"].to_numpy())[::-1]
    allowed = allowed_false_positives(LIMIT, len(known))
    return float(known[allowed - 1]) if allowed else float("inf")
