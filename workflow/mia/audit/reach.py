"""What a target's images can decide: the margin that they meet, and how many more would."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mia.audit.channels import Channel
from mia.audit.equivalence import images_for_margin, images_needed


@dataclass(frozen=True)
class Reach:
    """What these images can decide; power is 80 %.

    Args:
        within: Smallest margin that these images would have met, in [0, 0.5]: every interval of
            `FAIR` lies within 0.5 ± `within`.
        farthest: The channel whose AUC is farthest from 0.5.
        distance: Its |AUC − 0.5|.
        images: Images a side that meet the margin if the blind AUCs are what they are here; None
            where `distance` is no less than the margin.
        images_if_alike: Unrelated images a side that meet it if every blind AUC is 0.5.
        shown_at: Smallest blind AUC that these images tell from 0.5.
        not_fair_at: Smallest blind AUC that these images call `NOT FAIR`; 1 where none surely is.
    """

    within: float
    farthest: str
    distance: float
    images: int | None
    images_if_alike: int
    shown_at: float
    not_fair_at: float


def reach(
    channels: Sequence[Channel], margin: float, n_member: int, n_nonmember: int, confidence: float
) -> Reach | None:
    """Return what the images can decide; None without any channel.

    Args:
        channels: Of the blind baselines.
        margin: Largest |AUC − 0.5| that still counts as fair.
        n_member: Members that are reported on.
        n_nonmember: Nonmembers in it.
        confidence: 1 − α of both claims.
    """
    if not channels:
        return None
    farthest = max(channels, key=lambda channel: channel.distance)
    shown = max(channel.detectable for channel in channels)
    return Reach(
        within=max(channel.within for channel in channels),
        farthest=farthest.channel,
        distance=farthest.distance,
        images=images_needed(
            [channel.distance for channel in channels],
            [channel.error(confidence) for channel in channels],
            2 * n_member * n_nonmember / (n_member + n_nonmember),
            margin,
            confidence,
        ),
        images_if_alike=images_for_margin(margin, len(channels), confidence),
        shown_at=shown,
        not_fair_at=min(1.0, shown + margin),
    )


def bound(found: Reach) -> str:
    """Return the margin that these images would have met, rounded up, in words."""
    return f"every blind AUC lies within 0.5 ± {math.ceil(1000 * found.within - 1e-9) / 1000:.3f}"


def would_decide(found: Reach, margin: float) -> str:
    """Return how many images would meet the margin, in words."""
    if found.images is None:
        return (
            f"no number of images meets the margin if {found.farthest} stays {found.distance:.3f} "
            f"from 0.5, with ± {margin:.2g} allowed; if every blind AUC were 0.5, "
            f"{_about(found.images_if_alike)} evaluated images a side would, with 80 % power"
        )
    return (
        f"{_about(found.images)} evaluated images a side would meet the margin with 80 % power, if "
        "the blind AUCs are what they are here"
    )


def power(found: Reach) -> str:
    """Return which blind AUC these images tell from chance, and which they call `NOT FAIR`."""
    if found.not_fair_at >= 1:
        return "so few images call no blind AUC NOT FAIR with 80 % power"
    return (
        f"with 80 % power these images would have shown a blind AUC of {found.shown_at:.2f} to "
        f"differ from 0.5, and would have called one of {found.not_fair_at:.2f} NOT FAIR"
    )


def _about(images: int) -> str:
    """Return a number of images, rounded up to two digits.

    >>> _about(4013), _about(87)
    ('about 4,100', 'about 87')
    """
    step = 10 ** max(0, len(str(images)) - 2)
    return f"about {math.ceil(images / step) * step:,}"
