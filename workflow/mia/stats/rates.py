"""Intervals of plain rates: hits of so many independent images."""

from __future__ import annotations

import math

from scipy.special import betaincinv


def rate_interval(hits: float, n: int, confidence: float) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of `hits` of `n`; [0, 1] where `n` is 0.

    It is right for a threshold that was fixed on other images. For images in groups, `n` counts the
    groups, and `hits` may be a fraction, as if the images of a group were one image.
    """
    if n == 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = betaincinv(hits, n - hits + 1, tail) if hits > 0 else 0.0
    high = betaincinv(hits + 1, n - hits, 1 - tail) if hits < n else 1.0
    return float(low), float(high)


def wilson(rate: float, n: float, quantile: float) -> tuple[float, float]:
    """Return Wilson's 1927 score interval of a rate seen in `n` images, in [0, 1].

    Args:
        rate: In [0, 1].
        n: Images above 0; a fraction where they count less than single images would.
        quantile: Standard errors on each side.

    >>> [round(end, 4) for end in wilson(0.1, 10, 1.959964)]
    [0.0179, 0.4042]
    """
    square = quantile**2 / n
    middle = rate + square / 2
    half = math.sqrt(square * rate * (1 - rate) + square**2 / 4)
    return max(0.0, (middle - half) / (1 + square)), min(1.0, (middle + half) / (1 + square))


def rate_difference(
    first: tuple[float, float], second: tuple[float, float], quantile: float
) -> tuple[float, float]:
    """Return the interval of the first rate minus the second, in [-1, 1].

    It is method 10 of Newcombe 1998 (Interval estimation for the difference between independent
    proportions), which adds the squares of the distances to Wilson's ends.

    Args:
        first: A rate, and the images that it was seen in, as in `wilson`.
        second: The same.
        quantile: Standard errors on each side.
    """
    (p, q), (a, b) = (first[0], second[0]), (wilson(*first, quantile), wilson(*second, quantile))
    low = p - q - math.hypot(p - a[0], b[1] - q)
    high = p - q + math.hypot(a[1] - p, q - b[0])
    return max(-1.0, low), min(1.0, high)
