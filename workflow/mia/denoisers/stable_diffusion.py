"""Stable Diffusion 1.x and 2.x: text encoder, U-Net, scheduler and VAE of a diffusers folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextModel

from mia.models.denoiser import to_epsilon
from mia.models.loading import load_whole
from mia.models.tokenizer import load_tokenizer


class StableDiffusion:
    """A denoiser (`mia.models.denoiser.Denoiser`) from a Stable-Diffusion-format folder.

    Args:
        model: Contents of model.json.
        device: `cpu` or `cuda`.
        dtype: Arithmetic of the U-Net: `float32`, or `bfloat16` / `float16` by autocast.
        compiled: Whether the U-Net goes through `torch.compile`.
    """

    def __init__(
        self, model: dict[str, Any], device: str, dtype: str = "float32", compiled: bool = False
    ) -> None:
        folder, variants = Path(model["folder"]), model["variants"]
        self.tokenizer = load_tokenizer(folder / "tokenizer")
        self.caption_length = model["caption_length"]
        self.text_encoder = load_whole(
            CLIPTextModel, folder / "text_encoder", variants["text_encoder"]
        )
        self.unet = load_whole(UNet2DConditionModel, folder / "unet", variants["unet"])
        for module in (self.text_encoder, self.unet):
            module.to(device=device, dtype=torch.float32).eval().requires_grad_(False)
        self.device, self.dtype = torch.device(device), getattr(torch, dtype)
        if self.device.type == "cuda":
            self.unet.to(memory_format=torch.channels_last)
        self.forward = torch.compile(self.unet) if compiled else self.unet
        self.prediction_type = model["prediction_type"]
        self.latent_shape = tuple(model["latent_shape"])
        self.alpha_bar = torch.tensor(model["alpha_bar"], dtype=torch.float64, device=device)

    @torch.inference_mode()
    def embed(self, captions: Sequence[str]) -> Tensor:
        """Return text-encoder states, `(captions, tokens, width)`, float32, of padded captions."""
        tokens = self.tokenizer(
            list(captions),
            padding="max_length",
            truncation=True,
            max_length=self.caption_length,
            return_tensors="pt",
        )
        return self.text_encoder(tokens.input_ids.to(self.device)).last_hidden_state

    @torch.inference_mode()
    def epsilon(self, z: Tensor, timestep: Tensor, states: Tensor) -> Tensor:
        """Return the noise estimate ε̂(z, t, c), float32, the shape of `z`."""
        reduced = self.dtype != torch.float32
        if self.device.type == "cuda":
            z = z.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, self.dtype, enabled=reduced):
            output = self.forward(z, timestep, encoder_hidden_states=states).sample
        return to_epsilon(output.float(), z, self.alpha_bar[timestep], self.prediction_type)


load = StableDiffusion
