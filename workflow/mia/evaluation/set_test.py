"""Is a collection in the training data? One test over a set of images, where each tells little.

Dubiński et al. 2025 (CDI, arXiv 2411.12858): members that are a little easier for the model than
comparable nonmembers show it together. So do sets that differ for any other reason. The test says
nothing where the blind baselines pass it too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mia.evaluation.scored import comparable
from mia.stats.holm import holm_adjusted

SIZES = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
LEVEL, CONFIDENCE = 0.05, 0.95
DRAWS = 1000
COLUMNS = [
    *("target", "attack", "access", "size", "difference", "p", "p_holm", "blind_p"),
    *("power", "power_low", "power_high", "false_alarms", "note"),
]
TOLD_APART = "a blind baseline tells the sets apart too: no sign of training"
PASSES = "a blind baseline passes the same test by itself, not after {tried} tries: compare the two"


def set_test_rows(
    target: str,
    scores: Mapping[str, pd.DataFrame],
    access: Mapping[str, str],
    blind: Sequence[str],
    seed: int,
) -> list[dict[str, Any]]:
    """Return the test of a target's members against its nonmembers, keys as in `COLUMNS`.

    The first row of each attack describes all images it is reported on; the others, one size each
    (`power`). The first row holds:

    - `size`: how many groups of members there are;
    - `difference`: the members' mean score minus the nonmembers', in standard deviations of
      the nonmembers;
    - `p`: of Welch's one-sided test over group means; `p_holm`: that, Holm-adjusted over attacks;
    - `blind_p`: the smallest p of a blind baseline by the same test, unadjusted;
    - `note`: whether the baselines tell the sets apart, after Bonferroni over baselines and both
      directions, or by `blind_p` alone.

    Args:
        target: Its name.
        scores: Attack to reported rows.
        access: Attack to access.
        blind: Which attacks are blind baselines.
        seed: Of the false alarms' draws, which all attacks share.
    """
    units = {name: _units(rows) for name, rows in scores.items()}
    p = {name: float(welch(*pair)) for name, pair in units.items()}
    blind_p = min((p[name] for name in blind), default=None)
    reading = [name for name in scores if name not in blind]
    holm = dict(zip(reading, holm_adjusted([p[name] for name in reading]), strict=True))
    note = doubt([p[name] for name in blind])
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

    Where neither side varies, p is 0.5 if the means are equal, else 0 or 1. With fewer than two
    scores on a side nothing can be told, and p is 1.
    """
    from scipy.special import stdtr  # here, as below: the page takes this module's words alone

    sides = members, nonmembers
    if min(side.shape[-1] for side in sides) < 2:
        return np.ones(members.shape[:-1])
    parts = [side.var(axis=-1, ddof=1) / side.shape[-1] for side in sides]
    gap, variance = members.mean(axis=-1) - nonmembers.mean(axis=-1), parts[0] + parts[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = variance**2 / sum(
            part**2 / (side.shape[-1] - 1) for part, side in zip(parts, sides, strict=True)
        )
        p = stdtr(freedom, -gap / np.sqrt(variance))
    return np.where(variance > 0, p, (1 - np.sign(gap)) / 2)


def power(members: np.ndarray, nonmembers: np.ndarray, seed: int) -> list[dict[str, Any]]:
    """Return the probability that sets of each size pass the test, up to the size of these.

    Args:
        members, nonmembers: Scores of groups.
        seed: Of the draws.

    Returns:
        One row a size. `power` is that of so many groups of each class at p < 0.05, were the
        standardised difference the one seen here (noncentral t). `power_low` and `power_high` are
        those at the ends of that difference's 95 % interval. `false_alarms` is the share that pass
        of draws, with replacement, of nonmembers against nonmembers. It is 0.05 where scores are
        near enough to normal for so small a set.
    """
    from scipy.special import ndtri

    sides = members, nonmembers
    sizes = [size for size in SIZES if size <= min(map(len, sides))]
    spread = np.sqrt(np.mean([side.var(ddof=1) for side in sides])) if sizes else 0.0
    if not spread:
        return []
    effect = float(members.mean() - nonmembers.mean()) / spread
    parts = [1 / len(side) for side in sides]
    error = np.sqrt(sum(parts) + effect**2 / (2 * sum(map(len, sides))))
    half = ndtri((1 + CONFIDENCE) / 2) * error
    effects = {"power_low": effect - half, "power": effect, "power_high": effect + half}
    generator = np.random.default_rng(seed)
    found = []
    for size in sizes:
        drawn = generator.choice(nonmembers, (2, DRAWS, size))
        alarms = float((welch(*drawn) < LEVEL).mean())
        passed = {name: _passed(size, d) for name, d in effects.items()}
        found.append({"size": size, **passed, "false_alarms": alarms})
    return found


def _passed(size: int, effect: float) -> float:
    """Return the power of the test of two sets of `size` that lie `effect` deviations apart."""
    from scipy.special import nctdtr, stdtrit

    freedom = 2 * size - 2
    limit = -stdtrit(freedom, LEVEL)
    return float(1 - nctdtr(freedom, effect * np.sqrt(size / 2), limit))


def doubt(blind: Sequence[float]) -> str:
    """Return a note on an attack's p, from the one-sided p of blind baselines; "" if no doubt."""
    tries = 2 * len(blind)
    if any(min(p, 1 - p) * tries < LEVEL for p in blind):
        return TOLD_APART
    return PASSES.format(tried=tries) if any(p < LEVEL for p in blind) else ""


def _units(part: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return members' and nonmembers' mean scores by group, in deviations of the nonmembers."""
    scores = comparable(part)
    spread = scores[~part["member"]].std(ddof=0)
    means = (
        (scores / (spread if spread > 0 else 1.0)).groupby([part["member"], part["group"]]).mean()
    )
    return means.loc[True].to_numpy(), means.loc[False].to_numpy()
