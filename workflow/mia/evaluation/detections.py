"""Which images of a collection are named, at a stated share of false namings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mia.stats.conformal import conformal_p, false_discovery_adjusted

RATES = (0.1, 0.2)
COLUMNS = ["target", "attack", "image_id", "p", "adjusted", "rate", "note"]
DIFFERENT = "NOT FAIR"  # there the nonmembers do not stand for images that were not trained on
ALIKE = "the rate is of this attack alone"
OPEN = "the rate is of this attack alone, and holds only if the sets are alike"


def detection_rows(
    target: str, tables: Mapping[str, pd.DataFrame], verdict: str
) -> list[dict[str, Any]]:
    """Return one row per named image, keys as in `COLUMNS`, the surest of each attack first.

    `p` is conformal: from the nonmembers that the attack reports on, which no fit has seen; where
    it learnt block by block, from those of the image's block, which were scored by the same fit.
    Related nonmembers count once, by the highest of their scores. `adjusted` is the smallest false
    discovery rate at which the image is named (Benjamini & Hochberg), `rate` the smallest of
    `RATES` that names it. Sets that are NOT FAIR have no row.

    Args:
        target: Its name.
        tables: Attack to reported rows, of attacks that read the model.
        verdict: On the two sets.
    """
    if verdict == DIFFERENT:
        return []
    note = ALIKE if verdict in ("FAIR", "BY DESIGN") else OPEN
    rows = []
    for attack, table in tables.items():
        found = _named(table)
        for image in found.itertuples():
            about = {"target": target, "attack": attack, "image_id": image.Index, "note": note}
            rate = next(rate for rate in RATES if image.adjusted <= rate + 1e-12)
            rows.append({**about, "p": image.p, "adjusted": image.adjusted, "rate": rate})
    return rows


def members_p(table: pd.DataFrame) -> pd.Series:
    """Return the conformal p of the members among an attack's reported rows, index image_id.

    `detection_rows` says from which nonmembers; where a block has none, p is 1.
    """
    asked = table[table["member"]]
    p = np.empty(len(asked))
    for block in asked["block"].unique():
        here = (asked["block"] == block).to_numpy()
        nonmembers = table[~table["member"] & (table["block"] == block)]
        known = nonmembers.groupby("group")["score"].max().to_numpy()
        p[here] = conformal_p(asked["score"].to_numpy()[here], known) if len(known) else 1.0
    return pd.Series(p, asked.index)


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """Return p and adjusted p of the members that are named at the largest rate."""
    p = members_p(table)
    found = pd.DataFrame({"p": p, "adjusted": false_discovery_adjusted(p.to_numpy())})
    return found[found["adjusted"] <= max(RATES) + 1e-12].sort_values("p", kind="stable")
