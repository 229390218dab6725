"""Pairs near the limit of what counts as a duplicate, so that a person can judge the limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mia.report.pages.pictures import thumbnail_uri

SHOWN = 8
BEYOND = 4  # bits beyond the limit that pairs for review reach


def gallery(
    pairs: pd.DataFrame, rule: Mapping[str, Any], pictures: pd.DataFrame
) -> dict[str, list[dict[str, Any]]]:
    """Return what the page shows of the pairs `nearest` the limits, `within` and `beyond`.

    Args:
        pairs: As for `nearest`.
        rule: The same.
        images: Index key; columns caption, thumbnail (bytes).
    """
    return {side: shown(chosen, pictures) for side, chosen in nearest(pairs, rule).items()}


def by_threshold(pairs: pd.DataFrame, rule: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return how many pairs would be duplicates at each largest distance of hashes.

    Args:
        pairs: Columns key_a, key_b, distance, rmse, mirrored, kind.
        rule: `phash`, `rmse`, `mirror_rmse`.

    Returns:
        One entry per distance from 0 to `BEYOND` bits more than the rule's: `bits`, `pairs`,
        `pictures` (in at least one of them), and whether it is the rule's own.
    """
    alike = pairs[(pairs["kind"] != "caption") & (pairs["rmse"] <= _limit(pairs, rule))]
    found = []
    for bits in range(rule["phash"] + BEYOND + 1):
        within = alike[alike["distance"] <= bits]
        pictures = pd.concat([within["key_a"], within["key_b"]]).nunique()
        chosen = bits == rule["phash"]
        found.append({"bits": bits, "pairs": len(within), "pictures": pictures, "chosen": chosen})
    return found


def nearest(pairs: pd.DataFrame, rule: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Return the pairs nearest to the rule's limits.

    A pair's place is the larger of its two differences, in hash and in thumbnail, as a share of the
    limit; or that of its embeddings, where it is smaller. An image is shown once on each side.

    Args:
        pairs: As for `by_threshold`, and cosine.
        rule: The same, and `embedding` if a model found some of the pairs.

    Returns:
        `within`: duplicates, and `beyond`: pairs for review; up to `SHOWN` each, the nearest first.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        pixels = np.nan_to_num(pairs["rmse"].to_numpy() / _limit(pairs, rule), nan=0)
    bits = (pairs["distance"].to_numpy(float) + 1) / (rule["phash"] + 1)
    place = np.maximum(bits, pixels)
    if "embedding" in rule:
        away = 1 - rule["embedding"]["drop"]
        place = np.fmin(place, (1 - pairs["cosine"]) / away if away else np.inf)
    pairs = pairs.assign(gap=np.abs(place - 1))
    pairs = pairs.sort_values(["gap", "key_a", "key_b"])
    sides = {
        "within": pairs["kind"].isin(["near", "mirror", "embedding"]),
        "beyond": pairs["kind"] == "review",
    }
    return {side: _each_once(pairs[chosen]) for side, chosen in sides.items()}


def shown(chosen: pd.DataFrame, pictures: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the images and differences of pairs that `nearest` chose."""
    return [
        {
            "pictures": [
                {
                    "caption": pictures.loc[key, "caption"] or "no caption",
                    "uri": thumbnail_uri(pictures.loc[key, "thumbnail"]),
                }
                for key in (row.key_a, row.key_b)
            ],
            "distance": int(row.distance),
            "rmse": float(row.rmse),
            "mirrored": bool(row.mirrored),
            "cosine": None if pd.isna(row.cosine) else float(row.cosine),
        }
        for row in chosen.itertuples()
    ]


def _limit(pairs: pd.DataFrame, rule: Mapping[str, Any]) -> np.ndarray:
    return np.where(pairs["mirrored"].astype(bool), rule["mirror_rmse"], rule["rmse"])


def _each_once(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the first `SHOWN` pairs, without those that share an image with an earlier one."""
    seen: set[str] = set()
    rows = []
    for row in pairs.itertuples():
        if not {row.key_a, row.key_b} & seen:
            rows.append(row.Index)
            seen |= {row.key_a, row.key_b}
        if len(rows) == SHOWN:
            break
    return pairs.loc[rows]
