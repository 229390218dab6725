"""Untrained pipelines of the kinds that are trained here, in diffusers' own classes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    DDPMPipeline,
    DDPMScheduler,
    DiffusionPipeline,
    DPMSolverMultistepScheduler,
    LDMPipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
    UNet2DModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from mia.models.loading import load_whole
from mia.models.tokenizer import load_tokenizer

GROUPS = 16  # of channels that are normalised together


def untrained_pipeline(folder: Path, settings: Mapping[str, Any]) -> DiffusionPipeline:
    """Return an untrained pipeline with a seed, around what lies in `folder`.

    Args:
        folder: With the VAE, where latents are learnt, and the tokenizer, where captions are.
        settings: A completed `training` block of the config, with `seed`.
    """
    latent, text = settings["space"] == "latent", settings["text"]
    vae = load_whole(AutoencoderKL, folder / "vae") if latent else None
    tokenizer = load_tokenizer(folder / "tokenizer") if text else None
    torch.manual_seed(settings["seed"])
    return build(vae, tokenizer, settings)


def build(
    vae: AutoencoderKL | None, tokenizer: CLIPTokenizer | None, settings: Mapping[str, Any]
) -> DiffusionPipeline:
    """Return an untrained pipeline of the kind that `settings` describe.

    Its weights come from torch's own generator.

    Args:
        vae: None where the pixels are the latents.
        tokenizer: None where the model is told nothing.
        settings: A completed `training` block of the config.
    """
    if settings["text"]:
        return build_pipeline(vae, tokenizer, settings)
    unet, scheduler = build_unconditional_unet(settings), build_scheduler(settings)
    if vae is None:
        return DDPMPipeline(unet=unet, scheduler=scheduler)
    return LDMPipeline(vqvae=vae, unet=unet, scheduler=scheduler)


def build_pipeline(
    vae: AutoencoderKL, tokenizer: CLIPTokenizer, settings: Mapping[str, Any]
) -> StableDiffusionPipeline:
    """Return an untrained Stable Diffusion pipeline around a trained VAE.

    Its weights come from torch's own generator.
    """
    unet = build_unet(settings)
    text_encoder = build_text_encoder(tokenizer, settings)
    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=build_scheduler(settings),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def build_unet(settings: Mapping[str, Any]) -> UNet2DConditionModel:
    """Return an untrained U-Net that reads a caption's states at every level but the first."""
    channels = settings["channels"]
    crossed = len(channels) - 1
    return UNet2DConditionModel(
        sample_size=settings["resolution"] // 2 ** (len(settings["vae_channels"]) - 1),
        in_channels=settings["latent_channels"],
        out_channels=settings["latent_channels"],
        block_out_channels=tuple(channels),
        down_block_types=("DownBlock2D", *("CrossAttnDownBlock2D",) * crossed),
        up_block_types=(*("CrossAttnUpBlock2D",) * crossed, "UpBlock2D"),
        layers_per_block=1,
        cross_attention_dim=settings["text_width"],
        norm_num_groups=GROUPS,
    )


def build_unconditional_unet(settings: Mapping[str, Any]) -> UNet2DModel:
    """Return an untrained U-Net that is told nothing, with attention at its lowest level."""
    channels, side, depth = settings["channels"], settings["resolution"], 3
    if settings["space"] == "latent":
        side //= 2 ** (len(settings["vae_channels"]) - 1)
        depth = settings["latent_channels"]
    plain = len(channels) - 1
    return UNet2DModel(
        sample_size=side,
        in_channels=depth,
        out_channels=depth,
        block_out_channels=tuple(channels),
        down_block_types=(*("DownBlock2D",) * plain, "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", *("UpBlock2D",) * plain),
        layers_per_block=1,
        norm_num_groups=GROUPS,
    )


def build_text_encoder(tokenizer: CLIPTokenizer, settings: Mapping[str, Any]) -> CLIPTextModel:
    """Return an untrained text encoder for the tokenizer's vocabulary."""
    width = settings["text_width"]
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=4 * width,
            num_hidden_layers=settings["text_layers"],
            num_attention_heads=4,
            max_position_embeddings=settings["text_length"],
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def build_scheduler(settings: Mapping[str, Any]) -> Any:
    """Return the scheduler that says how the model is trained.

    Latents have Stable Diffusion's schedule, pixels that of Ho et al. 2020 (arXiv 2006.11239), and
    flow matching no steps at all.
    """
    objective = settings["objective"]
    if objective == "flow":
        return DPMSolverMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=1.0
        )
    if settings["space"] == "pixel":
        return DDPMScheduler(
            beta_start=1e-4, beta_end=0.02, beta_schedule="linear", prediction_type=objective
        )
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        prediction_type=objective,
    )
