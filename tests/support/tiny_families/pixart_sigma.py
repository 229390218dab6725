"""PixArt-Σ: longer captions than PixArt-α, and no sizes."""

from __future__ import annotations

import torch
from diffusers import PixArtSigmaPipeline

from tiny_families import PROMPT
from tiny_families.pixart_alpha import pipeline_of, told

CALL = {
    "prompt": PROMPT,
    "guidance_scale": 3.0,
    "height": 16,
    "width": 16,
    "use_resolution_binning": False,
}


def save(folder, **changes):
    pipeline_of(PixArtSigmaPipeline, **{"sample_size": 16, **changes}).save_pretrained(folder)


def epsilon(pipeline, z, t, caption):
    """Return ε̂ of one latent `(channels, height, width)`."""
    states, mask = told(pipeline, caption, 300)
    given = {"encoder_hidden_states": states, "encoder_attention_mask": mask}
    nothing = {"resolution": None, "aspect_ratio": None}
    given |= {"timestep": torch.tensor([t]), "added_cond_kwargs": nothing}
    return pipeline.transformer(z[None], **given).sample[0, : len(z)]
