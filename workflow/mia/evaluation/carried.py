"""Thresholds chosen on calibration, and what they do on evaluation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from mia import chance, checks, metrics
from mia.intervals import auc_interval, rate_interval


def at_limits(
    free: pd.DataFrame, evaluation: pd.DataFrame, limits: Sequence[float], confidence: float
) -> list[dict[str, Any]]:
    """Return what the thresholds that keep an FPR limit among calibration nonmembers achieve.

    Args:
        free: Calibration rows that the attack has not learnt from: columns score, member.
        evaluation: Evaluation rows, the same columns.
        limits: Of the FPR, in (0, 1); together they raise a false alarm with 1 - confidence.
        confidence: Two-sided level of the intervals (Clopper-Pearson: the threshold is fixed).

    Returns:
        One entry a limit: limit, n_calibration, alarm, threshold, fpr and tpr (value, low, high, or
        None where the limit allows fewer than two of the calibration nonmembers), note.
    """
    chosen_on = free.loc[~free["member"], "score"].to_numpy()
    level = (1 - confidence) / len(limits)
    return [_at_limit(chosen_on, evaluation, limit, confidence, level) for limit in limits]


def _at_limit(
    chosen_on, evaluation: pd.DataFrame, limit: float, confidence: float, level: float
) -> dict[str, Any]:
    allowed = metrics.allowed_false_positives(limit, len(chosen_on))
    entry = {"limit": limit, "n_calibration": len(chosen_on), "alarm": False}
    if checks.too_few(allowed):
        note = f"n/a: {len(chosen_on)} calibration nonmembers allow {allowed} false positives"
        return {**entry, "threshold": None, "fpr": None, "tpr": None, "note": note}
    threshold = metrics.calibrated_threshold(chosen_on, limit)
    called = evaluation["score"] >= threshold
    rates, counts = {}, {}
    for name, side in (("fpr", ~evaluation["member"]), ("tpr", evaluation["member"])):
        hits, n = int(called[side].sum()), int(side.sum())
        low, high = rate_interval(hits, n, confidence)
        rates[name] = {"value": hits / n, "low": low, "high": high}
        counts[name] = (hits, n)
    alarm = checks.threshold_does_not_carry(
        (int((chosen_on >= threshold).sum()), len(chosen_on)), counts["fpr"], level
    )
    exists = math.isfinite(threshold)
    note = "" if exists else "equal scores leave no threshold within the limit: nobody is called"
    return {
        **entry,
        "alarm": alarm,
        "threshold": threshold if exists else None,
        **rates,
        "note": note,
    }


def balanced_accuracy(
    free: pd.DataFrame, evaluation: pd.DataFrame, confidence: float, resamples: int, seed: int
) -> dict[str, Any] | None:
    """Return (TPR + 1 - FPR) / 2 on evaluation at the threshold of the best one on calibration.

    It is the AUC of being called a member, and gets an AUC's interval.

    Args:
        free: Calibration rows that the attack has not learnt from: columns score, member.
        evaluation: Evaluation rows: columns score, member, group.

    Returns:
        value, low, high, method, threshold (None where nobody is called), chance_low, chance_high;
        None where `free` lacks a class.
    """
    if free["member"].nunique() < 2:
        return None
    threshold = metrics.best_threshold(free["score"].to_numpy(), free["member"].to_numpy())
    called = (evaluation["score"] >= threshold).to_numpy()
    member, group = evaluation["member"].to_numpy(), evaluation["group"].to_numpy()
    found = auc_interval(called.astype(float), member, confidence, group, resamples, seed)
    size = int(member.sum()), int((~member).sum())
    band = chance.balanced_accuracy_band(*size, called.mean(), confidence)
    exists = math.isfinite(threshold)
    return asdict(found) | {"threshold": threshold if exists else None} | chance.ends(band)
