"""Pictures as a model sees them: what is encoded, and what a training learns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mia.images.archive import unpack
from mia.images.pictures import prepare_checked


def prepared(
    archives: Iterable[str | Path], keys: Collection[str], resolution: int
) -> tuple[list[str], np.ndarray]:
    """Prepare those pictures of `archives` that are named by `keys`.

    Returns:
        The keys found, sorted; float32 `(pictures, 3, resolution, resolution)` in [-1, 1].
    """
    wanted, found = set(keys), {}
    for path in archives:
        for key, data in unpack(path):
            if key in wanted:
                found[key] = prepare_checked(data, resolution, f"{key} of {path}")
    pixels = [found[key] for key in sorted(found)]
    shape = (0, 3, resolution, resolution)
    return sorted(found), np.stack(pixels) if pixels else np.zeros(shape, np.float32)


@dataclass(frozen=True)
class TrainingSet:
    """The pictures of a training, in an order that depends on nothing but their content.

    Args:
        rows: Columns `key`, `image_id`, `caption`, sorted by `image_id`.
    """

    rows: pd.DataFrame

    @classmethod
    def of(cls, manifest: pd.DataFrame, parts: Collection[str]) -> TrainingSet:
        """Take the kept rows of `parts`.

        Raises:
            ValueError: There are none.
        """
        rows = manifest[manifest["kept"] & manifest["part"].isin(parts)]
        if rows.empty:
            raise ValueError(f"no kept picture in {', '.join(parts)}: nothing to learn from")
        captions = rows["caption"].fillna("").astype(str)
        rows = rows.assign(caption=captions).sort_values("image_id", ignore_index=True)
        return cls(rows[["key", "image_id", "caption"]])

    @property
    def captions(self) -> list[str]:
        """One caption per picture."""
        return self.rows["caption"].tolist()

    @property
    def content(self) -> str:
        """One hash over pictures and captions."""
        text = json.dumps(self.rows[["image_id", "caption"]].to_numpy().tolist())
        return hashlib.sha256(text.encode()).hexdigest()

    def pixels(self, archives: Iterable[str | Path], resolution: int) -> np.ndarray:
        """float32 `(pictures, 3, resolution, resolution)` in [-1, 1], in the order of `rows`."""
        keys, pixels = prepared(archives, set(self.rows["key"]), resolution)
        position = {key: i for i, key in enumerate(keys)}
        return pixels[[position[key] for key in self.rows["key"]]]
