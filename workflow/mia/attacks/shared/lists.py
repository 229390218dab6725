"""Columns of a signal that hold a list of numbers in each row, as one array."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def stacked(column: pd.Series) -> np.ndarray:
    """Return a list column as `(rows, length)`, float64.

    Args:
        column: Of a table of `mia.evidence.Evidence`: an array in each row, all of one length.

    Raises:
        ValueError: A row holds no list, or one of another length than the first.

    >>> import pandas as pd
    >>> stacked(pd.Series([np.array([1.0, 2.0]), np.array([3.0, 4.0])], name="sq_norms")).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    lengths = [-1 if cell is None else len(cell) for cell in column]
    if -1 in lengths:
        raise ValueError(f"{column.name}: a row holds no list; expected one in each row")
    if len(set(lengths)) > 1:
        found = " and ".join(map(str, sorted(set(lengths))))
        raise ValueError(f"{column.name}: lists of {found} numbers; expected one length")
    return np.stack([*column]).astype(np.float64) if lengths else np.zeros((0, 0))
