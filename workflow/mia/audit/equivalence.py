"""Equivalence of two sets: the tests of the verdict, their power, and the images they need.

Sets are equivalent if every blind AUC lies within 0.5 ± margin. Each channel is tested by two
one-sided tests (Schuirmann 1987): its (1 − 2α) interval has to lie within the margin. The sets pass
if every channel passes, an intersection-union test (Berger 1982). So its level is α without a
correction for several channels.

Power is the product of the channels' powers. The real power is at least that at AUCs of 0.5,
however the channels go together (Šidák 1967), and elsewhere where they go the same way (Slepian
1962), as blind baselines on the same images do.

Arguments that all functions share: `margin` is the largest |AUC − 0.5| that counts as equivalent,
in (0, 0.5]; `confidence` is 1 − α, in (0.5, 1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from mia.stats.intervals import detectable_auc
from mia.stats.metrics import NORMAL

POWER = 0.8  # chance of the right answer, at which a number of images is called enough
DOUBLINGS = 60  # of the images, and halvings after it: `images_needed` stops there


def equivalence_level(confidence: float) -> float:
    """Return the level 1 − 2α of the interval that has to lie within the margin.

    >>> round(equivalence_level(0.95), 2)
    0.9
    """
    return 2 * confidence - 1


def not_fair_level(confidence: float, channels: int) -> float:
    """Return the level of the intervals of which one has to lie outside: Bonferroni over channels.

    >>> round(not_fair_level(0.95, 5), 2)
    0.99
    """
    return 1 - (1 - confidence) / max(channels, 1)


def not_fair_auc(
    members: int, nonmembers: int, channels: int, margin: float, confidence: float
) -> float:
    """Return the smallest blind AUC above 0.5 that is called `NOT FAIR` with `POWER`; at most 1.

    >>> round(not_fair_auc(2500, 2500, 5, 0.03, 0.95), 3)
    0.558
    """
    level = not_fair_level(confidence, channels)
    return min(1.0, detectable_auc(members, nonmembers, level, POWER) + margin)


def chance_error(members: float, nonmembers: float) -> float:
    """Return the standard error of an AUC of 0.5 at so many unrelated images of each side.

    It is that of the rank sum statistic, √((m + n + 1) / 12mn).
    """
    return math.sqrt((members + nonmembers + 1) / (12 * members * nonmembers))


def power(
    distances: Sequence[float], errors: Sequence[float], margin: float, confidence: float
) -> float:
    """Return the chance, in [0, 1], that every channel's interval lies within the margin.

    Args:
        distances: |true AUC − 0.5| of each channel.
        errors: Standard error of each channel's AUC, above 0.
    """
    z, found = NORMAL.inv_cdf(confidence), 1.0
    for distance, error in zip(distances, errors, strict=True):
        near, far = ((margin + sign * distance) / error - z for sign in (-1, 1))
        found *= max(0.0, NORMAL.cdf(near) + NORMAL.cdf(far) - 1)
    return found


def reachable_margin(
    members: int, nonmembers: int, channels: int, confidence: float, chance: float = POWER
) -> float:
    """Return the smallest margin that channels of true AUC 0.5 meet with this chance; at most 0.5.

    Args:
        members, nonmembers: Unrelated images of each side.
        channels: How many blind baselines have to lie within it.
        chance: In (0, 1).

    >>> round(reachable_margin(2500, 2500, 1, 0.95), 4)
    0.0239
    """
    errors = _errors_within(channels, confidence, chance)
    return min(0.5, errors * chance_error(members, nonmembers))


def images_for_margin(margin: float, channels: int, confidence: float) -> int:
    """Return how many unrelated images a side the margin needs where every true AUC is 0.5.

    >>> images_for_margin(0.03, 1, 0.95)
    1587
    """
    twelve = 12 * (margin / _errors_within(channels, confidence)) ** 2
    return math.ceil((1 + math.sqrt(1 + twelve)) / twelve)


def images_needed(
    distances: Sequence[float],
    errors: Sequence[float],
    size: float,
    margin: float,
    confidence: float,
) -> int | None:
    """Return how many images a side meet the margin with `POWER`, if these AUCs are the true ones.

    Errors shrink with the root of the number of images.

    Args:
        distances, errors: As of `power`, errors at the size at hand.
        size: Images a side at hand; of unequal sides their harmonic mean.

    Returns:
        At least 1; None where a distance is no less than the margin, as no number is enough.
    """
    if max(distances, default=0.0) >= margin:
        return None

    def enough(times: float) -> bool:
        return power(distances, [e / math.sqrt(times) for e in errors], margin, confidence) >= POWER

    low, high = 0.0, 1.0
    for _ in range(DOUBLINGS):
        if enough(high):
            break
        low, high = high, 2 * high
    for _ in range(DOUBLINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if middle > 0 and enough(middle) else (middle, high)
    return max(1, math.ceil(size * high))


def _errors_within(channels: int, confidence: float, chance: float = POWER) -> float:
    """Return how many standard errors a margin has to span for this chance at AUCs of 0.5."""
    each = chance ** (1 / max(channels, 1))
    return NORMAL.inv_cdf(confidence) + NORMAL.inv_cdf((1 + each) / 2)
