"""Whether a target has pictures enough on either side; where they went, if it has not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

SIDES = {"members": True, "nonmembers": False}


def require_both(rows: pd.DataFrame, manifests: Mapping, spec: Mapping) -> None:
    """Raise unless each side has a kept row.

    Args:
        rows: A target's, with `set`, `key`, `member`, `group`, `fold` and `kept`.
        manifests: Image set to manifest.
        spec: `members` and `nonmembers` as [set, parts].

    Raises:
        ValueError: Counts planned, downloaded, kept and dropped rows of every part.
    """
    for side, member in SIDES.items():
        if not (rows["kept"] & (rows["member"] == member)).any():
            raise ValueError(f"{side}: no picture is left\n{_account(rows, manifests, spec)}")


def require_folds(
    rows: pd.DataFrame, folds: Sequence[str], manifests: Mapping, spec: Mapping
) -> None:
    """Raise, as `require_both` does, unless each side has a kept row in each of the folds."""
    least = {2: "two", 3: "three"}[len(folds)]
    for side, member in SIDES.items():
        kept = rows[rows["kept"] & (rows["member"] == member)]
        if not set(folds) <= set(kept["fold"]):
            raise ValueError(
                f"{side}: {len(kept)} pictures in {kept['group'].nunique()} group(s) cannot be "
                f"parted into {' and '.join(folds)}; expected {least} unrelated pictures at least\n"
                + _account(rows, manifests, spec)
            )


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
            lines.append(
                f"{side} {name}:{part}: {len(of_part)} rows, "
                f"{(of_part['status'] == 'success').sum()} downloaded, "
                f"{len(here)} kept by the manifest, {(~here['kept']).sum()} dropped here"
            )
    return "\n".join(lines)
