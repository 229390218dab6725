"""Where the square that a model sees lies in an image: in its middle."""

from __future__ import annotations

from collections.abc import Iterator


def halvings(size: tuple[int, int], resolution: int) -> Iterator[tuple[int, int]]:
    """Yield (width, height) after each halving of ADM's preparation, rounded down.

    It halves while the shorter side is at least twice the resolution.

    >>> list(halvings((999, 401), 100))
    [(499, 200), (249, 100)]
    """
    while min(size) >= 2 * resolution:
        size = size[0] // 2, size[1] // 2
        yield size


def scaled(size: tuple[int, int], resolution: int) -> tuple[int, int]:
    """Return (width, height) of an image with its shorter side brought to `resolution`."""
    scale = resolution / min(size)
    width, height = (max(resolution, round(side * scale)) for side in size)
    return width, height


def corner(size: tuple[int, int], resolution: int) -> tuple[int, int]:
    """Return (left, top) of the square of `resolution` in the middle of an image of that size.

    >>> corner(scaled((300, 200), 100), 100)
    (25, 0)
    """
    left, top = ((side - resolution) // 2 for side in size)
    return left, top
