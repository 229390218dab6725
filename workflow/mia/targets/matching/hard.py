"""Keep the hard rows: those that no blind channel can tell, either way.

After the non-classifiable sets of Eichler et al. 2024 (Nob-MIAs, arXiv 2408.05968).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from mia.blind import stack
from mia.stats.intervals import auc_interval

BAND = 0.1  # of the probability around one half
CONFIDENCE = 0.95  # that a channel can tell anything, of all channels at once
REASON = f"unmatched: a blind channel puts it outside 0.5 ± {BAND}"


@dataclass(frozen=True)
class Hard:
    """The blind channels that can tell the sides, and what their log odds are worth.

    Args:
        model: Gives the channels' log odds.
        worth: Channel to logistic regression of the side on its log odds, out of fold, both sides
            weighing alike.
    """

    model: stack.Stack
    worth: Mapping[str, Any]

    def reasons(self, rows: pd.DataFrame, member: pd.Series) -> pd.Series:
        """Leave out rows that some channel puts at a probability outside the band.

        The rule looks at no label: dropping what is classified rightly would turn the rest upside
        down.
        """
        log_odds = self.model.channels(rows)
        stays = pd.Series(True, rows.index)
        for name, worth in self.worth.items():
            probability = worth.predict_proba(log_odds[[name]])[:, 1]
            stays &= abs(probability - 0.5) <= BAND
        return stays.map({True: "", False: REASON})


def fit(rows: pd.DataFrame, member: pd.Series, seed: int) -> Hard:
    """Learn what each channel can tell; see `mia.targets.matching.method`.

    A channel whose AUC on rows held out of its fit is not above 0.5, interval and all, can tell
    nothing and is not asked.
    """
    from sklearn.linear_model import LogisticRegression

    model, member = stack.fit(rows, member, seed), member.to_numpy(dtype=bool)
    groups, worth = rows["group"].to_numpy(), {}
    level = 1 - (1 - CONFIDENCE) / len(model.classifiers)
    for name, held in model.out_of_fold.items():
        if auc_interval(held.to_numpy(), member, level, groups).low > 0.5:
            regression = LogisticRegression(class_weight="balanced")
            worth[name] = regression.fit(held.to_frame(), member)
    return Hard(model, worth)
