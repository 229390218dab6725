"""Whether a target has enough images on either side; if not, where they went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import comb

import pandas as pd

from mia.targets.folds import FIT
from mia.targets.reasons import reason_kind

LEVEL = 0.05  # significance level that the best possible order must reach
SIDES = {"members": True, "nonmembers": False}


def require_both(rows: pd.DataFrame, manifests: Mapping, spec: Mapping) -> None:
    """Raise unless each side has a kept row.

    Args:
        rows: Rows of a target, with `set`, `key`, `member`, `group`, `fold` and `kept`.
        manifests: Image set to manifest.
        spec: `members` and `nonmembers` as [set, parts].

    Raises:
        ValueError: A side has none; the message counts planned, downloaded, kept and dropped rows
            of every part.
    """
    for side, member in SIDES.items():
        if not (rows["kept"] & (rows["member"] == member)).any():
            raise ValueError(f"{side}: no image is left\n{_account(rows, manifests, spec)}")


def require_folds(
    rows: pd.DataFrame, folds: Sequence[str], manifests: Mapping, spec: Mapping
) -> None:
    """Raise, as `require_both` does, unless each fold could tell its sides apart.

    In calibration and evaluation, a score that ranks all members first has to be beyond chance at
    5 %, two-sided: 2 of the C(m + n, m) orders of m + n groups are as good. The fold `fit` needs
    one image of each side.
    """
    kept = rows[rows["kept"]]
    for fold in folds:
        of_fold = kept[kept["fold"] == fold].groupby("member")["group"].nunique()
        members, nonmembers = (int(of_fold.get(member, 0)) for member in SIDES.values())
        enough = min(members, nonmembers) > 0
        if not (enough if fold == FIT else can_show_anything(members, nonmembers)):
            raise ValueError(
                f"too few images: {members} unrelated members and {nonmembers} unrelated "
                f"nonmembers in the fold {fold}, where not even a perfect attack could be told "
                f"from chance; expected four of each in every fold ({', '.join(folds)})\n"
                + _account(rows, manifests, spec)
            )


def can_show_anything(members: int, nonmembers: int) -> bool:
    """Return whether the best of all orders is beyond chance; one image alone has no spread.

    >>> [can_show_anything(*sizes) for sizes in [(3, 4), (4, 4), (2, 8), (1, 1000)]]
    [False, True, True, False]
    """
    some = round(2 / LEVEL)
    m, n = min(members, some), min(nonmembers, some)
    return min(m, n) > 1 and 2 / comb(m + n, m) < LEVEL


def _account(rows: pd.DataFrame, manifests: Mapping, spec: Mapping) -> str:
    """Say for every part how many rows it had, how many came, stayed, and were dropped here."""
    lines = []
    for side, member in SIDES.items():
        name, parts = spec[side]
        manifest = manifests[name]
        for part in parts:
            of_part = manifest[manifest["part"] == part]
            here = rows[(rows["set"] == name) & rows["key"].isin(of_part["key"])]
            here = here[here["member"] == member]
            reasons = here.loc[~here["kept"], "reason"].map(reason_kind).value_counts()
            why = "".join(f"; {n} {reason}" for reason, n in reasons.items())
            groups = here.loc[here["kept"], "group"].nunique()
            lines.append(
                f"{side} {name}:{part}: {len(of_part)} rows, "
                f"{(of_part['status'] == 'success').sum()} downloaded, "
                f"{len(here)} kept by the manifest, {(~here['kept']).sum()} dropped here{why}; "
                f"{groups} unrelated left"
            )
    return "\n".join(lines)
