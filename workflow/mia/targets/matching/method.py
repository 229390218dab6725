"""Matching: which rows of calibration and evaluation have no counterpart on the other side."""

from __future__ import annotations

from typing import Protocol

import pandas as pd

from mia.targets import folds


class Matcher(Protocol):
    """What a way to match returns once it has learnt how the two sides differ."""

    def reasons(self, rows: pd.DataFrame, member: pd.Series) -> pd.Series:
        """Say why each row is left out, "" where it stays; on the index of `rows`."""


class Method(Protocol):
    """A module of `mia.targets.matching`."""

    def fit(self, rows: pd.DataFrame, member: pd.Series, seed: int) -> Matcher:
        """Learn from manifest rows (and `group`) and their sides how the sides differ."""


def unmatched(rows: pd.DataFrame, method: Method, seed: int) -> pd.Series:
    """Return why each row of the folds calibration and evaluation is left out, "" where it stays.

    What is matched can be tested, because nothing of it was learnt from: `method` is fitted to the
    rows of the fold `fit` alone, and calibration and evaluation are then matched one by one.

    Args:
        rows: Manifest columns, and `member`, `group`, `fold`; kept rows only.
        method: A module of `mia.targets.matching`.
        seed: The experiment's seed.
    """
    seen = rows[rows["fold"] == folds.FIT]
    matcher = method.fit(seen, seen["member"], seed)
    reasons = [
        matcher.reasons(part, part["member"])
        for part in (rows[rows["fold"] == fold] for fold in (folds.CALIBRATION, folds.EVALUATION))
    ]
    return pd.concat(reasons)
