"""Images without a caption: where they are many, attacks that read captions learn nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd


def empty_captions(
    manifests: Mapping[str, pd.DataFrame], sides: Mapping[str, Any], told: bool = True
) -> list[str]:
    """Return a remark on the images of a target that lack a caption; [] where it does not matter.

    Args:
        manifests: Image set to manifest: columns part, status, caption.
        sides: `members` and `nonmembers`, each with `set` and `parts`.
        told: Whether the model is told captions.
    """
    counts = {side: _counts(manifests[of["set"]], of["parts"]) for side, of in sides.items()}
    if not any(empty for empty, _ in counts.values()):
        return []
    listed = " and ".join(f"{empty} of {all_} {side}" for side, (empty, all_) in counts.items())
    shares = [empty / all_ if all_ else 0.0 for empty, all_ in counts.values()]
    found = [f"Without a caption: {listed}."]
    if told:
        found.append("Attacks that read a caption measure the empty one there.")
    if max(shares) - min(shares) > 0.01:
        found.append("Having one or not tells the sides apart without the model.")
    return [" ".join(found)] if len(found) > 1 else []


def _counts(manifest: pd.DataFrame, parts: list[str]) -> tuple[int, int]:
    mine = manifest["part"].isin(parts) & (manifest["status"] == "success")
    return int((manifest.loc[mine, "caption"].fillna("").str.strip() == "").sum()), int(mine.sum())
