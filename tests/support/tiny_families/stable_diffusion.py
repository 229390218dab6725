"""Stable Diffusion: a U-Net with a CLIP text encoder."""

from __future__ import annotations

import torch

from tiny_families import PROMPT
from tiny_model import save_tiny_sd

CALL = {"prompt": PROMPT, "guidance_scale": 3.0, "height": 16, "width": 16}


def save(folder):
    save_tiny_sd(folder)


def epsilon(pipeline, z, t, caption):
    """Return ε̂ of one latent `(channels, height, width)`."""
    states, _ = pipeline.encode_prompt(caption or "", "cpu", 1, False)
    return pipeline.unet(z[None], torch.tensor([t]), encoder_hidden_states=states).sample[0]
