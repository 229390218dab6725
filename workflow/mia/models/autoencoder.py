"""The VAE of a latent diffusion model: images to latents and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL
from torch import Tensor

from mia.models.loading import load_whole


class Autoencoder:
    """An `AutoencoderKL` with its scaling.

    Args:
        vae: The block `vae` of model.json or vae.json.
        device: `cpu` or `cuda`.
    """

    def __init__(self, vae: dict[str, Any], device: str) -> None:
        self.model = load_whole(AutoencoderKL, Path(vae["folder"]), vae["variant"])
        self.model.to(device=device, dtype=torch.float32).eval().requires_grad_(False)
        self.scaling, self.shift = vae["scaling_factor"], vae["shift_factor"]
        self.factor = vae["factor"]

    @torch.inference_mode()
    def encode(self, pixels: Tensor) -> Tensor:
        """Return z0 = (posterior mean − shift) × scaling factor.

        Args:
            pixels: `(images, 3, height, width)`, float32 in [−1, 1].

        Returns:
            `(images, channels, height / factor, width / factor)`, float32.
        """
        return (self.model.encode(pixels).latent_dist.mean - self.shift) * self.scaling

    @torch.inference_mode()
    def decode(self, z0: Tensor) -> Tensor:
        """Return pixels in about [−1, 1] for scaled latents: the inverse of `encode`."""
        return self.model.decode(z0 / self.scaling + self.shift).sample
