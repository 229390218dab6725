"""Is one attack better than another? Every pair of a target, on the same images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from mia.evaluation.scored import columns, learnt_by_block, side_by_side
from mia.stats.paired import Difference, auc_differences, holm

COLUMNS = ["target", "attack", "other", "difference", "low", "high", "p", "p_holm", "better", "n"]


def pairwise_rows(
    target: str, rows: Mapping[str, pd.DataFrame], confidence: float
) -> list[dict[str, Any]]:
    """Return one row per pair of attacks: AUC(attack) - AUC(other), keys as in `COLUMNS`.

    The variance is DeLong's paired one, by group (`mia.stats.delong.auc_covariance`). `p` is
    two-sided; `p_holm` is adjusted over all pairs of the target. `better` is the attack with the
    larger AUC, or `undecided`; it holds for all pairs at once. Each interval is at
    least as wide as it would be alone, and leaves out 0 exactly where `better` names an attack.

    Args:
        target: Its name.
        rows: Attack to its reported rows.
    """
    pairs = list(combinations(rows, 2))
    found = differences(rows, pairs)
    adjusted = holm([difference for difference, _ in found], confidence)
    table = []
    for (a, b), (raw, n), corrected in zip(pairs, found, adjusted, strict=True):
        better = {1: a, -1: b, 0: "undecided"}[corrected.side]
        names = {"target": target, "attack": a, "other": b}
        ends = {"difference": raw.value, "low": corrected.low, "high": corrected.high}
        p = {"p": raw.p, "p_holm": corrected.p}
        table.append({**names, **ends, **p, "better": better, "n": n})
    return table


def differences(
    rows: Mapping[str, pd.DataFrame], pairs: Sequence[tuple[str, str]]
) -> list[tuple[Difference, int]]:
    """Return each pair's difference and its number of images: those both are reported on.

    Pairs of attacks that learnt nothing are compared on all images; others are means over blocks.
    """
    whole = {name: table for name, table in rows.items() if not learnt_by_block(table)}
    simple = [pair for pair in pairs if set(pair) <= whole.keys()]
    others = [pair for pair in pairs if not set(pair) <= whole.keys()]
    found = _differences(whole, simple) | _differences(side_by_side(rows), others)
    return [found[pair] for pair in pairs]


def _differences(
    tables: Mapping[str, pd.DataFrame], pairs: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], tuple[Difference, int]]:
    if not pairs:
        return {}
    names, first = list(tables), next(iter(tables.values()))
    scores = np.stack([table["score"].to_numpy() for table in tables.values()])
    positions = [(names.index(a), names.index(b)) for a, b in pairs]
    member, group, block = columns(first, "member", "group", "block")
    computed = auc_differences(scores, positions, member, group, block)
    return {pair: (one, len(first)) for pair, one in zip(pairs, computed, strict=True)}
