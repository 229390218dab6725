"""Is a collection in the training data? One test over a set of images, where each tells little.

Dubiński et al. 2025 (CDI, arXiv 2411.12858): members that are a little easier for the model than
comparable nonmembers show it together. So do sets that differ for any other reason. Beside the test
stands what is left of it beyond the gap that each blind baseline foresees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from mia.access import reads_model
from mia.evaluation.set_family import beyond_blind, family
from mia.evaluation.set_scores import can_be_told, sides
from mia.stats import set_power
from mia.stats.permutation import max_t
from mia.stats.set_power import LEVEL

SIZES = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
CONFIDENCE = 0.95
DRAWS, SHUFFLES = 500, 199
COLUMNS = [
    *("target", "attack", "access", "size", "difference", "p", "p_family", "blind_p"),
    *("excess", "p_excess", "smallest_gap", "images_needed"),
    *("power", "power_low", "power_high", "false_alarms", "note"),
]
TOLD_APART = "a blind baseline tells the sets apart too, beyond chance"
PASSES = "a blind baseline passes the same test by itself, not after {tried} tries: compare the two"


def set_test_rows(
    target: str,
    scores: Mapping[str, pd.DataFrame],
    access: Mapping[str, str],
    blind: Sequence[str],
    seed: int,
    learnt: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """Return the test of a target's members against its nonmembers, keys as in `COLUMNS`.

    The first row of each attack describes all images it is reported on; the others, one size each,
    so many groups of members against all nonmembers (`power_rows`). The first row holds:

    - `size`: how many groups of members there are;
    - `difference`: the members' mean score minus the nonmembers', in standard deviations of
      the nonmembers;
    - `p`: one-sided, by permutation of groups (`mia.stats.permutation.max_t`); `p_family`: that,
      adjusted over the attacks that read the model;
    - `blind_p`: the smallest p of a blind baseline by the same test, unadjusted;
    - `excess`: what is left of the difference beyond what the blind baseline foresees that leaves
      the least sure excess; `p_excess`: its p, adjusted over attacks (`set_family.beyond_blind`);
    - `smallest_gap`: the difference that would have passed, after adjustment, four times in five;
      None where none would, as there are too few groups for so small a p;
    - `images_needed`: how many groups of members pass alone, four times in five, if the difference
      is the one seen here; None where no number would;
    - `false_alarms`: the share of sets of this size that pass, drawn from nonmembers alone;
    - `note`: whether the baselines tell the sets apart, after Bonferroni over baselines and both
      directions, or by `blind_p` alone.

    Args:
        target: Its name.
        scores: Attack to reported rows.
        access: Attack to access.
        blind: Which attacks are blind baselines.
        seed: Of permutations and draws, which all attacks share.
        learnt: Which baselines learnt, so that their scores are log odds; all of them by default.
    """
    reading = [name for name in scores if reads_model(access[name])]
    others = [name for name in scores if name not in reading]
    whole = {
        **family({name: scores[name] for name in reading}, seed),
        **family({name: scores[name] for name in others}, seed),
    }
    baselines = {name: scores[name] for name in (blind if learnt is None else learnt)}
    beyond = beyond_blind({name: scores[name] for name in reading}, baselines, seed)
    blind_p = min((whole[name].p for name in blind), default=None)
    note = doubt([whole[name].p for name in blind])
    level = LEVEL / max(1, len(reading))
    rows: list[dict[str, Any]] = []
    for name, table in scores.items():
        about = {"target": target, "attack": name, "access": access[name], "blind_p": blind_p}
        about["note"] = "blind baseline" if name in blind else note
        first, *smaller = power_rows(table, seed, level)
        found, more = whole[name], beyond.get(name)
        numbers: dict[str, Any] = {"difference": found.gap, "p": found.p}
        numbers["p_family"] = found.p_family if name in reading else None
        if more is not None:
            numbers |= {"excess": more.gap, "p_excess": more.p_family}
        rows.append({**about, **first, **numbers})
        rows += [{**about, **row} for row in smaller]
    return rows


def power_rows(table: pd.DataFrame, seed: int, level: float) -> list[dict[str, Any]]:
    """Return what sets of each size show, the whole set first, up to the size of this.

    Args:
        table: Reported rows of one attack.
        seed: Of the draws.
        level: At which one attack of all has to pass; `power` is that of this attack alone.

    Returns:
        The whole set's size, `smallest_gap`, `images_needed` and `false_alarms`; then one row a
        size. `power` is that of so many groups of members against all nonmembers at p of at most
        `LEVEL`, were the difference the one seen here. `power_low` and `power_high` are those at
        the ends of that difference's 95 % interval. `false_alarms` stands at the smallest size too.
    """
    from scipy.special import ndtri

    groups = table.loc[table["member"], "group"].nunique()
    if not can_be_told(table):
        return [{"size": groups}]
    members, nonmembers = sides(table)
    means, known = set_power.of_one_shape(*(set_power.side(*one) for one in (members, nonmembers)))
    gap = float(members[0].mean() - nonmembers[0].mean())
    least = set_power.smallest_gap(means, known, level)
    needed = set_power.groups_needed(gap, means, known, LEVEL)
    whole = {
        "size": groups,
        "smallest_gap": least if np.isfinite(least) else None,
        "images_needed": needed if np.isfinite(needed) else None,
        "false_alarms": false_alarms(nonmembers, groups, seed),
    }
    half = ndtri((1 + CONFIDENCE) / 2) * set_power.standard_error(means, known)
    gaps = {"power_low": gap - half, "power": gap, "power_high": gap + half}
    rows = [whole]
    for size in (size for size in SIZES if size <= groups):
        some = replace(means, groups=size)
        passed = {name: set_power.power(one, some, known, LEVEL) for name, one in gaps.items()}
        alarms = {"false_alarms": false_alarms(nonmembers, size, seed)} if size == SIZES[0] else {}
        rows.append({"size": size, **passed, **alarms})
    return rows


def false_alarms(nonmembers: tuple[np.ndarray, np.ndarray], size: int, seed: int) -> float:
    """Return how often `size` groups pass against all nonmembers, all drawn from nonmembers.

    Drawn are means of groups, with replacement; it is near `LEVEL` if the test holds its level.

    Args:
        nonmembers: Scores and groups of the nonmembers `(images,)`.
        size: Groups that are called members, at least 2.
        seed: Of the draws.
    """
    scores, group = nonmembers
    _, place = np.unique(group, return_inverse=True)
    means = np.bincount(place, scores) / np.bincount(place)
    drawn = np.random.default_rng(seed).choice(means, (DRAWS, size + len(means)))
    labels = np.arange(drawn.shape[1]) < size
    return float((max_t(drawn, labels, permutations=SHUFFLES, seed=seed).p <= LEVEL).mean())


def doubt(blind: Sequence[float]) -> str:
    """Return a note on an attack's p, from the one-sided p of blind baselines; "" if no doubt."""
    tries, level = 2 * len(blind), 1 - CONFIDENCE
    if any(min(p, 1 - p) * tries < level for p in blind):
        return TOLD_APART
    return PASSES.format(tried=tries) if any(p < level for p in blind) else ""
