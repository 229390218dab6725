"""The rows of a target's images in the manifests of its image sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from mia import storage
from mia.result_paths import MANIFEST, names
from mia.targets.equal_captions import joined


def read_images(manifests: Sequence[str], images: pd.DataFrame) -> pd.DataFrame:
    """Return the manifest rows of `images`, by (set, key): index `image_id`, sorted.

    Groups are the manifests', joined by equal captions (`equal_captions.together`).

    Args:
        manifests: Files, each in a folder with the name of its set.
        images: Index `image_id`, columns `set` and `key`.
    """
    table = pd.concat([_rows(Path(path), images) for path in manifests], ignore_index=True)
    table = table.set_index("image_id").sort_index()
    return table.assign(group=joined(table["group"], table["caption"]))


def _rows(path: Path, images: pd.DataFrame) -> pd.DataFrame:
    keys = images["key"][images["set"] == names(MANIFEST, path)["set"]]
    table = storage.read(path)
    return table[table["key"].isin(keys) & table["image_id"].isin(keys.index)]
