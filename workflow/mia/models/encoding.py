"""Images to latents, once per VAE."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np

from mia.models.device import choose

MOST, PIXELS = 64, 2**20  # images and pixels of a batch: a VAE's memory grows with them


def encode(
    pictures: Iterable[np.ndarray], vae: dict[str, Any], device: str, threads: int
) -> np.ndarray:
    """Return z0 of images, of which no more than one batch is held at once.

    Args:
        pictures: Images, `(3, resolution, resolution)` each, float32 in [−1, 1].
        vae: The block `vae` of model.json or vae.json.
        device: `auto`, `cpu` or `cuda`.
        threads: Torch threads.

    Returns:
        float32 `(images, channels, height, width)`, contiguous.
    """
    import torch

    from mia.models.autoencoder import Autoencoder

    torch.set_num_threads(threads)
    device = choose(device)
    autoencoder, left, latents = Autoencoder(vae, device), iter(pictures), []
    while batch := list(islice(left, batch_size(vae["resolution"]))):
        latents.append(autoencoder.encode(torch.from_numpy(np.stack(batch)).to(device)).cpu())
    if not latents:
        return np.zeros((0, 1, 1, 1), np.float32)
    return np.ascontiguousarray(torch.cat(latents))  # safetensors writes memory as it lies


def batch_size(resolution: int) -> int:
    """Return how many images are encoded at once.

    >>> [batch_size(resolution) for resolution in (64, 512, 2048)]
    [64, 4, 1]
    """
    return min(MOST, max(1, PIXELS // resolution**2))
