"""A Stable Diffusion small enough for tests, saved as the hub's models are."""

from __future__ import annotations

from pathlib import Path

import torch

from mia.training.diffusion import build_pipeline
from mia.training.tokenizer import train_tokenizer
from mia.training.vae import build_vae

SETTINGS = {
    "resolution": 16,
    "channels": [32, 32],
    "text_width": 32,
    "text_layers": 1,
    "text_length": 8,
    "vocabulary": 400,
    "vae_channels": [8, 16],
    "latent_channels": 4,
}


def save_tiny_sd(folder: Path, seed: int = 0, settings=SETTINGS, **scheduler) -> Path:
    """Save an untrained pipeline to `folder`; `scheduler` overrides its scheduler's config."""
    torch.manual_seed(seed)
    tokenizer = train_tokenizer(["a red cat", "a blue dog", "two birds"], 400, 8)
    pipeline = build_pipeline(build_vae(settings).eval(), tokenizer, settings)
    pipeline.vae.register_to_config(scaling_factor=0.5)
    pipeline.scheduler.register_to_config(**scheduler)
    pipeline.save_pretrained(folder)
    return folder
