"""Match one to one on the propensity: how member-like a row looks to all blind channels together.

Austin 2011, "An introduction to propensity score methods": nearest neighbour without replacement
within a caliper on the logit; the caliper here is narrower, 0.1 standard deviations.
"""

from __future__ import annotations

import bisect
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mia.blind import stack
from mia.images.split import place

CALIPER = 0.1  # standard deviations of the logit
REASON = f"unmatched: no counterpart within {CALIPER} SD of the propensity's logit"


@dataclass(frozen=True)
class Propensity:
    """The blind channels' logistic regression, fitted elsewhere.

    Args:
        model: Gives the logit.
        seed: Says in which order members choose.
    """

    model: stack.Stack
    seed: int

    def reasons(self, rows: pd.DataFrame, member: pd.Series) -> pd.Series:
        """Give each member, in hashed order, the nearest nonmember left; leave out the others."""
        logit = self.model.log_odds(rows)
        order = rows["image_id"].map(lambda name: place(self.seed, "match", name)).sort_values()
        member = member.loc[order.index].to_numpy(dtype=bool)
        logit = logit.loc[order.index].to_numpy()
        paired = pairs(logit[member], logit[~member], CALIPER * logit.std())
        kept = np.zeros(len(rows), dtype=bool)
        for side, column in ((member, 0), (~member, 1)):
            kept[np.flatnonzero(side)[[pair[column] for pair in paired]]] = True
        return pd.Series(np.where(kept, "", REASON), order.index)


def fit(rows: pd.DataFrame, member: pd.Series, seed: int) -> Propensity:
    """Learn the propensity; see `mia.targets.matching.method`."""
    return Propensity(stack.fit(rows, member, seed), seed)


def pairs(ours: np.ndarray, theirs: np.ndarray, caliper: float) -> list[tuple[int, int]]:
    """Return (i, j): each of `ours`, in turn, takes the nearest of `theirs` that is left.

    Args:
        ours: Numbers, in the order in which they choose.
        theirs: Numbers; of two equally near ones the smaller is taken.
        caliper: Largest distance of a pair.

    >>> pairs(np.array([1.0, 1.1, 5.0]), np.array([1.2, 0.7]), caliper=0.5)
    [(0, 0), (1, 1)]
    """
    place_of = np.argsort(theirs, kind="stable").tolist()
    left = np.sort(theirs).tolist()
    found = []
    for i, number in enumerate(ours.tolist()):
        after = bisect.bisect_left(left, number)
        near = [n for n in (after - 1, after) if 0 <= n < len(left)]
        nearest = min(near, key=lambda n: abs(left[n] - number), default=None)
        if nearest is not None and abs(left[nearest] - number) <= caliper:
            found.append((i, place_of.pop(nearest)))
            left.pop(nearest)
    return found
