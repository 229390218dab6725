"""The verdict on a target: can its two sets be told apart without looking at the model?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mia.stats.holm import holm_adjusted
from mia.stats.intervals import auc_interval, detectable_auc
from mia.stats.paired import difference_from_chance

NO_BASELINE = "no blind baseline"


@dataclass(frozen=True)
class Channel:
    """What one blind baseline sees.

    Args:
        channel: What it looks at: its attack's name without `blind_`.
        attack: Name of its attack.
        auc: On the images that it is reported on.
        low: Lower end of the interval, Bonferroni over channels.
        high: Upper end.
        detectable: Smallest AUC that this many groups find with 80 % power at the same level.
        p: Chance of an AUC this far from 0.5, two-sided, Holm-adjusted over channels.
    """

    channel: str
    attack: str
    auc: float
    low: float
    high: float
    detectable: float
    p: float

    def __str__(self) -> str:
        return f"{self.auc:.2f} [{self.low:.2f}–{self.high:.2f}] ({self.channel})"


def channels_of(
    parts: dict[str, pd.DataFrame], confidence: float, resamples: int, seed: int
) -> list[Channel]:
    """Return one channel per blind baseline; all intervals hold at once with `confidence`.

    Args:
        parts: Attack name to its reported rows: columns score, member, group, block.
    """
    level = 1 - (1 - confidence) / max(len(parts), 1)
    found = []
    for (attack, rows), p in zip(parts.items(), _adjusted(parts), strict=True):
        member, group = rows["member"].to_numpy(), rows["group"].to_numpy()
        resampled = level, group, resamples, seed, rows["block"].to_numpy()
        auc = auc_interval(rows["score"].to_numpy(), member, *resampled)
        members, nonmembers = (len(np.unique(group[side])) for side in (member, ~member))
        detectable = detectable_auc(members, nonmembers, level)
        name = attack.removeprefix("blind_")
        found.append(Channel(name, attack, auc.value, auc.low, auc.high, detectable, p))
    return found


def _adjusted(parts: dict[str, pd.DataFrame]) -> list[float]:
    """Return each channel's p against a score that is the same for all, Holm-adjusted."""
    raw = [
        difference_from_chance(
            *(rows[name].to_numpy() for name in ("score", "member", "group", "block"))
        ).p
        for rows in parts.values()
    ]
    return holm_adjusted(raw)


def verdict(
    channels: Sequence[Channel],
    margin: float,
    by_design: bool,
    n_member: int,
    n_nonmember: int,
    level: float = 0.05,
) -> tuple[str, str]:
    """Return the verdict as a word and as a sentence.

    `NOT FAIR` if an interval lies wholly outside 0.5 ± margin, `FAIR` if all lie inside, else
    `UNDECIDED`; `BY DESIGN` replaces the last two where chance alone made the two sets. The
    sentence names, with its p, a channel that differs from chance without being outside.

    Args:
        channels: Of the blind baselines; without any, nothing can be decided.
        margin: Largest |AUC - 0.5| that still counts as fair.
        by_design: Whether both sets are random parts of one collection.
        n_member: Members that are reported on.
        n_nonmember: Nonmembers.
        level: A p below this is named.
    """
    low, high = 0.5 - margin, 0.5 + margin
    band = f"0.50 ± {margin:.2g}"
    size = f"n = {n_member} members + {n_nonmember} nonmembers"
    outside = [c for c in channels if c.low > high or c.high < low]
    size += _beyond_chance([c for c in channels if c.p < level and c not in outside])
    open_ = [c for c in channels if c not in outside and (c.low < low or c.high > high)]
    if outside:
        return "NOT FAIR", (
            "NOT FAIR: the two sets can be told apart without the model: "
            f"blind AUC {_listed(outside)}, wholly outside {band}; {size}"
        )
    if by_design:
        shown = f"blind AUC {_listed(channels)}" if channels else NO_BASELINE
        least = max((c.detectable for c in channels), default=1.0)
        power = f" would have shown {least:.2f} with 80 % power" if channels else ""
        return "BY DESIGN", (
            f"BY DESIGN: both sets are random parts of one collection; {shown}; {size}{power}"
        )
    if not channels:
        return "UNDECIDED", f"UNDECIDED: {NO_BASELINE}"
    if open_:
        return "UNDECIDED", (
            f"UNDECIDED: blind AUC {_listed(open_)} is neither inside nor outside {band}; {size}"
        )
    return "FAIR", (
        "FAIR: no blind baseline tells the two sets apart: "
        f"blind AUC {_listed(channels)}, inside {band}; {size}"
    )


def _listed(channels: Sequence[Channel]) -> str:
    """Return the channels as text, the one farthest from 0.5 first."""
    return ", ".join(map(str, sorted(channels, key=lambda c: (-abs(c.auc - 0.5), c.channel))))


def _beyond_chance(channels: Sequence[Channel]) -> str:
    told = ", ".join(f"{c.channel} (p = {c.p:.1g})" for c in sorted(channels, key=lambda c: c.p))
    return f"; beyond chance, but not beyond the margin: {told}" if told else ""
