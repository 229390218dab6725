"""Train text encoder and U-Net on the members: Stable Diffusion's recipe, small."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer


def train_diffusion(
    vae: AutoencoderKL,
    tokenizer: CLIPTokenizer,
    pixels: Tensor,
    captions: Sequence[str],
    settings: Mapping[str, Any],
    keep: Callable[[int, StableDiffusionPipeline], None],
) -> None:
    """Train for `settings["epochs"]` passes and hand over a pipeline at every epoch to be kept.

    Noise, timesteps, latents (sampled from the posterior) and dropped captions come from one
    generator seeded with `settings["seed"]`; the number of torch threads is the caller's.

    Args:
        vae, tokenizer: Trained on all parts, frozen here.
        pixels: The members, `(images, 3, height, width)`, float32 in [−1, 1].
        captions: One caption each.
        settings: A completed `training` block of the config, with `seed`.
        keep: Called with the epoch and the pipeline after each epoch of `settings["keep"]`.
    """
    torch.manual_seed(settings["seed"])
    generator = torch.Generator().manual_seed(settings["seed"])
    pipeline = build_pipeline(vae, tokenizer, settings)
    unet, text_encoder = pipeline.unet, pipeline.text_encoder
    alpha_bar = pipeline.scheduler.alphas_cumprod
    mean, std = _posterior(vae, pixels)
    tokens, empty = _tokens(tokenizer, captions), _tokens(tokenizer, [""])
    weights = [*unet.parameters(), *text_encoder.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=settings["learning_rate"])
    unet.train(), text_encoder.train()
    for epoch in range(1, settings["epochs"] + 1):
        order = torch.randperm(len(pixels), generator=generator)
        for chosen in order.split(settings["batch_size"]):
            z0 = mean[chosen] + std[chosen] * torch.randn(mean[chosen].shape, generator=generator)
            noise = torch.randn(z0.shape, generator=generator)
            timestep = torch.randint(1000, (len(chosen),), generator=generator)
            level = alpha_bar[timestep].view(-1, 1, 1, 1)
            dropped = torch.rand(len(chosen), 1, generator=generator) < settings["caption_dropout"]
            states = text_encoder(torch.where(dropped, empty, tokens[chosen])).last_hidden_state
            noised = level.sqrt() * z0 + (1 - level).sqrt() * noise
            estimate = unet(noised, timestep, encoder_hidden_states=states).sample
            loss = (estimate - noise).square().mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimiser.step()
        if epoch in settings["keep"]:
            unet.eval(), text_encoder.eval()
            keep(epoch, pipeline)
            unet.train(), text_encoder.train()


def build_pipeline(
    vae: AutoencoderKL, tokenizer: CLIPTokenizer, settings: Mapping[str, Any]
) -> StableDiffusionPipeline:
    """An untrained Stable Diffusion pipeline around a trained VAE, with SD's own schedule."""
    side = settings["resolution"] // 2 ** (len(settings["vae_channels"]) - 1)
    channels, width = settings["channels"], settings["text_width"]
    crossed = len(channels) - 1
    unet = UNet2DConditionModel(
        sample_size=side,
        in_channels=settings["latent_channels"],
        out_channels=settings["latent_channels"],
        block_out_channels=tuple(channels),
        down_block_types=("DownBlock2D", *("CrossAttnDownBlock2D",) * crossed),
        up_block_types=(*("CrossAttnUpBlock2D",) * crossed, "UpBlock2D"),
        layers_per_block=1,
        cross_attention_dim=width,
        norm_num_groups=16,
    )
    text_encoder = CLIPTextModel(
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
    scheduler = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )
    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


@torch.inference_mode()
def _posterior(vae: AutoencoderKL, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the scaled latents, each `(images, channels, …)`."""
    posteriors = [vae.encode(batch).latent_dist for batch in pixels.split(256)]
    mean = torch.cat([posterior.mean for posterior in posteriors]) * vae.config.scaling_factor
    std = torch.cat([posterior.std for posterior in posteriors]) * vae.config.scaling_factor
    return mean.clone(), std.clone()


def _tokens(tokenizer: CLIPTokenizer, captions: Sequence[str]) -> Tensor:
    encoded = tokenizer(
        list(captions),
        padding="max_length",
        truncation=True,
        max_length=tokenizer.model_max_length,
        return_tensors="pt",
    )
    return encoded.input_ids
