"""Is a collection in the training data? One test over a set of pictures, where each tells little.

Dubiński et al. 2025 (CDI, arXiv 2411.12858): members that are a little easier for the model than
comparable nonmembers show it together. So do sets that differ for any other reason: the test says
nothing where the blind baselines pass it too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student
from statsmodels.stats.multitest import multipletests

SIZES = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
LEVEL = 0.05
SUBSETS = 1000
COLUMNS = [
    *("target", "attack", "access", "size", "difference", "p", "p_holm", "blind_p", "power"),
    *("false_alarms", "note"),
]


def set_test_rows(
    target: str,
    scores: Mapping[str, pd.DataFrame],
    access: Mapping[str, str],
    blind: Sequence[str],
    seed: int,
) -> list[dict[str, Any]]:
    """Return the test of a target's members against its nonmembers, keys as in `COLUMNS`.

    Per attack first the whole evaluation fold: `size` groups of members, their mean score above the
    nonmembers' in standard deviations of the calibration nonmembers, `p` of Welch's one-sided test
    over group means, Holm-adjusted over the attacks in `p_holm`. `blind_p` is the smallest p of a
    blind baseline, over both directions and Bonferroni over the baselines. Then one row a size:
    `power`, the share of random subsets of that many groups of each class with p < 0.05, and
    `false_alarms`, the same of nonmembers against other nonmembers.

    Args:
        target: Its name.
        scores: Attack to rows: index image_id; columns score, member, group, fold.
        access: Attack to access.
        blind: Which attacks are blind baselines.
        seed: Of the subsets, which all attacks share.
    """
    units = {name: _units(rows) for name, rows in scores.items()}
    p = {name: float(welch(*pair)) for name, pair in units.items()}
    both = [min(1.0, 2 * min(p[name], 1 - p[name]) * len(blind)) for name in blind]
    blind_p = min(both, default=None)
    reading = [name for name in scores if name not in blind]
    holm = dict(zip(reading, _holm([p[name] for name in reading]), strict=True))
    told_apart = blind_p is not None and blind_p < LEVEL
    note = "a blind baseline tells the sets apart too: no sign of training" if told_apart else ""
    rows = []
    for name, (members, nonmembers) in units.items():
        about = {"target": target, "attack": name, "access": access[name], "blind_p": blind_p}
        about["note"] = "blind baseline" if name in blind else note
        gap = float(members.mean() - nonmembers.mean())
        whole = {"size": len(members), "difference": gap, "p": p[name]}
        rows.append({**about, **whole, "p_holm": holm.get(name)})
        rows += [{**about, **found} for found in power(members, nonmembers, seed)]
    return rows


def welch(members: np.ndarray, nonmembers: np.ndarray) -> np.ndarray:
    """Return p of Welch's test that members score higher, along the last axis.

    Where neither side varies: 0.5 if the means are equal, else 0 or 1. With fewer than two scores
    on a side nothing can be told: 1.
    """
    sides = members, nonmembers
    if min(side.shape[-1] for side in sides) < 2:
        return np.ones(members.shape[:-1])
    parts = [side.var(axis=-1, ddof=1) / side.shape[-1] for side in sides]
    gap, variance = members.mean(axis=-1) - nonmembers.mean(axis=-1), parts[0] + parts[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = variance**2 / sum(
            part**2 / (side.shape[-1] - 1) for part, side in zip(parts, sides, strict=True)
        )
        p = student.sf(gap / np.sqrt(variance), freedom)
    return np.where(variance > 0, p, (1 - np.sign(gap)) / 2)


def power(members: np.ndarray, nonmembers: np.ndarray, seed: int) -> list[dict[str, Any]]:
    """Return size, power and false_alarms of `SUBSETS` random subsets at each size that fits.

    Members against as many nonmembers; nonmembers against as many others, where there are twice as
    many. Subsets of one size overlap, so the shares are smoother than independent repeats.

    Args:
        members, nonmembers: Scores of groups.
    """
    generator = np.random.default_rng(seed)
    sizes = [size for size in SIZES if size <= min(len(members), len(nonmembers))]
    if not sizes:
        return []
    most = sizes[-1]
    of_members = _shuffled(generator, members, most)
    of_nonmembers = _shuffled(generator, nonmembers, 2 * most)
    found = []
    for size in sizes:
        ours, others = of_members[:, :size], of_nonmembers[:, :size]
        again = of_nonmembers[:, size : 2 * size]
        fits = again.shape[1] == size
        alarms = float((welch(again, others) < LEVEL).mean()) if fits else None
        share = float((welch(ours, others) < LEVEL).mean())
        found.append({"size": size, "power": share, "false_alarms": alarms})
    return found


def _shuffled(generator: np.random.Generator, values: np.ndarray, most: int) -> np.ndarray:
    """The first `most` of `values` in `SUBSETS` random orders."""
    return np.stack([generator.permutation(values)[:most] for _ in range(SUBSETS)])


def _holm(p: Sequence[float]) -> Sequence[float]:
    return multipletests(p, method="holm")[1].tolist() if p else []


def _units(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Mean scores of evaluation groups, members' and nonmembers', standardised by calibration."""
    known = rows.loc[(rows["fold"] == "calibration") & ~rows["member"], "score"]
    spread = known.std(ddof=0)
    rows = rows[rows["fold"] == "evaluation"]
    scores = (rows["score"] - known.mean()) / (spread if spread > 0 else 1.0)
    means = scores.groupby([rows["member"], rows["group"]]).mean()
    return means.loc[True].to_numpy(), means.loc[False].to_numpy()
