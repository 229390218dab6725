"""What the blind twins of a target's attacks say: a cell each, and a note beside the table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mia.evaluation.blind_twin import COLUMNS
from mia.evaluation.set_test import LEVEL

WHAT = (
    "Where no control is given, the column Gain holds the blind twin: the AUC that the same score "
    "has when it is foretold from numbers of image, file and caption, without the model. R² is the "
    "share of the score that they foretell. An attack that is no better than its twin may read "
    "nothing but which images are easy."
)


def twin(row: Mapping[str, Any]) -> dict[str, float] | None:
    """Return `auc`, `r2` and `p` of a row's blind twin; None where it has none.

    Args:
        row: Of the (tidied) summary table, NaN where a cell is empty.
    """
    auc, r2, *_, p = (row[name] for name in COLUMNS)
    return None if math.isnan(auc) else {"auc": auc, "r2": r2, "p": p}


def twin_notes(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what a twin is, and which attacks are surely better than theirs; [] without any twin.

    Args:
        rows: The target's `attack_rows`.
    """
    with_one = [row for row in rows if row["twin"]]
    if not with_one:
        return []
    surely = ", ".join(row["attack"] for row in with_one if row["twin"]["p"] <= LEVEL)
    return [WHAT, f"Surely better than their blind twin: {surely or 'none'}."]
