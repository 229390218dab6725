"""Are latents what the model's files promise?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


class LatentsError(RuntimeError):
    """Latents that no number may come from; the message names an image by its key."""


def require_sound(latents: np.ndarray, keys: Sequence[str], vae: Mapping[str, Any]) -> None:
    """Raise LatentsError unless all latents are finite and of the VAE's shape.

    Args:
        latents: `(images, channels, height, width)`.
        keys: One of each image.
        vae: The block `vae` of model.json or vae.json.
    """
    if not len(latents):
        return
    side = vae["resolution"] // vae["factor"]
    expected = (vae["channels"], side, side)
    if latents.shape[1:] != expected:
        raise LatentsError(
            f"{vae['folder']}: image {keys[0]}: latents of shape {latents.shape[1:]}; "
            f"expected {expected}, as its config and the model's say"
        )
    wrong = np.flatnonzero(~np.isfinite(latents).all(axis=(1, 2, 3)))
    if len(wrong):
        raise LatentsError(
            f"{vae['folder']}: image {keys[wrong[0]]}: its latents hold NaN or infinity, as do "
            f"those of {len(wrong) - 1} more of {len(keys)}; expected finite numbers: the VAE "
            "cannot be used as it is"
        )
