"""Scores of one attack as a test of a whole set takes them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mia.evaluation.scored import comparable


def of_images(table: pd.DataFrame) -> np.ndarray:
    """Return scores in standard deviations of the nonmembers, comparable over blocks `(images,)`.

    Args:
        table: Reported rows.
    """
    scores = comparable(table).to_numpy(dtype=float)
    spread = scores[~table["member"].to_numpy(dtype=bool)].std()
    return scores / (spread if spread > 0 else 1.0)


def sides(table: pd.DataFrame) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return scores and groups of the members, then of the nonmembers."""
    scores, member = of_images(table), table["member"].to_numpy(dtype=bool)
    group = table["group"].to_numpy()
    return [(scores[one], group[one]) for one in (member, ~member)]


def can_be_told(table: pd.DataFrame) -> bool:
    """Whether each class has the two groups that a test needs."""
    return bool((table.groupby("member")["group"].nunique() >= 2).all())
