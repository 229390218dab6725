"""The manifest of an image set: what is kept, in which group and part, and why not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mia.images import hashes, split
from mia.images.duplicates.components import components, links
from mia.images.duplicates.pairs import REVIEW, pairs_within
from mia.images.duplicates.representatives import representatives
from mia.images.rows import NUMBERS, STATISTICS

COLUMNS = [
    *(
        "key",
        "image_id",
        "part",
        "caption",
        "alternates",
        "url",
        "status",
        "error",
        *NUMBERS,
        "format",
        "mode",
    ),
    *("phash", "phash_mirror", "thumbnail", *STATISTICS, "family", "group", "kept", "reason"),
]
PAIRS = [
    *("key_a", "key_b", "image_id_a", "image_id_b", "part_a", "part_b"),
    *("distance", "rmse", "mirrored", "cosine", "kind", "dropped"),
]


def build(rows: pd.DataFrame, spec: Mapping[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the manifest and the pairs of an image set.

    Duplicates are decided within a source part. Rows outside named parts are one part, as they are
    split together. In the order of keys, an image is kept unless it duplicates a kept image or is
    linked to one (`representatives`). A `group` joins all connected duplicates over all parts, and
    images of one `family`; its name is its smallest key.

    Args:
        rows: The rows of all shards, sorted by key; `part` is the source part. There is
            a column `embedding` if `duplicates` names an embedding model.
        spec: `seed`, `duplicates`, `split` (part to kept images; may be missing).

    Returns:
        The manifest (`COLUMNS` and, if given, `embedding`; sorted by key) and the pairs (`PAIRS`,
        sorted by keys).

    Raises:
        ValueError: The split asks for more than there is, or names a source part.
    """
    rows = rows.reset_index(drop=True)
    good = rows[rows["status"] == "success"].reset_index(drop=True)
    pairs = pairs_within(good, spec["duplicates"])
    same = pairs[pairs["kind"] != REVIEW]
    good = _with_verdicts(good, same, spec["duplicates"].get("linked_rmse", 0))
    good = _with_groups(good, same)
    failed = rows[rows["status"] != "success"]
    failed = failed.assign(kept=False, reason=failed["status"], group=failed["key"])
    manifest = pd.concat([good, failed]) if len(failed) else good
    manifest = manifest.sort_values("key", ignore_index=True)
    manifest["source_part"] = manifest["part"]
    manifest["part"] = _final_parts(manifest, spec.get("split") or {}, spec["seed"])
    columns = [*COLUMNS, *(["embedding"] if "embedding" in rows else [])]
    return manifest[columns], _recorded(pairs, manifest)


def _with_verdicts(good: pd.DataFrame, pairs: pd.DataFrame, linked_rmse: float) -> pd.DataFrame:
    """Add `kept` and `reason`, decided within a source part."""
    position = pd.Series(good.index, index=good["key"])
    part = good["part"].to_numpy(object)
    a, b = (position[pairs[column]].to_numpy() for column in ("key_a", "key_b"))
    together, copy = part[a] == part[b], (pairs["kind"] == "exact").to_numpy(bool)
    original, copied = a[together & copy], b[together & copy]
    a, b = a[together & ~copy], b[together & ~copy]
    bare = good["thumbnail"].isna().all()  # captions alone: only equal addresses are duplicates
    blank = np.zeros((len(good), hashes.SIDE, hashes.SIDE, 3), np.uint8)
    thumbnails = blank if bare else hashes.thumbnails(good["thumbnail"].tolist())
    first, direct = representatives(thumbnails, a, b, linked_rmse)
    # Of images with equal bytes only the first was compared with others; its result holds for all.
    first[copied], direct[copied] = first[original], direct[original]
    kept = first == np.arange(len(good))
    how = np.where(direct, "duplicate of ", "linked by duplicates to ")
    reason = np.where(kept, "", how + good["key"].to_numpy(object)[first])
    return good.assign(kept=kept, reason=reason)


def _with_groups(good: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    position = pd.Series(good.index, index=good["key"])
    a, b = (position[pairs[column]].to_numpy() for column in ("key_a", "key_b"))
    kin_a, kin_b = links(good["family"])
    edges = np.concatenate([a, kin_a]), np.concatenate([b, kin_b])
    first = components(len(good), *edges)
    return good.assign(group=good["key"].to_numpy(object)[first])


def _final_parts(manifest: pd.DataFrame, wanted: Mapping[str, int], seed: int) -> pd.Series:
    named = manifest["source_part"] != ""
    both = sorted(set(wanted) & set(manifest.loc[named, "source_part"]))
    if both:
        raise ValueError(f"split: {both[0]!r} is a source part already; expected another name")
    if not wanted:
        return manifest["source_part"].where(named, "all")
    sizes = manifest[~named & manifest["kept"].astype(bool)].groupby("group").size().to_dict()
    dealt = split.parts(sizes, wanted, seed)
    return manifest["source_part"].where(named, manifest["group"].map(dealt).fillna("rest"))


def _recorded(pairs: pd.DataFrame, manifest: pd.DataFrame) -> pd.DataFrame:
    """Add parts and image ids, and which of two duplicates in one source part is not kept."""
    of_key = manifest.set_index("key")
    part_a, part_b = (of_key["source_part"][pairs[key]].to_numpy() for key in ("key_a", "key_b"))
    dropped = pairs["key_a"].where(of_key["kept"][pairs["key_b"]].to_numpy(bool), pairs["key_b"])
    decided = (part_a == part_b) & (pairs["kind"] != REVIEW)
    pairs = pairs.assign(dropped=dropped.where(decided))
    captions = _equal_captions(manifest)
    pairs = pairs.astype({"distance": "Int64", "dropped": "string"})
    if len(pairs) and len(captions):
        pairs = pd.concat([pairs, captions])
    elif len(captions):
        pairs = captions
    pairs = pairs.sort_values(["key_a", "key_b", "kind"], ignore_index=True)
    for side in ("a", "b"):
        for column in ("image_id", "part"):
            pairs[f"{column}_{side}"] = of_key[column][pairs[f"key_{side}"]].to_numpy()
    return pairs[PAIRS]


def _equal_captions(manifest: pd.DataFrame) -> pd.DataFrame:
    """Pair each image with the next key of equal caption; such a pair drops no image."""
    good = manifest[manifest["status"] == "success"]
    good = good.assign(text=good["caption"].fillna("").str.strip())
    good = good[good["text"] != ""].sort_values(["text", "key"])
    following = good.groupby("text")["key"].shift(-1)
    found = pd.DataFrame({"key_a": good["key"], "key_b": following}).dropna()
    found = found.assign(distance=pd.NA, rmse=np.nan, mirrored=False, cosine=np.nan)
    found = found.assign(kind="caption", dropped=pd.NA)
    return found.astype({"distance": "Int64", "dropped": "string"})
