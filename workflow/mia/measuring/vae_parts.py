"""Images in parts that are small enough to go through a VAE at once."""

from __future__ import annotations

from torch import Tensor

PIXELS_AT_ONCE = 2**22  # sixteen images of 512 × 512


def vae_parts(images: Tensor, factor: int) -> tuple[Tensor, ...]:
    """Return parts of images or latents, one image or more each.

    Args:
        images: `(images, channels, height, width)`.
        factor: Pixels per side of one of its numbers; 1 for images themselves.
    """
    pixels = images.shape[-1] * images.shape[-2] * factor**2
    return images.split(max(1, PIXELS_AT_ONCE // pixels))
