"""Which images of a target each of its references was trained on: in, out, or unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mia.images.duplicates.pairs import REVIEW, matches
from mia.images.halves import half_of
from mia.targets.trained_on import trained_on

IN, OUT, UNKNOWN = "in", "out", "unknown"
COMPARED = ["image_id", "phash", "phash_mirror", "thumbnail"]  # and `embedding`, with such a rule


def reference_membership(
    images: pd.DataFrame,
    manifests: Mapping[str, pd.DataFrame],
    references: Mapping[str, Any],
    rule: Mapping[str, Any],
) -> pd.DataFrame:
    """Return what is known of each image: `in`, `out` or `unknown`, one column a reference.

    An image is `in` if its bytes are among those that the reference was trained on. It is `unknown`
    if a duplicate of it is there and it is not: by the rule by which a target drops a nonmember
    that duplicates a member.

    Args:
        images: Manifest rows of a target's kept images, index image_id.
        manifests: Image set to manifest, of every set that a reference was trained on.
        references: Reference to a list of what it was trained on, each with `set`, `parts` and, of
            a random half of them, `half` (its `seed` and `number`); or to a `table` that says it.
        rule: When two images are duplicates (`mia.images.duplicates.pairs.matches`).

    Raises:
        ValueError: As `mia.targets.trained_on.trained_on`.
    """
    learnt = {
        name: pd.concat([_rows(manifests[one["set"]], one) for one in known])
        for name, known in references.items()
        if not isinstance(known, str)
    }
    near = _near(images, learnt, rule)
    found = {
        name: _of_table(known, images)
        if isinstance(known, str)
        else _of_training(images.index, learnt[name]["image_id"], near)
        for name, known in references.items()
    }
    return pd.DataFrame(found, images.index)


def _rows(manifest: pd.DataFrame, known: Mapping[str, Any]) -> pd.DataFrame:
    if "half" in known:
        return half_of(manifest, known["parts"], **known["half"])
    return manifest[manifest["kept"].astype(bool) & manifest["part"].isin(known["parts"])]


def _of_table(path: str, images: pd.DataFrame) -> pd.Series:
    return trained_on(path, images).map({True: IN, False: OUT}).astype(object).fillna(UNKNOWN)


def _of_training(index: pd.Index, learnt: pd.Series, near: pd.DataFrame) -> pd.Series:
    found = pd.Series(OUT, index)
    found[index.isin(near.loc[near["other"].isin(learnt), "image_id"])] = UNKNOWN
    found[index.isin(learnt)] = IN
    return found


def _near(
    images: pd.DataFrame, learnt: Mapping[str, pd.DataFrame], rule: Mapping[str, Any]
) -> pd.DataFrame:
    """Return the pairs of an image and the `other`, among all that were learnt, near it."""
    columns = [*COMPARED, *(["embedding"] if "embedding" in rule else [])]
    every: Sequence[pd.DataFrame] = [rows[columns] for rows in learnt.values()]
    if not every:
        return pd.DataFrame({"image_id": [], "other": []})
    others = pd.concat(every).drop_duplicates("image_id").reset_index(drop=True)
    pairs = matches(images.reset_index()[columns], others, rule)
    pairs = pairs[pairs["kind"] != REVIEW]
    return pd.DataFrame(
        {
            "image_id": images.index[pairs["a"]],
            "other": others["image_id"].to_numpy()[pairs["b"]],
        }
    )
