"""What a target's membership table left out, and why."""

from __future__ import annotations

import pandas as pd

from mia.targets.reasons import reason_kind

UNMATCHED = "unmatched"


def counts(rows: pd.DataFrame) -> dict:
    """Return how many rows of one side were kept, by fold, and dropped, by kind of reason."""
    kept = rows["kept"].astype(bool)
    kinds = rows.loc[~kept, "reason"].map(reason_kind)
    return {
        "kept": int(kept.sum()),
        **{fold: int(n) for fold, n in rows.loc[kept, "fold"].value_counts().items()},
        "dropped": {kind: int(n) for kind, n in kinds.value_counts().items()},
    }


def kept_share(membership: pd.DataFrame) -> dict[str, float]:
    """Return for each side the share of calibration and evaluation that matching kept."""
    rows = membership[membership["fold"] != "fit"]
    unmatched = rows["reason"].map(reason_kind) == UNMATCHED
    rows = rows[rows["kept"].astype(bool) | unmatched]
    kept = rows["kept"].astype(bool).groupby(rows["member"].astype(bool)).mean()
    return {"members": float(kept[True]), "nonmembers": float(kept[False])}
