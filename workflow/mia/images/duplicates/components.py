"""Connected components: which rows belong together by links between pairs of them."""

from __future__ import annotations

import numpy as np
import pandas as pd


def components(size: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return for each of `size` positions the smallest position that is connected to it.

    >>> components(5, np.array([0, 3]), np.array([4, 1])).tolist()
    [0, 1, 2, 1, 0]
    """
    from scipy.sparse import coo_matrix  # here: every job that scores imports this module
    from scipy.sparse.csgraph import connected_components

    a, b = np.asarray(a, dtype=np.int64), np.asarray(b, dtype=np.int64)
    graph = coo_matrix((np.ones(len(a), np.int8), (a, b)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    smallest = np.full(size, size, dtype=np.int64)
    np.minimum.at(smallest, label, np.arange(size))
    return smallest[label]


def links(values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return position pairs that connect all rows of equal, non-null value.

    >>> [pair.tolist() for pair in links(pd.Series(["x", None, "x", "y", "x"]))]
    [[0, 0], [2, 4]]
    """
    values = values.reset_index(drop=True)
    position = pd.Series(values.index, index=values.index)[values.notna()]
    first = position.groupby(values[values.notna()].astype(str)).transform("first")
    later = first != position
    return first[later].to_numpy(np.int64), position[later].to_numpy(np.int64)
