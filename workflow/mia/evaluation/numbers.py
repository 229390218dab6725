"""The numbers of one attack on one target, all of them from the images it is reported on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from mia.evaluation import carried, learner_bands
from mia.evaluation.flags import (
    below_chance,
    constant,
    few_false_positives,
    few_groups,
    few_images,
    too_few,
)
from mia.evaluation.metrics_file import Numbers
from mia.evaluation.scored import comparable, learnt_by_block, reported
from mia.stats import metrics, no_signal
from mia.stats.intervals import auc_interval, partial_auc_interval, tpr_interval

PARTIAL = 0.1  # FPR up to which the partial AUC goes


def numbers(
    rows: pd.DataFrame,
    source: str,
    confidence: float,
    resamples: int,
    seed: int,
    fit_image_ids: Collection[str] = (),
) -> Numbers:
    """Return what metrics/{target}/{attack}.json says about scores.

    Scores without signal land between `chance_low` and `chance_high` of a number with probability
    `confidence`, at this many groups of images (`mia.stats.no_signal`).

    Where the attack learnt block by block, AUC and partial AUC are means over blocks, and each TPR
    at a limit is that of thresholds from the nonmembers of earlier blocks (`carried.directions`).

    Args:
        rows: Index image_id; columns score, member, group, fold, block (`scored`).
        source: Name of the score file, for the messages.
        confidence: Two-sided level of every interval, in (0, 1).
        resamples: Bootstrap resamples.
        seed: Of the bootstrap; the same for every attack, so that they share resamples.
        fit_image_ids: Calibration images that the attack has learnt from; they choose no threshold.

    Returns:
        n_member, n_nonmember, auc, partial_auc, tpr (one entry a limit), carried (one entry a
        limit, or None), balanced_accuracy (or None), advantage, flags.

    Raises:
        ValueError: No member or no nonmember is reported on.
    """
    part = reported(rows, source)
    by_block = learnt_by_block(part)
    scores, member = part["score"].to_numpy(), part["member"].to_numpy()
    group, block = part["group"].to_numpy(), part["block"].to_numpy() if by_block else None
    size, groups = (int(member.sum()), int((~member).sum())), metrics.groups_of(member, group)
    resampled = confidence, group, resamples, seed
    auc = auc_interval(scores, member, confidence, group, block)
    partial = partial_auc_interval(scores, member, PARTIAL, *resampled, block)
    tried = carried.directions(rows, part, fit_image_ids)
    limits = carried.at_limits(tried, metrics.FPR_LIMITS, confidence)
    balanced = carried.balanced_accuracy(tried, confidence)
    if by_block and limits:
        tpr = [_transferred(entry) for entry in limits]
    else:
        tpr = _at_limits(scores, member, *resampled)
    if by_block:
        bands = learner_bands.tpr_bands(part, metrics.FPR_LIMITS, confidence)
        partial_band = learner_bands.partial_auc_band(part, PARTIAL, confidence)
    else:
        bands = [
            no_signal.tpr_band(*groups, limit, confidence, size[1]) for limit in metrics.FPR_LIMITS
        ]
        partial_band = no_signal.partial_auc_band(*groups, PARTIAL, confidence)
    flags = {
        "few_images": few_images(min(size)),
        "few_groups": any(map(few_groups, groups, size)),
        "constant": constant(scores),
        "below_chance": below_chance(auc.high),
        "too_few": any(too_few(one["false_positives_allowed"]) for one in tpr),
        "few_false_positives": any(
            few_false_positives(one["false_positives_allowed"]) for one in tpr
        ),
        "threshold_does_not_carry": any(entry["alarm"] for entry in limits or ()),
    }
    return {
        "n_member": size[0],
        "n_nonmember": size[1],
        "auc": asdict(auc) | no_signal.ends(no_signal.auc_band(*groups, confidence)),
        "partial_auc": {"limit": PARTIAL} | asdict(partial) | no_signal.ends(partial_band),
        "tpr": [entry | no_signal.ends(band) for entry, band in zip(tpr, bands, strict=True)],
        "carried": limits,
        "balanced_accuracy": balanced,
        "advantage": {"value": metrics.advantage(comparable(part).to_numpy(), member)}
        | no_signal.ends(no_signal.advantage_band(*groups, confidence)),
        "flags": sorted(flag for flag, raised in flags.items() if raised),
    }


def _at_limits(
    scores: np.ndarray,
    member: np.ndarray,
    confidence: float,
    group: np.ndarray,
    resamples: int,
    seed: int,
) -> list[dict[str, Any]]:
    """Return the TPR at each limit, thresholds chosen on the same nonmembers."""
    limits = metrics.FPR_LIMITS
    intervals = tpr_interval(scores, member, limits, confidence, group, resamples, seed)
    nonmembers = int((~member).sum())
    return [
        _tpr(metrics.tpr_at_fpr(scores, member, limit), interval, nonmembers, limit)
        | {"published": _published(scores, member, limit)}
        for limit, interval in zip(limits, intervals, strict=True)
    ]


def _published(scores: np.ndarray, member: np.ndarray, limit: float) -> float | None:
    """Return the TPR as papers print it; None where the limit allows too few false positives."""
    point = metrics.published_tpr_at_fpr(scores, member, limit)
    return None if too_few(point.allowed) else point.tpr


def _transferred(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the TPR of thresholds from earlier blocks, in the shape of `_tpr`."""
    limit, chosen_by = entry["limit"], entry["n_calibration"]
    allowed = metrics.allowed_false_positives(limit, chosen_by)
    told = {"limit": limit, "false_positives_allowed": allowed}
    if entry["tpr"] is None:
        ends = {"value": None, "low": None, "high": None, "fpr": None, "false_positives": None}
        return {**told, **ends, "note": entry["note"]}
    fpr = entry["fpr"]["value"]
    note = f"thresholds from the nonmembers of earlier blocks, at most {chosen_by}"
    told |= {"false_positives": round(fpr * entry["nonmembers"]), "n": entry["members"]}
    return {**told, **entry["tpr"], "fpr": fpr, "note": f"{note}; FPR reached {100 * fpr:.1f} %"}


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
