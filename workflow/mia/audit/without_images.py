"""The audit of a target of scores alone: nothing can be judged, and it says so."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mia.audit.failed_hosts import NOBODY
from mia.audit.left_out import counts

UNKNOWN = "UNKNOWN"
NO_IMAGES = "no images to audit"


def audit_of_scores(target: str, membership: pd.DataFrame, margin: float) -> dict[str, Any]:
    """Return the audit of a target without images, with the keys that every audit of sets has.

    Args:
        target: Its name.
        membership: Its membership table; every row is kept.
        margin: That of the config, which nothing is compared with here.
    """
    member = membership["member"].astype(bool)
    reported = member[membership["block"] >= 0]
    sides = {"members": member, "nonmembers": ~member}
    return {
        "target": target,
        "verdict": UNKNOWN,
        "sentence": f"{UNKNOWN}: {NO_IMAGES}",
        "margin": margin,
        "levels": {},
        "reach": None,
        "channels": [],
        "n_member": int(reported.sum()),
        "n_nonmember": int((~reported).sum()),
        "by_design": False,
        "counts": {side: counts(membership[chosen]) for side, chosen in sides.items()},
        "same_captions": 0.0,
        "spread": {},
        "self_test": {},
        "balance": [],
        "frechet": [],
        "match": "none",
        "kept_share": {"members": 1.0, "nonmembers": 1.0},
        "survival": {
            **dict.fromkeys([*sides, "p", "unequal"]),
            "sentence": f"n/a: {NO_IMAGES}",
        },
        "failed_hosts": dict(NOBODY),
        "remarks": [],
    }
