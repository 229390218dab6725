"""What rates mean in practice: at a prior, and beside the next best attack."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mia.evaluation.headline import target_limit
from mia.evaluation.scored import comparable, side_by_side
from mia.stats.predictive_value import found_overlap, positive_predictive_value

PRIORS = (0.01, 0.1, 0.5)
METRIC = "ppv_prior_{percent:g}pct"


def predictive_values(
    tpr: Sequence[Mapping[str, Any]], members: int, limit: float
) -> list[dict[str, Any]]:
    """Return the positive predictive value at each prior, as rows of the long table.

    It is told with the FPR that the threshold has on these nonmembers. `low` and `high` are those
    at the ends of the TPR's interval; the FPR is taken as it is.

    Args:
        tpr: `tpr` of a metrics file, one entry a limit.
        members: Those that are reported on.
        limit: Of the FPR; one for all rows of a target (`headline.target_limit`).
    """
    (entry,) = (one for one in tpr if one["limit"] == limit)
    rows = []
    for prior in PRIORS:
        ends = {end: _value(entry[end], entry["fpr"], prior) for end in ("value", "low", "high")}
        note = f"share of members among called images, if {100 * prior:g} % of those asked are"
        metric = METRIC.format(percent=100 * prior)
        rows.append({"metric": metric, "limit": limit, **ends, "n": members, "note": note})
    return rows


def _value(tpr: float | None, fpr: float | None, prior: float) -> float | None:
    """Return the predictive value, None where nothing is called or known."""
    if tpr is None or fpr is None:
        return None
    found = positive_predictive_value(min(1.0, max(0.0, tpr)), fpr, prior)
    return None if math.isnan(found) else found


def overlap_row(
    target: str, tables: Mapping[str, pd.DataFrame], summary: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the Jaccard overlap of what the two strongest attacks find, as a row or none.

    Args:
        target: Its name.
        tables: Attack to reported rows, of those that read the model.
        summary: Its rows of the wide table. The two largest AUCs are compared, at the headline
            limit.
    """
    aucs, limit = {row["attack"]: row["auc"] for row in summary}, target_limit(summary)
    two = sorted(tables, key=lambda name: -aucs[name])[:2]
    if len(two) < 2:
        return []
    both = side_by_side({name: tables[name] for name in two})
    first, second = (both[name] for name in two)
    shared = first.index.intersection(second.index)
    first, second = first.loc[shared], second.loc[shared]
    member = first["member"].to_numpy(dtype=bool)
    ours, others = (comparable(one).to_numpy() for one in (first, second))
    value = found_overlap(ours, others, member, limit)
    row = {"target": target, "attack": two[0], "metric": "found_overlap", "limit": limit}
    note = f"members that it and {two[1]} both find / those that one of them finds"
    row |= {"value": None if math.isnan(value) else value, "n": int(member.sum()), "note": note}
    return [row]
