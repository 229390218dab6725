"""Train the VAE: images to latents, on all parts alike, so that it carries no membership."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from diffusers import AutoencoderKL
from torch import Tensor

KL_WEIGHT = 1e-4


def train_vae(pixels: Tensor, settings: Mapping[str, Any]) -> AutoencoderKL:
    """Return an `AutoencoderKL` trained on `pixels`, its scaling factor set to 1 / std of latents.

    Args:
        pixels: `(images, 3, height, width)`, float32 in [−1, 1].
        settings: A completed `training` block of the config, with `seed`.
    """
    torch.manual_seed(settings["seed"])
    generator = torch.Generator().manual_seed(settings["seed"])
    vae = build_vae(settings)
    peak, steps = settings["vae_learning_rate"], settings["vae_steps"]
    optimiser = torch.optim.AdamW(vae.parameters(), lr=peak)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=peak, total_steps=steps)
    vae.train()
    for _ in range(steps):
        chosen = torch.randint(len(pixels), (settings["vae_batch_size"],), generator=generator)
        posterior = vae.encode(pixels[chosen]).latent_dist
        decoded = vae.decode(posterior.sample(generator)).sample
        reconstruction = (decoded - pixels[chosen]).square().mean()
        divergence = posterior.kl().mean() / posterior.mean[0].numel()
        loss = reconstruction + KL_WEIGHT * divergence
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    vae.eval().requires_grad_(False)
    vae.register_to_config(scaling_factor=1 / posterior_means(vae, pixels).std().item())
    return vae


def build_vae(settings: Mapping[str, Any]) -> AutoencoderKL:
    """Return an untrained VAE; each residual block starts as the identity."""
    channels = settings["vae_channels"]
    vae = AutoencoderKL(
        block_out_channels=tuple(channels),
        down_block_types=("DownEncoderBlock2D",) * len(channels),
        up_block_types=("UpDecoderBlock2D",) * len(channels),
        latent_channels=settings["latent_channels"],
        layers_per_block=1,
        norm_num_groups=8,
        sample_size=settings["resolution"],
    )
    for name, parameter in vae.named_parameters():
        if "resnets" in name and ".conv2." in name:
            torch.nn.init.zeros_(parameter)
    return vae


@torch.inference_mode()
def posterior_means(vae: AutoencoderKL, pixels: Tensor) -> Tensor:
    """Return the posterior means before scaling, `(images, channels, height, width)`."""
    return torch.cat([vae.encode(batch).latent_dist.mean for batch in pixels.split(256)])


@torch.inference_mode()
def psnr(vae: AutoencoderKL, pixels: Tensor) -> float:
    """Return the peak signal-to-noise ratio of decode(encode(·)) in dB; pixels in [−1, 1]."""
    errors = [
        (vae.decode(vae.encode(batch).latent_dist.mean).sample - batch).square().sum()
        for batch in pixels.split(256)
    ]
    mean = torch.stack(errors).sum() / pixels.numel()
    return float(10 * torch.log10(4 / mean))
