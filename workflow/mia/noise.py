"""The Gaussian noise of an image: a function of (seed, image, draw), never of a batch."""

from __future__ import annotations

import hashlib

import numpy as np


def draw_noise(seed: int, image_id: str, draw: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return the standard normal tensor of one image and draw.

    The tensor is the same at every timestep, under every condition and for every crop of the image.
    So differences between them are paired, and no score depends on batch, shard or machine.

    Args:
        seed: The experiment's seed.
        image_id: sha256 of the image's bytes, hexadecimal.
        draw: Number of the draw, from 0.
        shape: Latent shape `(channels, height, width)`.

    Returns:
        float32 array of `shape`, mean 0, variance 1.

    >>> draw_noise(0, "ab", 0, (2, 2)).tolist() == draw_noise(0, "ab", 0, (2, 2)).tolist()
    True
    """
    digest = hashlib.sha256(f"{seed}:{image_id}:{draw}".encode()).digest()
    key = int.from_bytes(digest[:16], "little")
    generator = np.random.Generator(np.random.Philox(key=key))
    return generator.standard_normal(shape, dtype=np.float32)
