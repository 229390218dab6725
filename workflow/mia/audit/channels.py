"""What the blind baselines see of a target's two sets: an AUC each, with two intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mia.audit.equivalence import equivalence_level, not_fair_level
from mia.stats.holm import holm_adjusted
from mia.stats.intervals import auc_interval, detectable_auc
from mia.stats.metrics import NORMAL
from mia.stats.paired import difference_from_chance

READ = ("score", "member", "group", "block")
LEAST = 1e-9  # half width that an interval has at least, where errors are computed from it


@dataclass(frozen=True)
class Channel:
    """What one blind baseline sees.

    Args:
        channel: What it looks at: its attack's name without `blind_`.
        attack: Name of its attack.
        auc: On the images that it is reported on.
        fair_low: Lower end of the interval that `FAIR` asks for
            (`equivalence_level`); each holds alone.
        fair_high: Upper end.
        not_fair_low: Lower end of the interval that `NOT FAIR` asks for (`not_fair_level`); those
            of all channels hold at once.
        not_fair_high: Upper end.
        detectable: Smallest AUC that this many groups tell from 0.5 with 80 % power, at the level
            of `NOT FAIR`.
        p: Chance of an AUC this far from 0.5, two-sided, Holm-adjusted over channels.
    """

    channel: str
    attack: str
    auc: float
    fair_low: float
    fair_high: float
    not_fair_low: float
    not_fair_high: float
    detectable: float
    p: float

    @property
    def distance(self) -> float:
        """|AUC − 0.5|, in [0, 0.5]."""
        return abs(self.auc - 0.5)

    @property
    def within(self) -> float:
        """The smallest margin that the interval of `FAIR` lies within, in [0, 0.5]."""
        return max(abs(self.fair_low - 0.5), abs(self.fair_high - 0.5))

    def error(self, confidence: float) -> float:
        """Return the standard error of the AUC that the interval of `FAIR` implies, above 0."""
        half = max(self.fair_high - self.auc, self.auc - self.fair_low, LEAST)
        return half / NORMAL.inv_cdf(confidence)


def channels_of(parts: dict[str, pd.DataFrame], confidence: float) -> list[Channel]:
    """Return one channel per blind baseline.

    Args:
        parts: Attack name to its reported rows: columns score, member, group, block.
        confidence: 1 − α of both claims, in (0.5, 1).
    """
    fair, not_fair = equivalence_level(confidence), not_fair_level(confidence, len(parts))
    found = []
    for (attack, rows), p in zip(parts.items(), _adjusted(parts), strict=True):
        score, member, group, block = (rows[name].to_numpy() for name in READ)
        inner, outer = (
            auc_interval(score, member, level, group, block) for level in (fair, not_fair)
        )
        members, nonmembers = (len(np.unique(group[side])) for side in (member, ~member))
        ends = inner.low, inner.high, outer.low, outer.high
        detectable = detectable_auc(members, nonmembers, not_fair)
        name = attack.removeprefix("blind_")
        found.append(Channel(name, attack, inner.value, *ends, detectable, p))
    return found


def _adjusted(parts: dict[str, pd.DataFrame]) -> list[float]:
    """Return each channel's p against a score that is the same for all, Holm-adjusted."""
    raw = [
        difference_from_chance(*(rows[name].to_numpy() for name in READ)).p
        for rows in parts.values()
    ]
    return holm_adjusted(raw)
