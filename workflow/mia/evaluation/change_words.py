"""What a defence or an unlearning changes, in words: a sentence a row, and one for all rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

LOWERED, RAISED, UNDECIDED = "lowered", "raised", "cannot be told apart"
DIRECTIONS = {-1: LOWERED, 1: RAISED, 0: UNDECIDED}  # side of the interval of after - before


def sentence(row: Mapping[str, Any], confidence: float) -> str:
    """Say the direction of a row's change and how large it is.

    Args:
        row: Of `mia.evaluation.before_after.change_rows`.
        confidence: Of its interval and its bound.

    >>> row = {"direction": "lowered", "before": "a", "after": "b", "change": -0.081}
    >>> row |= {"low": -0.11, "high": -0.05, "within": 0.1032}
    >>> sentence(row, 0.95)
    'b lowered the AUC by 0.08 [0.05 to 0.11] against a.'
    >>> sentence({**row, "direction": "cannot be told apart"}, 0.95)
    'a and b cannot be told apart: any change lies within ±0.104 (95 % sure).'
    """
    before, after = row["before"], row["after"]
    if row["direction"] == UNDECIDED:
        within = _within(row["within"], confidence)
        return f"{before} and {after} {UNDECIDED}: any change lies within {within}."
    nearer, farther = sorted((abs(row["low"]), abs(row["high"])))
    size = f"{abs(row['change']):.2f} [{nearer:.2f} to {farther:.2f}]"
    return f"{after} {row['direction']} the AUC by {size} against {before}."


def in_brief(rows: Sequence[Mapping[str, Any]], confidence: float) -> str:
    """Say what all rows of a comparison show together.

    Args:
        rows: Of `mia.evaluation.before_after.change_rows`, at least one.
        confidence: Of the bound.
    """
    before, after, attacks = rows[0]["before"], rows[0]["after"], _attacks(len(rows))
    count = {
        way: sum(row["direction"] == way for row in rows) for way in (LOWERED, RAISED, UNDECIDED)
    }
    if count[UNDECIDED] == len(rows):
        within = _within(max(row["within"] for row in rows), confidence)
        told = f"{before} and {after} {UNDECIDED} by {attacks}: any change lies within {within}."
    else:
        ways = [f"{way} the AUC of {count[way]}" for way in (LOWERED, RAISED) if count[way]]
        told = f"Of {attacks}, {after} {' and '.join(ways)} against {before}"
        told += f"; {count[UNDECIDED]} {UNDECIDED}." if count[UNDECIDED] else "."
    best = [max(rows, key=lambda row: row[end]) for end in ("auc_before", "auc_after")]
    largest = [
        f"{row[f'auc_{end}']:.2f} {end} ({row['attack']})"
        for end, row in zip(("before", "after"), best, strict=True)
    ]
    return f"{told} The largest AUC is {' and '.join(largest)}."


def _attacks(number: int) -> str:
    return "1 attack" if number == 1 else f"{number} attacks"


def _within(bound: float, confidence: float) -> str:
    """Return a bound rounded up, so that it still holds."""
    return f"±{min(1.0, math.ceil(1000 * bound) / 1000):.3f} ({100 * confidence:g} % sure)"
