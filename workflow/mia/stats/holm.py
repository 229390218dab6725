"""Holm's adjustment of many p-values (Holm 1979, A simple sequentially rejective procedure)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm_adjusted(p: Sequence[float]) -> list[float]:
    """Return the adjusted p-values, in [0, 1] and in the order of `p`; all hold at once.

    >>> holm_adjusted([0.01, 0.5, 0.02])
    [0.03, 0.5, 0.04]
    """
    raw = np.asarray(p, dtype=float)
    order = np.argsort(raw)
    adjusted = np.empty_like(raw)
    adjusted[order] = np.maximum.accumulate(raw[order] * np.arange(len(raw), 0, -1))
    return np.minimum(adjusted, 1).tolist()
