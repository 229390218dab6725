"""The timesteps of a chain, as queries name them: `first:last:stride`."""

from __future__ import annotations


def visited(visits: str) -> tuple[int, ...]:
    """Return the timesteps that a chain visits, in order; both ends are visited.

    >>> visited("0:100:50"), visited("100:0:-50")
    ((0, 50, 100), (100, 50, 0))
    """
    first, last, stride = map(int, visits.split(":"))
    return tuple(range(first, last + (1 if stride > 0 else -1), stride))


def stride(visits: str) -> int:
    """Return how far apart the visited timesteps are, whatever the direction.

    >>> stride("100:0:-50")
    50
    """
    return abs(int(visits.split(":")[2]))
