"""A Stable Diffusion small enough for tests, saved as the hub's models are."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from mia.models.training.tokenizer import train_tokenizer
from mia.models.training.untrained import build_pipeline
from mia.models.training.vae import build_vae

SETTINGS = {
    "resolution": 16,
    "channels": [32, 32],
    "text_width": 32,
    "text_layers": 1,
    "text_length": 8,
    "vocabulary": 400,
    "vae_channels": [8, 16],
    "latent_channels": 4,
    "objective": "epsilon",
    "space": "latent",
    "text": True,
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


def as_first_published(folder: Path) -> Path:
    """Rewrite a model's small files as Stable Diffusion 1.4's are; what it computes stays the same.

    Its VAE's config has no scaling factor, its tokenizer is vocabulary and merges, its scheduler is
    PNDM without a prediction type, and the folder names a safety checker that is not there.
    """
    vae = folder / "vae" / "config.json"
    config = json.loads(vae.read_text())
    del config["scaling_factor"]
    vae.write_text(json.dumps(config))
    tokenizer = folder / "tokenizer"
    model = json.loads((tokenizer / "tokenizer.json").read_text())["model"]
    (tokenizer / "tokenizer.json").unlink()
    (tokenizer / "vocab.json").write_text(json.dumps(model["vocab"]))
    merges = "\n".join(" ".join(pair) for pair in model["merges"])
    (tokenizer / "merges.txt").write_text(f"#version: 0.2\n{merges}\n")
    scheduler = folder / "scheduler" / "scheduler_config.json"
    config = json.loads(scheduler.read_text())
    del config["prediction_type"]
    scheduler.write_text(json.dumps({**config, "_class_name": "PNDMScheduler"}))
    index = folder / "model_index.json"
    checker = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    index.write_text(json.dumps({**json.loads(index.read_text()), "safety_checker": checker}))
    return folder
