"""Thresholds chosen on the calibration fold, and the rates they reach on evaluation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from mia.evaluation import flags
from mia.stats import metrics, no_signal
from mia.stats.intervals import auc_interval, rate_interval


def at_limits(
    free: pd.DataFrame, evaluation: pd.DataFrame, limits: Sequence[float], confidence: float
) -> list[dict[str, Any]]:
    """Return the rates on evaluation of thresholds that keep an FPR limit on calibration.

    Args:
        free: Calibration rows that the attack has not learnt from: columns score, member, group.
        evaluation: Evaluation rows, the same columns.
        limits: Of the FPR, in (0, 1); together they raise a false alarm in 1 - confidence of cases.
        confidence: Two-sided level of the intervals (Clopper-Pearson, since the threshold is
            fixed). Intervals and alarm count groups, as if the images of a group were one image.

    Returns:
        One entry a limit: limit, n_calibration, alarm, threshold, fpr and tpr (value, low, high, or
        None where the limit allows fewer than two of the calibration nonmembers), note.
    """
    level = (1 - confidence) / len(limits)
    nonmembers = free[~free["member"]]
    return [_at_limit(nonmembers, evaluation, limit, confidence, level) for limit in limits]


def _at_limit(
    chosen_on: pd.DataFrame,
    evaluation: pd.DataFrame,
    limit: float,
    confidence: float,
    level: float,
) -> dict[str, Any]:
    allowed = metrics.allowed_false_positives(limit, len(chosen_on))
    entry = {"limit": limit, "n_calibration": len(chosen_on), "alarm": False}
    if flags.too_few(allowed):
        note = f"n/a: {len(chosen_on)} calibration nonmembers allow {allowed} false positives"
        return {**entry, "threshold": None, "fpr": None, "tpr": None, "note": note}
    threshold = metrics.calibrated_threshold(chosen_on["score"].to_numpy(), limit)
    nonmembers = evaluation[~evaluation["member"]]
    calibrated, evaluated = (
        (round(hits), groups)
        for hits, groups in (_reached(rows, threshold) for rows in (chosen_on, nonmembers))
    )
    alarm = flags.threshold_does_not_carry(calibrated, evaluated, level)
    exists = math.isfinite(threshold)
    note = "" if exists else "equal scores leave no threshold within the limit: nobody is called"
    return {
        **entry,
        "alarm": alarm,
        "threshold": threshold if exists else None,
        "fpr": _rate(nonmembers, threshold, confidence),
        "tpr": _rate(evaluation[evaluation["member"]], threshold, confidence),
        "note": note,
    }


def _rate(rows: pd.DataFrame, threshold: float, confidence: float) -> dict[str, float]:
    hits, groups = _reached(rows, threshold)
    low, high = rate_interval(hits, groups, confidence)
    return {"value": hits / groups, "low": low, "high": high}


def _reached(rows: pd.DataFrame, threshold: float) -> tuple[float, int]:
    """Return how many groups reach a threshold (share of images × groups), and all groups."""
    groups = rows["group"].nunique()
    return float((rows["score"] >= threshold).mean() * groups), groups


def balanced_accuracy(
    free: pd.DataFrame, evaluation: pd.DataFrame, confidence: float, resamples: int, seed: int
) -> dict[str, Any] | None:
    """Return (TPR + 1 - FPR) / 2 on evaluation at the threshold that is best on calibration.

    It is the AUC of the calls themselves, so it gets an AUC's interval.

    Args:
        free: Calibration rows that the attack has not learnt from: columns score, member.
        evaluation: Evaluation rows: columns score, member, group.

    Returns:
        value, low, high, method, threshold (None where no image is called), chance_low,
        chance_high; None where `free` lacks a class.
    """
    if free["member"].nunique() < 2:
        return None
    threshold = metrics.best_threshold(free["score"].to_numpy(), free["member"].to_numpy())
    called = (evaluation["score"] >= threshold).to_numpy()
    member, group = evaluation["member"].to_numpy(), evaluation["group"].to_numpy()
    found = auc_interval(called.astype(float), member, confidence, group, resamples, seed)
    groups = metrics.groups_of(member, group)
    band = no_signal.balanced_accuracy_band(*groups, called.mean(), confidence)
    exists = math.isfinite(threshold)
    return asdict(found) | {"threshold": threshold if exists else None} | no_signal.ends(band)
