"""Which curves a crowded figure shows at first: chosen on images that it does not report on."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from mia.access import reads_model
from mia.stats import metrics

MOST = 6
"""Attacks on the model that are drawn at first; further curves would hide each other."""


def shown(
    scores: Mapping[str, pd.DataFrame],
    access: Mapping[str, str],
    learnt: Mapping[str, Collection[str]],
    blind: Collection[str],
) -> list[str]:
    """Return the attacks a figure shows at first, in the order of `scores`.

    Of those that read the model, the `MOST` with the highest AUC on calibration images that they
    have not learnt from. Of the blind baselines, the one farthest from 0.5 on evaluation: the one
    that every attack is held against. Of neither, the one attack that is there.

    Args:
        scores: Attack to table, index image_id; columns score, member, fold.
        access: Attack to what it may read.
        learnt: Attack to the image_ids that it was fitted to.
        blind: Names of the blind baselines.
    """
    reading = [name for name in scores if reads_model(access[name])]
    heard = {
        name: _auc(scores[name].drop(index=learnt.get(name, ()), errors="ignore"), "calibration")
        for name in reading
    }
    best = sorted(reading, key=lambda name: -heard[name])[:MOST]
    hardest = sorted(
        (name for name in scores if name in blind),
        key=lambda name: -abs(_auc(scores[name], "evaluation") - 0.5),
    )[:1]
    chosen = {*best, *hardest} or set(scores)
    return [name for name in scores if name in chosen]


def _auc(rows: pd.DataFrame, fold: str) -> float:
    """AUC on a fold; 0.5 where it lacks a class."""
    rows = rows[rows["fold"] == fold]
    if rows["member"].nunique() < 2:
        return 0.5
    return metrics.auc(rows["score"].to_numpy(), rows["member"].to_numpy(bool))
