"""The numbers of one attack on one target: all of them from the evaluation fold."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

import pandas as pd

from mia.evaluation import carried
from mia.evaluation.flags import (
    below_chance,
    constant,
    few_false_positives,
    few_groups,
    few_images,
    too_few,
)
from mia.evaluation.metrics_file import Numbers
from mia.evaluation.scored import fold_of
from mia.stats import metrics, no_signal
from mia.stats.intervals import auc_interval, partial_auc_interval, tpr_interval

PARTIAL = 0.1  # FPR up to which the partial AUC goes


def numbers(
    rows: pd.DataFrame,
    source: str,
    confidence: float,
    resamples: int,
    seed: int,
    has_threshold: bool = True,
    fit_image_ids: Collection[str] = (),
) -> Numbers:
    """Return what metrics/{target}/{attack}.json says about scores.

    Scores without signal land between `chance_low` and `chance_high` of a number with probability
    `confidence`, at this many groups of images (`mia.stats.no_signal`).

    Args:
        rows: Index image_id; columns score, member, group, fold (`scored`).
        source: Name of the score file, for the messages.
        confidence: Two-sided level of every interval, in (0, 1).
        resamples: Bootstrap resamples.
        seed: Of the bootstrap; the same for every attack, so that they share resamples.
        has_threshold: Whether calibration left images to choose a threshold on. Blind baselines
            learn from all of it and have no threshold.
        fit_image_ids: Calibration images that the attack has learnt from; they choose no threshold.

    Returns:
        n_member, n_nonmember, auc, partial_auc, tpr (one entry a limit), carried (one entry a
        limit, or None), balanced_accuracy (or None), advantage, flags.

    Raises:
        ValueError: The evaluation fold lacks a class.
    """
    evaluation = fold_of(rows, "evaluation", source)
    scores, member = evaluation["score"].to_numpy(), evaluation["member"].to_numpy()
    group = evaluation["group"].to_numpy()
    size, groups = (int(member.sum()), int((~member).sum())), metrics.groups_of(member, group)
    auc = auc_interval(scores, member, confidence, group, resamples, seed)
    partial = partial_auc_interval(scores, member, PARTIAL, confidence, group, resamples, seed)
    intervals = tpr_interval(scores, member, metrics.FPR_LIMITS, confidence, group, resamples, seed)
    points = [metrics.tpr_at_fpr(scores, member, limit) for limit in metrics.FPR_LIMITS]
    limits = balanced = None
    if has_threshold:
        free = rows[(rows["fold"] == "calibration") & ~rows.index.isin(fit_image_ids)]
        limits = carried.at_limits(free, evaluation, metrics.FPR_LIMITS, confidence)
        balanced = carried.balanced_accuracy(free, evaluation, confidence, resamples, seed)
    flags = {
        "few_images": few_images(min(size)),
        "few_groups": any(map(few_groups, groups, size)),
        "constant": constant(scores),
        "below_chance": below_chance(auc.high),
        "too_few": any(too_few(point.allowed) for point in points),
        "few_false_positives": any(few_false_positives(point.allowed) for point in points),
        "threshold_does_not_carry": any(entry["alarm"] for entry in limits or ()),
    }
    return {
        "n_member": size[0],
        "n_nonmember": size[1],
        "auc": asdict(auc) | no_signal.ends(no_signal.auc_band(*groups, confidence)),
        "partial_auc": {"limit": PARTIAL}
        | asdict(partial)
        | no_signal.ends(no_signal.partial_auc_band(*groups, PARTIAL, confidence)),
        "tpr": [
            _tpr(point, interval, size[1], limit)
            | no_signal.ends(no_signal.tpr_band(*groups, limit, confidence))
            for limit, point, interval in zip(metrics.FPR_LIMITS, points, intervals, strict=True)
        ],
        "carried": limits,
        "balanced_accuracy": balanced,
        "advantage": {"value": metrics.advantage(scores, member)}
        | no_signal.ends(no_signal.advantage_band(*groups, confidence)),
        "flags": sorted(flag for flag, raised in flags.items() if raised),
    }


def _tpr(
    point: metrics.OperatingPoint, interval: tuple[float, float], nonmembers: int, limit: float
) -> dict[str, Any]:
    """Return one TPR at a limit; its value is None below two allowed false positives."""
    entry = {"limit": limit, "value": None, "low": None, "high": None, "fpr": None}
    entry["false_positives_allowed"] = point.allowed
    if too_few(point.allowed):
        note = f"n/a: {nonmembers} nonmembers allow {point.allowed} false positives at this limit"
        return {**entry, "false_positives": None, "note": note}
    entry |= {"value": point.tpr, "low": interval[0], "high": interval[1], "fpr": point.fpr}
    note = f"rests on at most {point.allowed} false positives"
    return {**entry, "false_positives": point.fp, "note": note}
