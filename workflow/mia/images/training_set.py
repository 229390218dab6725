"""Images as a model sees them: what is encoded, and what a training learns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mia.images.archive import names, unpack
from mia.images.pictures import prepare_checked
from mia.images.squares import CENTRE


def prepared(
    archives: Iterable[str | Path],
    image_ids: Mapping[str, str],
    resolution: int,
    preparation: str = CENTRE,
) -> tuple[list[str], np.ndarray]:
    """Return those images of `archives` that are named in `image_ids`, prepared.

    Args:
        archives: Tars that together hold all named images, and may hold others.
        image_ids: Key to image_id, which the bytes must have.
        resolution: Pixels of both sides.
        preparation: How the square is cut out: a name in `mia.images.squares`.

    Returns:
        The keys found, sorted; float32 `(images, 3, resolution, resolution)` in [-1, 1].
    """
    found = {}
    for path in archives:
        own = {key: image_ids[key] for key in names(path) if key in image_ids}
        for key, data in unpack(path, own):
            found[key] = prepare_checked(data, resolution, f"{key} of {path}", preparation)
    pixels = [found[key] for key in sorted(found)]
    shape = (0, 3, resolution, resolution)
    return sorted(found), np.stack(pixels) if pixels else np.zeros(shape, np.float32)


@dataclass(frozen=True)
class TrainingSet:
    """The images of a training, in an order that depends on nothing but their content.

    Args:
        rows: Columns `key`, `image_id`, `caption`, sorted by `image_id`.
    """

    rows: pd.DataFrame

    @classmethod
    def of(cls, manifest: pd.DataFrame, parts: Collection[str]) -> TrainingSet:
        """Return the kept rows of `parts` as a training set.

        Raises:
            ValueError: There are no such rows.
        """
        rows = manifest[manifest["kept"] & manifest["part"].isin(parts)]
        if rows.empty:
            raise ValueError(f"no kept image in {', '.join(parts)}: nothing to learn from")
        captions = rows["caption"].fillna("").astype(str)
        rows = rows.assign(caption=captions).sort_values("image_id", ignore_index=True)
        return cls(rows[["key", "image_id", "caption"]])

    @property
    def captions(self) -> list[str]:
        """One caption per image."""
        return self.rows["caption"].tolist()

    @property
    def content(self) -> str:
        """One hash over images and captions."""
        text = json.dumps(self.rows[["image_id", "caption"]].to_numpy().tolist())
        return hashlib.sha256(text.encode()).hexdigest()

    def pixels(
        self, archives: Iterable[str | Path], resolution: int, preparation: str = CENTRE
    ) -> np.ndarray:
        """Return the images in the order of `rows`.

        They are float32 `(images, 3, resolution, resolution)` in [-1, 1].
        """
        image_ids = dict(zip(self.rows["key"], self.rows["image_id"], strict=True))
        keys, pixels = prepared(archives, image_ids, resolution, preparation)
        position = {key: i for i, key in enumerate(keys)}
        return pixels[[position[key] for key in self.rows["key"]]]
