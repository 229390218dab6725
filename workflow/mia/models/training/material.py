"""What a training learns from: images as latents or pixels, and captions if it is told any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from diffusers import AutoencoderKL
from torch import Tensor

from mia.models.training.noising import Draw

PIXELS_AT_ONCE = 2**18  # of the images that the VAE encodes in one batch


class Latents:
    """Images of which latents are drawn anew from the VAE's posterior, each time they are seen.

    Args:
        vae: Trained; it stays as it is.
        pixels: `(images, 3, height, width)`, float32 in [−1, 1].
    """

    def __init__(self, vae: AutoencoderKL, pixels: Tensor) -> None:
        vae.requires_grad_(False)
        self.device = vae.device
        self.mean, self.std = _posterior(vae, pixels)

    def clean(self, chosen: Tensor, draw: Draw) -> Tensor:
        """Return scaled latents of the images at `chosen`, on the device."""
        noise = draw(torch.randn, self.mean[chosen].shape)
        return self.mean[chosen].to(self.device) + self.std[chosen].to(self.device) * noise


class Pixels:
    """Images that are learnt as they are."""

    def __init__(self, pixels: Tensor, device: str) -> None:
        self.pixels, self.device = pixels, device

    def clean(self, chosen: Tensor, draw: Draw) -> Tensor:
        """Return the images at `chosen`, on the device."""
        return self.pixels[chosen].to(self.device)


class Captions:
    """Captions, some of which are replaced by the empty one each time they are seen.

    Args:
        tokenizer, text_encoder: Of the pipeline.
        captions: One for each image.
        dropout: Share that is replaced.
    """

    def __init__(
        self, tokenizer: Any, text_encoder: Any, captions: Sequence[str], dropout: float
    ) -> None:
        self.text_encoder, self.dropout = text_encoder, dropout
        self.tokens, self.empty = (
            _tokens(tokenizer, texts).to(text_encoder.device) for texts in (captions, [""])
        )

    def told(self, chosen: Tensor, draw: Draw) -> dict[str, Tensor]:
        """Return what the U-Net is told of the images at `chosen`."""
        dropped = draw(torch.rand, len(chosen), 1) < self.dropout
        chosen = chosen.to(self.tokens.device)
        tokens = torch.where(dropped, self.empty, self.tokens[chosen])
        return {"encoder_hidden_states": self.text_encoder(tokens).last_hidden_state}


class NoCaptions:
    """Nothing is told of an image."""

    def told(self, chosen: Tensor, draw: Draw) -> dict[str, Tensor]:
        """Return nothing, and draw nothing."""
        return {}


@torch.inference_mode()
def _posterior(vae: AutoencoderKL, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of scaled latents, `(images, channels, …)`, on CPU."""
    at_once = max(1, PIXELS_AT_ONCE // pixels[0, 0].numel())
    batches = (batch.to(vae.device) for batch in pixels.split(at_once))
    posteriors = [vae.encode(batch).latent_dist for batch in batches]
    mean = torch.cat([posterior.mean.cpu() for posterior in posteriors])
    std = torch.cat([posterior.std.cpu() for posterior in posteriors])
    shift = vae.config.shift_factor or 0.0
    return (mean - shift) * vae.config.scaling_factor, std * vae.config.scaling_factor


def _tokens(tokenizer: Any, captions: Sequence[str]) -> Tensor:
    encoded = tokenizer(
        list(captions),
        padding="max_length",
        truncation=True,
        max_length=tokenizer.model_max_length,
        return_tensors="pt",
    )
    return encoded.input_ids
