"""Did as many members as nonmembers survive the download? Unequal losses make unlike sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from scipy.stats import fisher_exact

from mia.images.sources.shared.exclusion import EXCLUDED
from mia.stats.intervals import rate_interval

DEALT = (
    "n/a: parts were dealt among the images that could be had, "
    "so a row that failed belongs to no part"
)
NO_IMAGES = "n/a: a table of captions has no images that could be lost"


def survival(
    manifests: Mapping[str, pd.DataFrame], sides: Mapping[str, Any], confidence: float
) -> dict[str, Any]:
    """Return how many of the planned rows of each side could be downloaded and opened.

    Rows that were excluded on request were never asked for and do not count.

    Args:
        manifests: Image set to manifest: columns part, status.
        sides: `members` and `nonmembers`, each with `set`, `parts`, and `dealt`: whether a seeded
            split of the opened images made the parts; `captions_only` where it has no images.
        confidence: Level of the intervals and, as 1 - confidence, of the test.

    Returns:
        For each side `rows`, `opened`, `share` in [0, 1] with its Clopper-Pearson ends `low` and
        `high`, and the same counts for each of `parts`; None where the side was dealt. `p` is that
        of Fisher's exact test, two-sided, that both sides survive alike. `unequal` says whether `p`
        is below the level. Both are None where there is nothing to compare. `sentence` says all
        this in words.
    """
    found = {side: _side(manifests[of["set"]], of, confidence) for side, of in sides.items()}
    nothing = {**found, "p": None, "unequal": None}
    if any(of.get("captions_only") for of in sides.values()):
        return {**dict.fromkeys(nothing), "sentence": NO_IMAGES}
    asked = {side: of for side, of in found.items() if of is not None}
    if len(asked) < len(found):
        return {**nothing, "sentence": DEALT}
    if empty := [side for side, of in asked.items() if not of["rows"]]:
        return {**nothing, "sentence": f"n/a: nothing was asked for of the {' and '.join(empty)}"}
    table = [[of["opened"], of["rows"] - of["opened"]] for of in asked.values()]
    p = float(fisher_exact(table).pvalue)
    unequal = p < 1 - confidence
    return {**found, "p": p, "unequal": unequal, "sentence": _sentence(asked, p, unequal)}


def _side(manifest: pd.DataFrame, of: Mapping[str, Any], confidence: float) -> dict | None:
    if of["dealt"]:
        return None
    parts = []
    for part in of["parts"]:
        asked = (manifest["part"] == part) & (manifest["status"] != EXCLUDED)
        opened = manifest.loc[asked, "status"] == "success"
        parts.append({"part": f"{of['set']}:{part}", **_counts(len(opened), int(opened.sum()))})
    total = _counts(*(sum(part[key] for part in parts) for key in ("rows", "opened")))
    low, high = rate_interval(total["opened"], total["rows"], confidence)
    return {**total, "low": low, "high": high, "parts": parts}


def _counts(rows: int, opened: int) -> dict[str, Any]:
    return {"rows": rows, "opened": opened, "share": opened / rows if rows else None}


def _sentence(found: Mapping[str, dict], p: float, unequal: bool) -> str:
    shares = " and ".join(
        f"{of['opened']} of {of['rows']} {side} ({100 * of['share']:.1f} %)"
        for side, of in found.items()
    )
    test = f"Fisher's exact test, p {'< 0.0001' if p < 1e-4 else f'= {p:.2g}'}"
    if unequal:
        return (
            f"unequal survival: {shares} could be had ({test}); what is left of the two sets may "
            "differ although the lists did not"
        )
    return f"no difference in survival: {shares} could be had ({test})"
