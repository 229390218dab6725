"""PixArt-α of the kind that is told resolution and aspect ratio, as the one of 1,024 pixels is."""

from __future__ import annotations

import torch
from diffusers import (
    AutoencoderKL,
    DPMSolverMultistepScheduler,
    PixArtAlphaPipeline,
    PixArtTransformer2DModel,
)

from tiny_families import PROMPT
from tiny_t5 import t5_encoder, t5_tokenizer

SIDE = 128  # latents; only then the pipeline tells sizes
CALL = {
    "prompt": PROMPT,
    "guidance_scale": 3.0,
    "height": SIDE,
    "width": SIDE,
    "use_resolution_binning": False,
}


def pipeline_of(kind, **changes):
    """Return an untrained pipeline of PixArt, whose latents have the size of its images."""
    sizes = {"num_attention_heads": 2, "attention_head_dim": 24, "num_layers": 2}
    sizes |= {"cross_attention_dim": 48, "caption_channels": 32}
    transformer = PixArtTransformer2DModel(**{**sizes, "sample_size": SIDE, **changes})
    with torch.no_grad():
        for parameter in transformer.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    vae = AutoencoderKL(block_out_channels=(8,), norm_num_groups=4)
    scheduler = DPMSolverMultistepScheduler(beta_schedule="linear")
    return kind(t5_tokenizer(), t5_encoder(), vae, transformer, scheduler)


def save(folder, **changes):
    changes = {"patch_size": 16, **changes}
    pipeline_of(PixArtAlphaPipeline, **changes).save_pretrained(folder)


def told(pipeline, caption, length):
    """Return states and mask of one caption, straight from tokenizer and text encoder."""
    given = {"padding": "max_length", "truncation": True, "max_length": length}
    tokens = pipeline.tokenizer([caption or ""], return_tensors="pt", **given)
    mask = tokens.attention_mask
    return pipeline.text_encoder(tokens.input_ids, attention_mask=mask)[0], mask


def epsilon(pipeline, z, t, caption):
    """Return ε̂ of one latent `(channels, height, width)`."""
    states, mask = told(pipeline, caption, 120)
    sizes = {"resolution": torch.tensor([[SIDE, SIDE]]).float(), "aspect_ratio": torch.ones(1, 1)}
    given = {"encoder_hidden_states": states, "encoder_attention_mask": mask}
    given |= {"timestep": torch.tensor([t]), "added_cond_kwargs": sizes}
    return pipeline.transformer(z[None], **given).sample[0, : len(z)]
