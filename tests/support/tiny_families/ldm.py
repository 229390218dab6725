"""Latent diffusion without captions: a U-Net over the latents of a VQModel."""

from __future__ import annotations

import torch
from diffusers import DDIMScheduler, LDMPipeline, VQModel

from tiny_families import ddpm

CALL = {"output_type": "np"}  # LDMPipeline knows no "pt"


def vqvae(**other):
    """Return a tiny VQModel of 3 latent channels and factor 2; `other` overrides its config."""
    torch.manual_seed(1)
    config = {
        "block_out_channels": (8, 16),
        "down_block_types": ("DownEncoderBlock2D",) * 2,
        "up_block_types": ("UpDecoderBlock2D",) * 2,
        "latent_channels": 3,
        "num_vq_embeddings": 16,
        "norm_num_groups": 4,
        "scaling_factor": 0.5,
    }
    return VQModel(**{**config, **other})


def unet(**other):
    """Return a tiny U-Net of latents of 8 a side."""
    return ddpm.unet(**{"sample_size": 8, **other})


def save(folder):
    scheduler = DDIMScheduler(
        beta_start=0.0015, beta_end=0.0195, beta_schedule="scaled_linear", clip_sample=False
    )
    LDMPipeline(vqvae(), unet(), scheduler).save_pretrained(folder)


def epsilon(pipeline, z, t, caption):
    """Return ε̂ of one latent `(3, height, width)`."""
    return pipeline.unet(z[None], torch.tensor([t])).sample[0]
