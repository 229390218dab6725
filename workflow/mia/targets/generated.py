"""Images that a target's model made: each stands where the member stands whose caption was told."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mia import storage
from mia.images.sources.generated import member_of
from mia.path_names import names
from mia.result_paths import MANIFEST

PLACE = ["group", "fold", "block"]


def generated_images(manifest: str | Path, membership: str | Path) -> pd.DataFrame:
    """Return the kept images of a set that a model made: index image_id, sorted.

    Columns are set, key, and the member's group, fold and block. So an attack that learns block by
    block has learnt from no image of the same caption when it scores one.

    Raises:
        ValueError: No image is kept, or a member is not in the target.
    """
    rows = storage.read(manifest, ["key", "image_id", "url", "kept"])
    rows = rows[rows["kept"].astype(bool)].set_index("image_id").sort_index()
    if rows.empty:
        raise ValueError(f"{manifest}: no image is kept; expected images that the model made")
    kept = storage.read(membership, ["image_id", "kept", *PLACE])
    members = kept[kept["kept"].astype(bool)].set_index("image_id")[PLACE]
    of_rows = rows["url"].map(member_of)
    if strangers := sorted({*of_rows} - {*members.index}):
        raise ValueError(f"{manifest}: made of the caption of {strangers[0]}, not in {membership}")
    places = members.loc[of_rows].set_axis(rows.index)
    return rows[["key"]].assign(set=names(MANIFEST, manifest)["set"]).join(places)
