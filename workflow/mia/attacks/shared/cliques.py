"""The largest group of things that are all near each other."""

from __future__ import annotations

from collections.abc import Sequence


def largest_clique(near: Sequence[int]) -> int:
    """Return the size of the largest clique of a graph, exactly; at least 1.

    Args:
        near: For each node, the nodes that it is joined to, one bit each. At most about 16 nodes:
            the time grows exponentially.

    >>> largest_clique([0b0110, 0b0101, 0b1011, 0b0100])  # 0, 1 and 2 are all joined
    3
    """

    def grow(size: int, candidates: int) -> int:
        best = size
        while candidates:
            if size + candidates.bit_count() <= best:
                break
            node = candidates.bit_length() - 1
            candidates &= ~(1 << node)
            best = max(best, grow(size + 1, candidates & near[node]))
        return best

    return grow(0, (1 << len(near)) - 1)
