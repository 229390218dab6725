"""What makes latents of images, and images of latents: an autoencoder, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mia.models.loading import load_whole

if TYPE_CHECKING:
    from torch import Tensor

MOVQ = "spatial"  # norm_type of a VQModel whose decoder reads latents that are not quantised
PIXELS = "pixels"  # the kind of a model whose latents are the pixels themselves
# Pixels per side of one latent are told by one of these keys: each block but the last halves.
BLOCKS = {
    "AutoencoderKL": "block_out_channels",
    "VQModel": "block_out_channels",
    "AutoencoderDC": "encoder_block_out_channels",
}


class Autoencoder:
    """An autoencoder with its scaling, always in float32; no arithmetic at all for `pixels`.

    Args:
        vae: The block `vae` of model.json or vae.json.
        device: `cpu` or `cuda:n`.
        module: The autoencoder itself, in place of the one in the block's folder.
    """

    def __init__(self, vae: Mapping[str, Any], device: str, module: Any = None) -> None:
        import torch

        self.kind, self.factor = vae.get("kind", "AutoencoderKL"), vae["factor"]
        self.scaling, self.shift = vae["scaling_factor"], vae["shift_factor"]
        self.mean, self.std = (
            torch.tensor(vae[key], device=device).view(1, -1, 1, 1) if vae.get(key) else None
            for key in ("latents_mean", "latents_std")
        )
        if self.kind != PIXELS:
            self.model = module or _loaded(self.kind, vae).to(device=device, dtype=torch.float32)
            self.model.eval().requires_grad_(False)

    def encode(self, pixels: Tensor) -> Tensor:
        """Return z0: the posterior's mean, or what is not quantised yet, shifted and scaled.

        Args:
            pixels: `(images, 3, height, width)`, float32 in [−1, 1].

        Returns:
            `(images, channels, height / factor, width / factor)`, float32.
        """
        import torch

        if self.kind == PIXELS:
            return pixels
        with torch.inference_mode():
            found = self.model.encode(pixels)
            if self.kind == "AutoencoderKL":
                raw = found.latent_dist.mean
            else:
                raw = found.latents if self.kind == "VQModel" else found.latent
            if self.mean is not None and self.std is not None:
                return (raw - self.mean) * (self.scaling / self.std)
            return (raw - self.shift) * self.scaling

    def decode(self, z0: Tensor) -> Tensor:
        """Return pixels in about [−1, 1] for scaled latents: the inverse of `encode`.

        Latents of a VQModel are quantised first, except by a decoder that reads them beside the
        quantised ones (MoVQ), as the pipelines of both do.
        """
        import torch

        if self.kind == PIXELS:
            return z0
        with torch.inference_mode():
            if self.mean is not None and self.std is not None:
                raw = z0 * (self.std / self.scaling) + self.mean
            else:
                raw = z0 / self.scaling + self.shift
            if self.kind == "VQModel" and self.model.config.norm_type == MOVQ:
                return self.model.decode(raw, force_not_quantize=True).sample
            return self.model.decode(raw).sample


def _loaded(kind: str, vae: Mapping[str, Any]) -> Any:
    import diffusers

    return load_whole(getattr(diffusers, kind), Path(vae["folder"]), vae["variant"])
