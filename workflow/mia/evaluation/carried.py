"""Thresholds that are chosen on some images, and the rates they reach on others."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from mia.evaluation import flags
from mia.evaluation.scored import comparable, learnt_by_block
from mia.stats import metrics, no_signal
from mia.stats.intervals import auc_interval, rate_interval

Direction = tuple[pd.DataFrame, pd.DataFrame]
NOBODY = "equal scores leave no threshold within the limit: nobody is called"
FALSE_ALARM = 0.001  # of one row: of a hundred targets with thirty rows, three raise it


def directions(
    rows: pd.DataFrame, reported: pd.DataFrame, learnt_from: Collection[str] = ()
) -> list[Direction]:
    """Return the rows that choose a threshold, and those on which it is tried, pair by pair.

    - An attack that learnt nothing: calibration and evaluation, both ways.
    - One that learnt block by block: all blocks before a block, and that block. Its scores of
      different blocks come from different fits, so they are taken in deviations from their block's
      mean (`comparable`): that needs no label.
    - One that learnt once, or that is reported on one half: the calibration images that it has not
      learnt from, and evaluation.

    No image is tried twice.

    Args:
        rows: Every scored image: columns score, member, group, fold, block.
        reported: Those that the attack is reported on (`mia.evaluation.scored.reported`).
        learnt_from: Calibration images that the attack has learnt from.
    """
    if learnt_by_block(reported):
        alike, block = reported.assign(score=comparable(reported)), reported["block"]
        later = sorted(block.unique())[1:]
        return [(alike[block < number], alike[block == number]) for number in later]
    if set(reported["fold"]) == {"evaluation"}:
        calibration = rows[(rows["fold"] == "calibration") & ~rows.index.isin(learnt_from)]
        return [(calibration, reported)]
    halves = [reported[reported["fold"] == fold] for fold in ("calibration", "evaluation")]
    return [(halves[0], halves[1]), (halves[1], halves[0])]


def at_limits(
    tried: Sequence[Direction], limits: Sequence[float], confidence: float
) -> list[dict[str, Any]] | None:
    """Return the rates of thresholds that keep an FPR limit on the images that chose them.

    Args:
        tried: As `directions` returns them: columns score, member, group, fold, block.
        limits: Of the FPR, in (0, 1).
        confidence: Two-sided level of the intervals (Clopper-Pearson, since each threshold is fixed
            where it is tried). Intervals and alarm count groups, as if the images of a group were
            one image.

    Returns:
        None where the attack has learnt from every image that could choose a threshold, else one
        entry a limit: limit, n_calibration (the most nonmembers that chose a threshold), alarm
        (`threshold_does_not_carry` in any direction), thresholds (one a direction; None where
        nobody is called), fpr and tpr (value, low, high, over all directions; None where the limit
        allows fewer than two nonmembers everywhere), members and nonmembers (how many were tried),
        note.
    """
    if not any(len(chosen_on) for chosen_on, _ in tried):
        return None
    return [_at_limit(tried, limit, confidence) for limit in limits]


def _at_limit(tried: Sequence[Direction], limit: float, confidence: float) -> dict[str, Any]:
    nonmembers = [len(chosen_on[~chosen_on["member"]]) for chosen_on, _ in tried]
    most = max(nonmembers, default=0)
    entry: dict[str, Any] = {"limit": limit, "n_calibration": most, "alarm": False}
    allowed = metrics.allowed_false_positives(limit, most)
    usable = [
        pair
        for pair, n in zip(tried, nonmembers, strict=True)
        if not flags.too_few(metrics.allowed_false_positives(limit, n))
    ]
    if not usable:
        note = f"n/a: {most} nonmembers that choose the threshold allow {allowed} false positives"
        entry |= {"thresholds": [], "fpr": None, "tpr": None, "fpr_each": []}
        return {**entry, "members": 0, "nonmembers": 0, "note": note}
    found = [_in_direction(*pair, limit, FALSE_ALARM / len(usable)) for pair in usable]
    thresholds = [one["threshold"] if math.isfinite(one["threshold"]) else None for one in found]
    note = "" if all(threshold is not None for threshold in thresholds) else NOBODY
    return {
        **entry,
        "alarm": any(one["alarm"] for one in found),
        "thresholds": thresholds,
        "fpr": _rate([one["fp"] for one in found], confidence),
        "tpr": _rate([one["tp"] for one in found], confidence),
        "fpr_each": [
            {"on": _where(on), **_rate([one["fp"]], confidence)}
            for (_, on), one in zip(usable, found, strict=True)
        ],
        "members": sum(int(on["member"].sum()) for _, on in usable),
        "nonmembers": sum(int((~on["member"]).sum()) for _, on in usable),
        "note": note,
    }


def _in_direction(
    chosen_on: pd.DataFrame, on: pd.DataFrame, limit: float, level: float
) -> dict[str, Any]:
    """Return the threshold, what (hits, groups) it reaches, and whether it does not carry."""
    chosen_on = chosen_on[~chosen_on["member"]]
    threshold = metrics.calibrated_threshold(chosen_on["score"].to_numpy(), limit)
    fp, tp = (_reached(on[on["member"] == side], threshold) for side in (False, True))
    chosen, tried = ((round(hits), n) for hits, n in (_reached(chosen_on, threshold), fp))
    alarm = flags.threshold_does_not_carry(chosen, tried, level)
    return {"threshold": threshold, "fp": fp, "tp": tp, "alarm": alarm}


def _where(on: pd.DataFrame) -> str:
    """Return where a threshold is tried: `evaluation`, `calibration` or `block 3`."""
    if learnt_by_block(on):
        return f"block {on['block'].iloc[0]}"
    return str(on["fold"].iloc[0])


def _rate(reached: Sequence[tuple[float, int]], confidence: float) -> dict[str, float]:
    hits, groups = (sum(counts) for counts in zip(*reached, strict=True))
    low, high = rate_interval(hits, groups, confidence)
    return {"value": hits / groups, "low": low, "high": high}


def _reached(rows: pd.DataFrame, threshold: float) -> tuple[float, int]:
    """Return how many groups reach a threshold (share of images × groups), and all groups."""
    groups = rows["group"].nunique()
    return float((rows["score"] >= threshold).mean() * groups), groups


def balanced_accuracy(tried: Sequence[Direction], confidence: float) -> dict[str, Any] | None:
    """Return (TPR + 1 - FPR) / 2 at the thresholds that are best on the images that chose them.

    It is the AUC of the calls themselves, so it gets an AUC's interval.

    Args:
        tried: As `directions` returns them.

    Returns:
        value, low, high, method, thresholds (one a direction; None where no image is called),
        chance_low, chance_high; None where no direction has both classes to choose on.
    """
    usable = [(first, on) for first, on in tried if first["member"].nunique() == 2]
    if not usable:
        return None
    thresholds = [
        metrics.best_threshold(first["score"].to_numpy(), first["member"].to_numpy())
        for first, _ in usable
    ]
    on = pd.concat([rows for _, rows in usable])
    called = np.concatenate(
        [rows["score"] >= limit for (_, rows), limit in zip(usable, thresholds, strict=True)]
    )
    member, group = on["member"].to_numpy(), on["group"].to_numpy()
    found = auc_interval(called.astype(float), member, confidence, group)
    groups = metrics.groups_of(member, group)
    band = no_signal.balanced_accuracy_band(*groups, called.mean(), confidence)
    told = [threshold if math.isfinite(threshold) else None for threshold in thresholds]
    return asdict(found) | {"thresholds": told} | no_signal.ends(band)
