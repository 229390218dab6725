"""The images of one measuring job: captions, latents, and pixels where a signal looks at them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mia import storage
from mia.images.training_set import prepared
from mia.measuring.other_captions import told
from mia.models import latents_file
from mia.models.options import preparation

COLUMNS = ["key", "image_id", "part", "kept", "caption", "alternates"]
SIZES = ["height", "width"]


class Shard:
    """Kept rows of some parts that were encoded in one shard.

    Args:
        manifest: manifest.parquet of the image set.
        latents: Latents of the shard.
        parts: Parts that are measured.
        pictures: pictures.tar of the shard, where a signal looks at pixels.
        sized: Whether the model is told the size of each image's file.

    Attributes:
        images: Index `image_id`, sorted; columns `key`, `place` (of the image in its part, by
            image_id), `caption`, and `alt-<name>` for each other caption that the image set has;
            `height` and `width` in pixels, if `sized`. An image in two parts has two rows
            (`layers`).
    """

    def __init__(
        self,
        manifest: str | Path,
        latents: str | Path,
        parts: Collection[str],
        pictures: str | Path | None = None,
        sized: bool = False,
    ) -> None:
        self.manifest, self.latents = manifest, latents
        self.pictures, self.sized = pictures, sized
        keys, ids = latents_file.images(latents)
        self._position = {image_id: i for i, image_id in enumerate(ids)}
        rows = kept_rows(manifest, parts, SIZES if sized else ())
        rows = rows[rows["key"].isin(keys)]
        kept = ["key", "place", *(SIZES if sized else ())]
        self.images = captions_of(rows).assign(**{name: rows[name].to_numpy() for name in kept})

    def layers(self) -> list[Shard]:
        """Return shards that hold each image once: its two captions go to two shards."""
        number = self.images.groupby(level="image_id").cumcount()
        found = []
        for n in range(1 + number.max() if len(number) else 1):
            layer = copy(self)
            layer.images = self.images[number == n]
            found.append(layer)
        return found

    def first(self, count: int) -> Shard:
        """Return the shard with the first `count` images of each part, however shards are cut.

        An image_id is a hash of the image's bytes, so the first are as good as drawn at random.
        """
        found = copy(self)
        found.images = self.images[self.images["place"] < count]
        return found

    def under(self, control: str | None, tables: Mapping[str, str | Path]) -> Shard:
        """Return the shard with the captions that a control tells (`other_captions.told`)."""
        if control is None:
            return self
        found = copy(self)
        found.images = told(self.images, control, self.manifest, tables)
        return found

    def captions(self, image_ids: Sequence[str]) -> list[str]:
        """Return one caption per image."""
        return self.images.loc[list(image_ids), "caption"].tolist()

    def alternates(self, image_ids: Sequence[str]) -> dict[str, list[str]]:
        """Return other captions of each image, by name."""
        names = [name for name in self.images if name.startswith("alt-")]
        rows = self.images.loc[list(image_ids)]
        return {name.removeprefix("alt-"): rows[name].tolist() for name in names}

    def sizes(self, image_ids: Sequence[str]) -> list[tuple[int, int]]:
        """Return height and width in pixels of each image's file; nothing if not `sized`."""
        if not self.sized:
            return []
        heights, widths = (self.images.loc[list(image_ids), name].astype(int) for name in SIZES)
        return list(zip(heights.tolist(), widths.tolist(), strict=True))

    def z0(self, image_ids: Sequence[str]) -> np.ndarray:
        """Return latents, float32 `(images, channels, height, width)`."""
        return latents_file.z0(self.latents, [self._position[image_id] for image_id in image_ids])

    def pixels(self, image_ids: Sequence[str], vae: Mapping[str, Any]) -> np.ndarray:
        """Return images prepared as they were encoded.

        Args:
            image_ids: Of the images.
            vae: The block `vae` of model.json.

        Returns:
            float32 `(images, 3, resolution, resolution)` in [−1, 1].
        """
        keys = self.images.loc[list(image_ids), "key"].tolist()
        wanted = dict(zip(keys, image_ids, strict=True))
        how = vae["resolution"], preparation(vae)
        found, pixels = prepared(filter(None, [self.pictures]), wanted, *how)
        position = {key: i for i, key in enumerate(found)}
        return pixels[[position[key] for key in keys]]


def kept_rows(
    manifest: str | Path, parts: Collection[str], further: Collection[str] = ()
) -> pd.DataFrame:
    """Return the kept rows of `parts`, by image_id; `place` counts those of each part from 0.

    Columns are `COLUMNS`, `further` and `place`.
    """
    rows = storage.read(manifest, [*COLUMNS, *further])
    rows = rows[rows["kept"] & rows["part"].isin(parts)].sort_values(["image_id", "key"])
    return rows.assign(place=rows.groupby("part").cumcount())


def captions_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return index `image_id`, columns `caption` and `alt-<name>`, from rows of a manifest."""
    rows = rows.set_index("image_id")
    others = pd.DataFrame([json.loads(text or "{}") for text in rows["alternates"]], rows.index)
    captions = rows[["caption"]].assign(**others.add_prefix("alt-").to_dict("list"))
    return captions.fillna("").astype(str)
