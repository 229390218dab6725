"""A target's images as attacks and audits see them: manifest rows, embeddings beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from mia import storage
from mia.images.duplicates.cosine_search import vectors
from mia.path_names import names
from mia.result_paths import EMBEDDINGS, MANIFEST
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


def with_embeddings(images: pd.DataFrame, rows: pd.DataFrame, paths: Sequence[str]) -> pd.DataFrame:
    """Return `images` with columns `{channel}_{number}` of every embedding in `paths`.

    Args:
        images: Manifest rows, index `image_id`.
        rows: The same index in any order, columns `set` and `key`.
        paths: Tables of the rule `embed`, `…/{set}/embeddings/{encoder}/{channel}/{shard}.parquet`.

    Raises:
        ValueError: An image has no embedding.
    """
    channel_of = {path: names(EMBEDDINGS, path)["channel"] for path in paths}
    found = [
        _columns(c, images.index, rows, [p for p in paths if channel_of[p] == c])
        for c in sorted({*channel_of.values()})
    ]
    return pd.concat([images, *found], axis=1)


def _columns(
    channel: str, index: pd.Index, rows: pd.DataFrame, paths: Sequence[str]
) -> pd.DataFrame:
    stored = pd.concat(
        [storage.read(path).assign(set=names(EMBEDDINGS, path)["set"]) for path in paths]
    )
    stored = stored.set_index(["set", "key"])["embedding"]
    wanted = pd.MultiIndex.from_frame(rows.loc[index, ["set", "key"]])
    places = stored.index.get_indexer(wanted)
    if (places < 0).any():
        image_set, key = wanted[places < 0][0]
        raise ValueError(f"{paths[0]}: no {channel} of image {key} of image set {image_set}")
    values = vectors(stored.iloc[places].tolist())
    columns = [f"{channel}_{number:04d}" for number in range(values.shape[1])]
    return pd.DataFrame(values, index, columns)
