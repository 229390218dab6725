"""Is one attack better than another? Every pair of a target, on the same images."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from mia.stats.paired import auc_differences, holm

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
        rows: Attack to its evaluation rows: columns score, member, group; all with the same index.
    """
    names = list(rows)
    if len(names) < 2:
        return []
    first = rows[names[0]]
    scores = np.stack([rows[name]["score"].to_numpy() for name in names])
    pairs = list(combinations(range(len(names)), 2))
    found = auc_differences(scores, pairs, first["member"].to_numpy(), first["group"].to_numpy())
    table = []
    for (a, b), raw, adjusted in zip(pairs, found, holm(found, confidence), strict=True):
        better = {1: names[a], -1: names[b], 0: "undecided"}[adjusted.side]
        names_of = {"target": target, "attack": names[a], "other": names[b]}
        ends = {"difference": raw.value, "low": adjusted.low, "high": adjusted.high}
        p = {"p": raw.p, "p_holm": adjusted.p}
        table.append({**names_of, **ends, **p, "better": better, "n": len(first)})
    return table
