"""An attack beside its blind twin: its own score, foretold without the model (`mia.blind.twin`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from mia.evaluation.metrics_file import Metrics
from mia.evaluation.scored import columns, comparable
from mia.stats.auc_differences import p_above
from mia.stats.holm import holm_adjusted
from mia.stats.metrics import auc
from mia.stats.paired import paired_auc_difference

COLUMNS = (
    *("auc_blind_twin", "blind_twin_r2"),
    *("auc_minus_twin", "auc_minus_twin_low", "auc_minus_twin_high", "p_twin"),
)


def to_foretell(rows: pd.DataFrame, learnt_from: Collection[str] = ()) -> pd.DataFrame:
    """Return the rows whose scores can be learnt from or foretold, with blocks from the first on.

    Where the evaluation fold is the only block, the calibration images that the attack has not
    learnt from come before it. Scores of an attack that learnt block by block are taken in
    deviations from their block's mean.

    Args:
        rows: Every scored image: columns score, member, group, fold, block.
        learnt_from: Calibration images that the attack has learnt from.
    """
    usable = rows[rows["score"].notna() & (rows["fold"] != "fit")]
    if usable["block"].max() > 0:
        usable = usable[usable["block"] >= 0]
        by_block = rows["score"].isna().any()
        return usable.assign(score=comparable(usable)) if by_block else usable
    return usable[~usable.index.isin(learnt_from)]


def twin_numbers(part: pd.DataFrame, told: pd.Series, confidence: float) -> dict[str, Any] | None:
    """Return how an attack does beside its twin, on the images whose score was foretold.

    Both AUCs are means over the same blocks; the errors of their difference are paired, by group.

    Args:
        part: As `to_foretell` returns it.
        told: The foretold scores, on the same index, NaN where there is none.
        confidence: Two-sided level of the difference's interval.

    Returns:
        auc (of the twin), r2 (share of the scores' variance within blocks that it foretells; below
        0 where it does worse than the mean), value, low, high (the attack's AUC minus its twin's),
        p (one-sided, of a difference of at most 0), n. None without both classes in a block, and
        where no score differs from another of its block: there is nothing to foretell.
    """
    seen = part.assign(told=told)
    seen = seen[seen["told"].notna()]
    kinds = seen.groupby("block")[["member", "score"]].nunique()
    if seen.empty or kinds["member"].min() < 2 or kinds["score"].max() < 2:
        return None
    score, foretold, member, group, block = columns(
        seen, "score", "told", "member", "group", "block"
    )
    found = paired_auc_difference(score, foretold, member, group, block)
    low, high = found.interval(confidence)
    return {
        "auc": auc(foretold, member, block),
        "r2": _explained(seen),
        "value": found.value,
        "low": low,
        "high": high,
        "p": p_above(found, 0.0),
        "n": len(seen),
    }


def _explained(seen: pd.DataFrame) -> float:
    within = seen["score"] - seen.groupby("block")["score"].transform("mean")
    left = seen["score"] - seen["told"]
    return 1 - float((left**2).sum()) / float((within**2).sum())


def twin_cells(metrics: Sequence[Metrics], tried: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return attack to the cells of its twin, keys as in `COLUMNS`, p Holm-adjusted over attacks.

    Args:
        metrics: Of one target.
        tried: The attacks that are asked; those without a twin are left out.
    """
    twins: Mapping[str, Any] = {
        found["attack"]: found["blind_twin"]
        for found in metrics
        if found["attack"] in tried and found["blind_twin"] is not None
    }
    adjusted = holm_adjusted([twin["p"] for twin in twins.values()])
    names = ("auc", "r2", "value", "low", "high")
    return {
        attack: dict(zip(COLUMNS, (*(twin[name] for name in names), p), strict=True))
        for (attack, twin), p in zip(twins.items(), adjusted, strict=True)
    }
