"""Which images are duplicates: equal bytes, near copies, near copies of the mirror image.

A near copy has a perceptual hash within `phash` bits and a thumbnail within `rmse`; a mirror copy
the same against the other's mirror image, with the stricter `mirror_rmse`. An embedding model, if
there is one, finds further duplicates by itself. Captions and families play no part. Pairs a little
beyond these limits are no duplicates; they are kept for a person to judge the limits by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from mia.images import hashes
from mia.images.duplicates import cosine_search
from mia.images.duplicates.hash_search import close_hashes

REVIEW, REVIEW_BITS, REVIEW_RMSE = "review", 4, 1.5
THUMBNAILS_AT_ONCE = 4096


def matches(
    left: pd.DataFrame, right: pd.DataFrame | None, rule: Mapping[str, Any]
) -> pd.DataFrame:
    """Return every pair of duplicates between two tables, or within one, and the pairs to review.

    Args:
        left: Columns `image_id`, `phash`, `phash_mirror`, `thumbnail`.
        right: The same; None compares `left` with itself, each pair once.
        rule: `phash` (bits), `rmse` and `mirror_rmse` (in [0, 1]); `embedding` (cosines `drop` and
            `review`) where the tables have a column `embedding`.

    Returns:
        Positions `a` in `left` and `b` in `right` (a < b within one table), `distance` (bits),
        `rmse`, `mirrored` (whether both are of the mirror image), `cosine` of the embeddings (null
        without or below `review`), and `kind`: `exact`, else `near`, else `mirror`, else
        `embedding`; `review` for pairs a little beyond the rule: up to `REVIEW_BITS` more and
        `REVIEW_RMSE` times the difference, or a cosine from `review` up. Sorted by (a, b).
    """
    if _bare(left) or (right is not None and _bare(right)):
        return _equal_ids(left, right)
    further = {name: rule[name] * REVIEW_RMSE for name in ("rmse", "mirror_rmse")}
    reach = {"phash": rule["phash"] + REVIEW_BITS, **further}
    own = right is None
    straight = _Side(left)
    other = straight if own else _Side(right)
    # The hash of a mirror image is not quite the mirrored hash: both ways are asked.
    ways = (
        (straight.hash, other.hash, False),
        (straight.hash, other.mirror, True),
        (straight.mirror, other.hash, True),
    )
    found = pd.concat(
        [
            _checked(straight, other, *close_hashes(one, two, reach["phash"], own), reach, mirrored)
            for one, two, mirrored in ways
        ]
    )
    limit = np.where(found["mirrored"], rule["mirror_rmse"], rule["rmse"])
    beyond = (found["distance"] > rule["phash"]) | (found["rmse"] > limit)
    found["kind"] = np.where(found["mirrored"], "mirror", "near")
    found["kind"] = found["kind"].mask(beyond, REVIEW)
    found = found.assign(beyond=beyond).sort_values(
        ["a", "b", "beyond", "mirrored", "distance"], ignore_index=True
    )
    found = found.drop(columns="beyond").drop_duplicates(["a", "b"], ignore_index=True)
    same = straight.image_id[found["a"]] == other.image_id[found["b"]]
    found.loc[same, "kind"] = "exact"
    if "embedding" not in rule:
        return found.assign(cosine=np.nan)
    return _with_cosines(found, straight, other, own, rule["embedding"])


def pairs_within(table: pd.DataFrame, rule: Mapping[str, Any]) -> pd.DataFrame:
    """Return the duplicates, and the pairs to review, in one table by key.

    Args:
        table: Sorted by `key`; the columns of `matches` and `part`. Of the images with equal
            bytes in one part the first stands for all, and each other is paired with that one.
        rule: As in `matches`.

    Returns:
        `key_a` < `key_b`, `distance`, `rmse`, `mirrored`, `cosine`, `kind` (as `matches`); sorted
        by the keys.
    """
    table = table.reset_index(drop=True)
    first = table.groupby(["part", "image_id"])["key"].transform("first")
    copy = (first != table["key"]).to_numpy(bool)
    copies = pd.DataFrame({"key_a": first[copy], "key_b": table["key"][copy]})
    copies = copies.assign(distance=0, rmse=0.0, mirrored=False, cosine=np.nan, kind="exact")
    single = table[~copy].reset_index(drop=True)
    found = matches(single, None, rule)
    keys = single["key"].to_numpy(object)
    found = found.assign(key_a=keys[found["a"]], key_b=keys[found["b"]])[copies.columns]
    both = [frame for frame in (found, copies) if len(frame)] or [found]
    return pd.concat(both).sort_values(["key_a", "key_b"], ignore_index=True)


def _bare(table: pd.DataFrame) -> bool:
    """Whether a table has rows and none of them an image: a set of captions alone."""
    return bool(len(table)) and bool(table["phash"].isna().all())


def _equal_ids(left: pd.DataFrame, right: pd.DataFrame | None) -> pd.DataFrame:
    """The pairs with one `image_id`; where there are no images, nothing else can be compared."""
    own, other = right is None, left if right is None else right
    ids = [table["image_id"].reset_index(drop=True) for table in (left, other)]
    sides = [pd.DataFrame({"image_id": i, n: i.index}) for i, n in zip(ids, "ab", strict=True)]
    found = sides[0].merge(sides[1], on="image_id")
    found = found[found["a"] < found["b"]] if own else found
    found = found[["a", "b"]].sort_values(["a", "b"], ignore_index=True).astype(np.int64)
    exact = {"distance": 0, "rmse": 0.0, "mirrored": False}
    return found.assign(**exact, kind="exact", cosine=np.nan)


class _Side:
    """The columns of a table as arrays."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.image_id = table["image_id"].to_numpy(object)
        self.hash = hashes.bits(table["phash"].tolist())
        self.mirror = hashes.bits(table["phash_mirror"].tolist())
        self.thumbnails = hashes.thumbnails(table["thumbnail"].tolist())
        stored = table["embedding"].tolist() if "embedding" in table else []
        self.embeddings = cosine_search.vectors(stored)


