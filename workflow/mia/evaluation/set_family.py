"""All attacks on a set at once: does any score its members higher, and beyond what is foreseen?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mia.evaluation.scored import columns
from mia.evaluation.set_scores import can_be_told, of_images
from mia.stats.foreseen_gap import unforeseen
from mia.stats.permutation import max_t

PERMUTATIONS = 9_999
OF_BASELINES = 1_999  # permutations for each blind baseline


@dataclass(frozen=True)
class Tested:
    """One attack among others.

    Args:
        gap: Members' mean score minus nonmembers', in standard deviations of the nonmembers.
        p: One-sided, of this attack alone.
        p_family: The same, adjusted over all.
    """

    gap: float
    p: float
    p_family: float


def family(
    tables: Mapping[str, pd.DataFrame], seed: int, permutations: int = PERMUTATIONS
) -> dict[str, Tested]:
    """Return attack to test, of the members against the nonmembers.

    Attacks that are reported on the same images are adjusted together (`max_t`). Those that learn
    block by block are reported on fewer images: a family of its own, and each family's p is
    multiplied by the number of families (Bonferroni). With fewer than two groups in a class nothing
    can be told, and p is 1.

    Args:
        tables: Attack to reported rows.
        seed: Of the permutations.
        permutations: Their number.
    """
    scores = {name: of_images(table) for name, table in tables.items()}
    return _tested(tables, scores, seed, permutations)


def beyond_blind(
    tables: Mapping[str, pd.DataFrame], blind: Mapping[str, pd.DataFrame], seed: int
) -> dict[str, Tested]:
    """Return attack to test of what no blind baseline foresees; empty without baselines.

    Each baseline is held against the attack on the images that both are reported on. The one that
    leaves the least sure excess counts: an intersection-union test, which needs no adjustment for
    the number of baselines.

    Args:
        tables: Attack to reported rows, of those that read the model.
        blind: Baseline to reported rows, of those that learnt; its scores are log odds.
        seed: Of the permutations.
    """
    least: dict[str, Tested] = {}
    for baseline in blind.values():
        both = {name: table.loc[baseline.index] for name, table in _on(tables, baseline).items()}
        log_odds, member, block = columns(baseline, "score", "member", "block")
        left = {
            name: unforeseen(of_images(table)[None], log_odds, member, block)[0]
            for name, table in both.items()
        }
        for name, found in _tested(both, left, seed, OF_BASELINES).items():
            if name not in least or found.p_family > least[name].p_family:
                least[name] = found
    return least


def _on(tables: Mapping[str, pd.DataFrame], baseline: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the attacks that are reported on all images of a baseline."""
    there = baseline.index
    return {name: table for name, table in tables.items() if there.isin(table.index).all()}


def _tested(
    tables: Mapping[str, pd.DataFrame],
    scores: Mapping[str, np.ndarray],
    seed: int,
    permutations: int,
) -> dict[str, Tested]:
    families: dict[tuple[str, ...], list[str]] = {}
    for name, table in tables.items():
        families.setdefault(tuple(table.index), []).append(name)
    found: dict[str, Tested] = {}
    for names in families.values():
        first = tables[names[0]]
        stacked = np.stack([scores[name] for name in names])
        member, group = columns(first, "member", "group")
        gaps = stacked[:, member].mean(axis=1) - stacked[:, ~member].mean(axis=1)
        if not can_be_told(first):
            found |= {
                name: Tested(float(gap), 1.0, 1.0) for name, gap in zip(names, gaps, strict=True)
            }
            continue
        tested = max_t(stacked, member, group, permutations, seed)
        for name, gap, p, adjusted in zip(names, gaps, tested.p, tested.p_family, strict=True):
            together = min(1.0, float(adjusted) * len(families))
            found[name] = Tested(float(gap), float(p), together)
    return {name: found[name] for name in tables}
