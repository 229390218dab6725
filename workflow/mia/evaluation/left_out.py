"""What a target's membership table left out, and why."""

from __future__ import annotations

import re

import pandas as pd

HASH = re.compile(r"\b[0-9a-f]{8,64}\b")
UNMATCHED = "unmatched"


def counts(rows: pd.DataFrame) -> dict:
    """Rows of one side: kept by fold, dropped by kind of reason."""
    kept = rows["kept"].astype(bool)
    kinds = rows.loc[~kept, "reason"].map(reason_kind)
    return {
        "kept": int(kept.sum()),
        **{fold: int(n) for fold, n in rows.loc[kept, "fold"].value_counts().items()},
        "dropped": {kind: int(n) for kind, n in kinds.value_counts().items()},
    }


def reason_kind(reason: str) -> str:
    """Return a reason without what tells one row's from another's.

    >>> reason_kind("near duplicate of member 0123456789abcdef")
    'near duplicate of member'
    """
    return " ".join(HASH.sub("", str(reason).split(":")[0]).split())


def kept_share(membership: pd.DataFrame) -> dict[str, float]:
    """Return for each side the share of calibration and evaluation that matching has left."""
    rows = membership[membership["fold"] != "fit"]
    unmatched = rows["reason"].map(reason_kind) == UNMATCHED
    rows = rows[rows["kept"].astype(bool) | unmatched]
    kept = rows["kept"].astype(bool).groupby(rows["member"].astype(bool)).mean()
    return {"members": float(kept[True]), "nonmembers": float(kept[False])}
