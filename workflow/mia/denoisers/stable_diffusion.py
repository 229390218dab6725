"""Stable Diffusion 1.x and 2.x: the last states of one CLIP text encoder, by a U-Net."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from mia.denoisers.shared.denoiser import FamilyDenoiser
from mia.denoisers.shared.parts import CLIP_TEXT, CLIP_TOKENIZER, UNET, VAE
from mia.denoisers.shared.sizes import (
    latents,
    require_no_more_inputs,
    require_out_channels,
    require_width,
)
from mia.models.component_configs import flat
from mia.models.conditioning import Conditioning
from mia.models.description import Facts
from mia.models.family import TEXT, Family
from mia.models.model_configs import Configs

if TYPE_CHECKING:
    from torch import Tensor

family = Family(
    pipelines=(
        "StableDiffusionPipeline",
        "StableDiffusionImg2ImgPipeline",
        "StableDiffusionInpaintPipeline",
    ),
    condition=TEXT,
    parts={"text_encoder": CLIP_TEXT, "tokenizer": CLIP_TOKENIZER, "unet": UNET, "vae": VAE},
)


def facts(configs: Configs) -> Facts:
    """Return what the JSON files say together."""
    channels, side, factor = latents(configs)
    unet, text = configs.denoiser, configs.parts["text_encoder"]
    require_out_channels(unet, channels)
    require_no_more_inputs(unet)
    width = text.whole("hidden_size")
    require_width(unet, "cross_attention_dim", width, f"hidden_size of {text.path}")
    return {"resolution": side * factor, "latent_shape": [channels, side, side]}


class StableDiffusion(FamilyDenoiser):
    """The denoiser of a Stable Diffusion 1.x or 2.x."""

    family = family
    scheduler_changes = MappingProxyType({"steps_offset": 1, "clip_sample": False})

    def embed(self, captions: Sequence[str]) -> Conditioning:
        """Return the text encoder's last states, `(captions, tokens, width)`."""
        tokens = self.tokens("tokenizer", captions).input_ids
        return Conditioning({"states": self.part("text_encoder")(tokens).last_hidden_state})

    def blank(self, rows: int) -> Conditioning:
        """Return states of zeros."""
        import torch

        width = next(flat(self.config("unet").cross_attention_dim))
        shape = rows, self.model["caption_lengths"]["tokenizer"], width
        return Conditioning({"states": torch.zeros(shape, device=self.device)})

    def answer(self, x: Tensor, time: Tensor, conditioning: Conditioning) -> Tensor:
        """Return the U-Net's output."""
        return self.network(x, time, encoder_hidden_states=conditioning["states"]).sample


load = StableDiffusion
