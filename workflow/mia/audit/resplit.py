"""Blind baselines on other splits of a target: how chance moves them, and a test of the test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mia.evidence import Evidence
from mia.stats.intervals import auc_interval
from mia.stats.metrics import auc
from mia.targets import equal_captions, folds


def spread(
    attacks: Mapping[str, Any], images: pd.DataFrame, rows: pd.DataFrame, splits: int, seed: int
) -> dict[str, dict[str, float]]:
    """Return each blind baseline's lowest, mean and highest AUC over reseeded splits.

    Each split deals the groups anew into calibration and evaluation; the baselines are fitted and
    tested again. Splits that leave a fold without a class are left out.

    Args:
        attacks: Name to blind baseline, unfitted.
        images: Manifest columns, index image_id.
        rows: Columns member and group, the same index.
        splits: How many; the seeds are `seed` + 1, `seed` + 2, …
        seed: The experiment's seed.

    Returns:
        Attack to `low`, `mean`, `high`, `splits`; attacks without any split are left out.
    """
    found: dict[str, list[float]] = {}
    for number in range(1, splits + 1):
        tested = _tested(rows["member"], rows["group"], images["caption"], seed + number)
        for name, attack in attacks.items() if tested is not None else ():
            score, member = _score(attack, images, rows["member"], tested, seed)
            found.setdefault(name, []).append(auc(score, member))
    return {
        name: {"low": min(a), "mean": float(np.mean(a)), "high": max(a), "splits": len(a)}
        for name, a in found.items()
    }


def self_test(
    attacks: Mapping[str, Any],
    images: pd.DataFrame,
    rows: pd.DataFrame,
    confidence: float,
    seed: int,
) -> dict[str, dict[str, Any]]:
    """Return how well each baseline tells members from members: random halves by group.

    Nothing can tell such halves apart. An AUC away from 0.5 is a mistake in the test, or chance.
    All intervals hold at once with `confidence`.

    Args:
        attacks, images, rows, seed: As in `spread`.
        confidence: Of the intervals.

    Returns:
        Attack to `auc`, `low`, `high`; empty where the members are too few to be quartered.
    """
    members = rows[rows["member"].astype(bool)]
    half = folds.halves(members["group"], members["member"], seed)
    chosen = members["group"].map(half) == folds.CALIBRATION
    tested = _tested(chosen, members["group"], images["caption"], seed + 1)
    if tested is None:
        return {}
    level = 1 - (1 - confidence) / max(len(attacks), 1)
    found = {}
    for name, attack in attacks.items():
        score, member = _score(attack, images, chosen, tested, seed)
        group = members.loc[tested, "group"].to_numpy()
        interval = auc_interval(score, member, level, group)
        found[name] = {"auc": interval.value, "low": interval.low, "high": interval.high}
    return found


def _tested(
    member: pd.Series, group: pd.Series, captions: pd.Series, seed: int
) -> pd.Series | None:
    """Return which rows a split tests; None where they or the others lack a class."""
    evenly = equal_captions.evenly(captions.loc[member.index], member)
    tested = group.map(folds.halves(group, member, seed, evenly)) == folds.EVALUATION
    classes = [member[fold].nunique() for fold in (tested, ~tested)]
    return tested if min(classes) == 2 else None


def _score(
    attack: Any, images: pd.DataFrame, member: pd.Series, tested: pd.Series, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return scores and classes of the tested rows, by the attack fitted on the others."""
    evidence = Evidence(tuple(images.index), images=images, seed=seed)
    fitted = attack.fit(evidence, member[~tested].astype(bool))
    seen = images.loc[tested.index[tested]]
    score = fitted.score(Evidence(tuple(seen.index), images=seen, seed=seed))
    return score.to_numpy(), member[tested].to_numpy(dtype=bool)
