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


def chain_seed(seed: int, image_id: str, draw: int) -> int:
    """Return the seed of the noise that a sampler adds along one chain.

    It is another stream than `draw_noise`, which the chain starts from. Each image has a generator
    of its own, so no image's chain depends on a batch.

    Returns:
        A whole number from 0, below 2⁶³, as torch's generators take it.

    >>> chain_seed(0, "ab", 0) == chain_seed(0, "ab", 1)
    False
    """
    digest = hashlib.sha256(f"{seed}:{image_id}:{draw}:chain".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1
