"""Train text encoder and U-Net on the members: from nothing, or from a base model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from mia.models.loading import load_whole
from mia.models.tokenizer import load_tokenizer

PIXELS_AT_ONCE = 2**18  # of the images that the VAE encodes in one batch


def train_diffusion(
    pipeline: StableDiffusionPipeline,
    pixels: Tensor,
    captions: Sequence[str],
    settings: Mapping[str, Any],
    keep: Callable[[int, StableDiffusionPipeline], None],
    device: str = "cpu",
) -> None:
    """Train for `settings["epochs"]` passes and hand over the pipeline at every epoch to be kept.

    Noise, timesteps, latents (sampled from the posterior) and dropped captions come from one
    generator seeded with `settings["seed"]`, the same on every device; the number of torch threads
    is the caller's. The schedule and what the U-Net predicts are the pipeline's. Its VAE stays as
    it is, and so does its text encoder where `settings["text_encoder"]` is false.

    Args:
        pipeline: Trained in place, float32.
        pixels: The members, `(images, 3, height, width)`, float32 in [−1, 1].
        captions: One caption each.
        settings: A completed `training` block of the config, with `seed`.
        keep: Called with the epoch and the pipeline after each epoch of `settings["keep"]`.
        device: `cpu` or `cuda:n`.
    """
    generator = torch.Generator().manual_seed(settings["seed"])
    pipeline.to(device)
    pipeline.vae.requires_grad_(False)
    unet, text_encoder, scheduler = pipeline.unet, pipeline.text_encoder, pipeline.scheduler
    learning = [unet, text_encoder] if settings.get("text_encoder", True) else [unet]
    text_encoder.requires_grad_(text_encoder in learning)
    alpha_bar, kind = scheduler.alphas_cumprod.to(device), scheduler.config.prediction_type
    mean, std = _posterior(pipeline.vae, pixels)
    tokens, empty = (_tokens(pipeline.tokenizer, texts).to(device) for texts in (captions, [""]))
    weights = [weight for module in learning for weight in module.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=settings["learning_rate"])

    def drawn(function: Callable[..., Tensor], *arguments: Any) -> Tensor:
        return function(*arguments, generator=generator).to(device)

    _train_mode(learning, True)
    for epoch in range(1, settings["epochs"] + 1):
        order = torch.randperm(len(pixels), generator=generator)
        for chosen in order.split(settings["batch_size"]):
            shape, rows = mean[chosen].shape, len(chosen)
            z0 = mean[chosen].to(device) + std[chosen].to(device) * drawn(torch.randn, shape)
            noise = drawn(torch.randn, shape)
            timestep = drawn(torch.randint, 1000, (rows,))
            level = alpha_bar[timestep].view(-1, 1, 1, 1)
            dropped = drawn(torch.rand, rows, 1) < settings["caption_dropout"]
            chosen = chosen.to(device)
            states = text_encoder(torch.where(dropped, empty, tokens[chosen])).last_hidden_state
            noised = level.sqrt() * z0 + (1 - level).sqrt() * noise
            output = unet(noised, timestep, encoder_hidden_states=states).sample
            loss = (output - wanted(kind, z0, noise, level)).square().mean()
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimiser.step()
        if epoch in settings["keep"]:
            _train_mode(learning, False)
            keep(epoch, pipeline)
            _train_mode(learning, True)


def wanted(kind: str, z0: Tensor, noise: Tensor, level: Tensor) -> Tensor:
    """Return what a U-Net of type `kind` should answer to √ᾱ z0 + √(1−ᾱ) ε, with `level` ᾱ.

    `v_prediction` is √ᾱ ε − √(1−ᾱ) z0 (Salimans & Ho 2022, app. D).
    """
    if kind == "v_prediction":
        return level.sqrt() * noise - (1 - level).sqrt() * z0
    return {"epsilon": noise, "sample": z0}[kind]


def untrained_pipeline(folder: Path, settings: Mapping[str, Any]) -> StableDiffusionPipeline:
    """Return an untrained pipeline around the VAE and tokenizer in `folder`, with a seed."""
    vae, tokenizer = load_whole(AutoencoderKL, folder / "vae"), load_tokenizer(folder / "tokenizer")
    torch.manual_seed(settings["seed"])
    return build_pipeline(vae, tokenizer, settings)


def build_pipeline(
    vae: AutoencoderKL, tokenizer: CLIPTokenizer, settings: Mapping[str, Any]
) -> StableDiffusionPipeline:
    """Return an untrained Stable Diffusion pipeline around a trained VAE, with SD's own schedule.

    Its weights come from torch's own generator.
    """
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
    """Return mean and standard deviation of scaled latents, `(images, channels, …)`, on CPU."""
    at_once = max(1, PIXELS_AT_ONCE // pixels[0, 0].numel())
    batches = (batch.to(vae.device) for batch in pixels.split(at_once))
    posteriors = [vae.encode(batch).latent_dist for batch in batches]
    mean = torch.cat([posterior.mean.cpu() for posterior in posteriors])
    std = torch.cat([posterior.std.cpu() for posterior in posteriors])
    shift = vae.config.shift_factor or 0.0
    return (mean - shift) * vae.config.scaling_factor, std * vae.config.scaling_factor


def _tokens(tokenizer: CLIPTokenizer, captions: Sequence[str]) -> Tensor:
    encoded = tokenizer(
        list(captions),
        padding="max_length",
        truncation=True,
        max_length=tokenizer.model_max_length,
        return_tensors="pt",
    )
    return encoded.input_ids


def _train_mode(modules: Sequence[torch.nn.Module], on: bool) -> None:
    for module in modules:
        module.train(on)