def _with_cosines(
    found: pd.DataFrame, left: _Side, right: _Side, own: bool, rule: Mapping[str, float]
) -> pd.DataFrame:
    """Add the cosines, and the pairs that only the embedding finds."""
    a, b, cosine = cosine_search.close_vectors(
        left.embeddings, right.embeddings, rule["review"], own
    )
    close = pd.DataFrame({"a": a, "b": b, "cosine": cosine})
    anyway = {"phash": 64, "rmse": 1, "mirror_rmse": 1}
    bits = np.bitwise_count(left.hash[a] ^ right.hash[b]).astype(np.int64)
    compared = _checked(left, right, a, b, bits, anyway, mirrored=False).assign(kind=REVIEW)
    found = pd.concat([found, compared]).drop_duplicates(["a", "b"])
    found = found.merge(close, how="left", on=["a", "b"]).sort_values(["a", "b"], ignore_index=True)
    found.loc[(found["kind"] == REVIEW) & (found["cosine"] >= rule["drop"]), "kind"] = "embedding"
    return found


def _checked(
    left: _Side,
    right: _Side,
    a: np.ndarray,
    b: np.ndarray,
    distance: np.ndarray,
    reach: Mapping[str, Any],
    mirrored: bool,
) -> pd.DataFrame:
    """Keep the candidates whose thumbnails agree."""
    rmse = np.empty(len(a))
    for start in range(0, len(a), THUMBNAILS_AT_ONCE):
        part = slice(start, start + THUMBNAILS_AT_ONCE)
        other = right.thumbnails[b[part]]
        other = other[:, :, ::-1] if mirrored else other
        rmse[part] = hashes.rmse(left.thumbnails[a[part]], other)
    found = pd.DataFrame({"a": a, "b": b, "distance": distance, "rmse": rmse})
    found["mirrored"] = np.full(len(a), mirrored)
    return found[rmse <= reach["mirror_rmse" if mirrored else "rmse"]]
