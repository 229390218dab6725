"""DDPM in pixels: a U-Net without a condition. Its scheduler clips, which no estimate may show."""

from __future__ import annotations

import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel

CALL = {}


def unet(**other):
    """Return a tiny U-Net of images of 16 pixels; `other` overrides its config."""
    torch.manual_seed(0)
    config = {
        "sample_size": 16,
        "block_out_channels": (8, 16),
        "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
        "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "freq_shift": 1,
        "flip_sin_to_cos": False,
    }
    return UNet2DModel(**{**config, **other})


def save(folder):
    DDPMPipeline(unet(), DDPMScheduler(clip_sample=True)).save_pretrained(folder)


def epsilon(pipeline, z, t, caption):
    """Return ε̂ of one latent `(3, height, width)`."""
    return pipeline.unet(z[None], torch.tensor([t])).sample[0]
