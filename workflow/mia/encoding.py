"""Pictures to latents, once per VAE."""

from __future__ import annotations

from typing import Any

import numpy as np

from mia.device import choose

BATCH = 64


def encode(pixels: np.ndarray, vae: dict[str, Any], device: str, threads: int) -> np.ndarray:
    """Return z0 of pictures.

    Args:
        pixels: `(images, 3, height, width)`, float32 in [−1, 1].
        vae: The block `vae` of model.json or vae.json.
        device: `auto`, `cpu` or `cuda`.
        threads: Torch threads.

    Returns:
        float32 `(images, channels, height, width)`, contiguous.
    """
    if not len(pixels):
        return np.zeros((0, 1, 1, 1), np.float32)
    import torch

    from mia.denoisers.autoencoder import Autoencoder

    torch.set_num_threads(threads)
    device = choose(device)
    autoencoder = Autoencoder(vae, device)
    batches = torch.from_numpy(pixels).split(BATCH)
    latents = torch.cat([autoencoder.encode(batch.to(device)).cpu() for batch in batches])
    return np.ascontiguousarray(latents)  # safetensors writes another array's memory as it lies
