"""Which curves a crowded figure shows at first."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from mia.access import reads_model
from mia.evaluation.scored import columns
from mia.stats import metrics

MOST = 6
"""Attacks on the model that are drawn at first; further curves would hide each other."""


def shown(
    parts: Mapping[str, pd.DataFrame], access: Mapping[str, str], blind: Collection[str]
) -> list[str]:
    """Return the attacks a figure shows at first, in the order of `parts`.

    Of those that read the model, the `MOST` with the highest AUC. Of the blind baselines, the one
    farthest from 0.5: the one that every attack is held against. Of neither, the one attack that is
    there.

    Args:
        parts: Attack to reported rows.
        access: Attack to what it may read.
        blind: Names of the blind baselines.
    """
    auc = {
        name: metrics.auc(*columns(rows, "score", "member", "block"))
        for name, rows in parts.items()
    }
    reading = [name for name in parts if reads_model(access[name])]
    best = sorted(reading, key=lambda name: -auc[name])[:MOST]
    seen = [name for name in parts if name in blind]
    hardest = sorted(seen, key=lambda name: -abs(auc[name] - 0.5))[:1]
    chosen = {*best, *hardest} or set(parts)
    return [name for name in parts if name in chosen]
