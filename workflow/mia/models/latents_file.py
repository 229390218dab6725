"""Latents of a shard in a safetensors file, sealed; equal content gives equal bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from mia import seal, storage


def write(z0: np.ndarray, keys: Sequence[str], image_ids: Sequence[str], path: str | Path) -> None:
    """Write latents, float32 `(images, channels, height, width)`, with keys and ids.

    All metadata is one entry, since safetensors writes several in a random order.
    """
    about = {"image_id": image_ids, "key": keys, seal.KEY: seal.UNSEALED}
    with storage.replacing(path) as temporary:
        save_file({"z0": z0}, temporary, {"about": json.dumps(about)})
        seal.seal(temporary)


def images(path: str | Path) -> tuple[list[str], list[str]]:
    """Return keys and image_ids, in the order of the latents.

    Raises:
        DamagedFile: The file is not as it was written.
    """
    seal.check(path)
    try:
        with safe_open(path, "numpy") as file:
            found = file.metadata()
        # An older run wrote two entries.
        about = json.loads(found["about"]) if "about" in found else None
        ids = about or {name: json.loads(found[name]) for name in ("key", "image_id")}
        return ids["key"], ids["image_id"]
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise seal.DamagedFile(path, f"not the latents expected: {error}") from error


def z0(path: str | Path, places: Sequence[int]) -> np.ndarray:
    """Return the latents at `places`, float32 `(images, channels, height, width)`."""
    with safe_open(path, "numpy") as file:
        rows = file.get_slice("z0")
        return np.stack([rows[place] for place in places])
