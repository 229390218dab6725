"""The numbers of one attack on one target: all of them from the evaluation fold."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

import pandas as pd

from mia import checks, metrics
from mia.evaluation.scored import fold_of
from mia.intervals import auc_interval, rate_interval, tpr_interval

LIMITS = (0.1, 0.01, 0.001)  # of the FPR


def numbers(
    rows: pd.DataFrame,
    source: str,
    confidence: float,
    resamples: int,
    seed: int,
    has_threshold: bool = True,
    fit_image_ids: Collection[str] = (),
) -> dict[str, Any]:
    """Return what metrics/{target}/{attack}.json says about scores.

    Args:
        rows: Index image_id; columns score, member, group, fold (`scored`).
        source: Name of the score file, for the messages.
        confidence: Two-sided level of every interval, in (0, 1).
        resamples: Bootstrap resamples.
        seed: Of the bootstrap; the same for every attack, so that they share resamples.
        has_threshold: Whether calibration left nonmembers to choose a threshold on; blind
            baselines learn on all of it and have none.
        fit_image_ids: Calibration images the attack has learnt from; they choose no threshold.

    Returns:
        n_member, n_nonmember, auc, tpr (one entry a limit), carried (one entry a limit, or None),
        advantage, flags.

    Raises:
        ValueError: The evaluation fold lacks a class.
    """
    evaluation = fold_of(rows, "evaluation", source)
    columns = evaluation["score"].to_numpy(), evaluation["member"].to_numpy()
    group = evaluation["group"].to_numpy()
    auc = auc_interval(*columns, confidence, group, resamples, seed)
    intervals = tpr_interval(*columns, LIMITS, confidence, group, resamples, seed)
    points = [metrics.tpr_at_fpr(*columns, limit) for limit in LIMITS]
    nonmembers = int((~evaluation["member"]).sum())
    carried = _carried(rows, evaluation, fit_image_ids, confidence) if has_threshold else None
    flags = {
        "constant": checks.constant(columns[0]),
        "below_chance": checks.below_chance(auc.high),
        "too_few": any(checks.too_few(point.allowed) for point in points),
        "few_false_positives": any(checks.few_false_positives(point.allowed) for point in points),
        "threshold_does_not_carry": any(entry["alarm"] for entry in carried or ()),
    }
    return {
        "n_member": len(evaluation) - nonmembers,
        "n_nonmember": nonmembers,
        "auc": asdict(auc),
        "tpr": [
            _tpr(limit, point, interval, nonmembers)
            for limit, point, interval in zip(LIMITS, points, intervals, strict=True)
        ],
        "carried": carried,
        "advantage": metrics.advantage(*columns),
        "flags": sorted(flag for flag, raised in flags.items() if raised),
    }


def _tpr(
    limit: float, point: metrics.OperatingPoint, interval: tuple[float, float], nonmembers: int
) -> dict[str, Any]:
    """One TPR at a limit; without a value where it would rest on fewer than two false positives."""
    entry = {"limit": limit, "value": None, "low": None, "high": None, "fpr": None}
    entry["false_positives_allowed"] = point.allowed
    if checks.too_few(point.allowed):
        note = f"n/a: {nonmembers} nonmembers allow {point.allowed} false positives at this limit"
        return {**entry, "false_positives": None, "note": note}
    few = checks.few_false_positives(point.allowed)
    entry |= {"value": point.tpr, "low": interval[0], "high": interval[1], "fpr": point.fpr}
    note = f"rests on at most {point.allowed} false positives" if few else ""
    return {**entry, "false_positives": point.made, "note": note}


def _carried(
    rows: pd.DataFrame, evaluation: pd.DataFrame, fit_image_ids: Collection[str], confidence: float
) -> list[dict[str, Any]]:
    """Thresholds chosen on calibration nonmembers, and what they do on evaluation."""
    free = (rows["fold"] == "calibration") & ~rows["member"] & ~rows.index.isin(fit_image_ids)
    chosen_on = rows.loc[free, "score"].to_numpy()
    return [_carry(chosen_on, evaluation, limit, confidence) for limit in LIMITS]


def _carry(chosen_on, evaluation: pd.DataFrame, limit: float, confidence: float) -> dict[str, Any]:
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
        (int((chosen_on >= threshold).sum()), len(chosen_on)),
        counts["fpr"],
        (1 - confidence) / len(LIMITS),
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
