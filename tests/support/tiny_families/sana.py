"""Sana: Gemma 2, by a linear transformer on the latents of AutoencoderDC."""

from __future__ import annotations

import inspect
import math

import torch
from diffusers import (
    AutoencoderDC,
    DPMSolverMultistepScheduler,
    SanaPipeline,
    SanaTransformer2DModel,
)

from tiny_families import PROMPT, _flow, _texts

CALL = {
    "prompt": PROMPT.title(),  # capitals are told as small letters
    "guidance_scale": 3.0,
    "height": 32,
    "width": 32,
    "use_resolution_binning": False,
}


def build(**transformer):
    """Return an untrained pipeline; `transformer` overrides its transformer's config."""
    tokenizer = _texts.gemma_tokenizer()
    config = {
        "in_channels": 4,
        "out_channels": 4,
        "num_attention_heads": 2,
        "attention_head_dim": 16,
        "num_layers": 2,
        "num_cross_attention_heads": 2,
        "cross_attention_head_dim": 16,
        "cross_attention_dim": 32,
        "caption_channels": _texts.WIDTH,
        "sample_size": 16,
        "timestep_scale": 0.5,
    }
    vae = AutoencoderDC(
        latent_channels=4,
        attention_head_dim=2,
        encoder_block_types=("ResBlock", "EfficientViTBlock"),
        decoder_block_types=("ResBlock", "EfficientViTBlock"),
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        encoder_qkv_multiscales=((), (5,)),
        decoder_qkv_multiscales=((), (5,)),
        encoder_layers_per_block=(1, 1),
        decoder_layers_per_block=(1, 1),
        downsample_block_type="conv",
        upsample_block_type="interpolate",
        scaling_factor=0.41407,
    )
    scheduler = DPMSolverMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
    )
    return SanaPipeline(
        tokenizer=tokenizer,
        text_encoder=_texts.gemma(tokenizer),
        vae=vae.eval(),
        transformer=SanaTransformer2DModel(**{**config, **transformer}).eval(),
        scheduler=scheduler,
    )


def save(folder):
    build().save_pretrained(folder)


def epsilon(pipeline, z, t, caption):
    """Return ε̂ of one latent `(channels, height, width)`."""
    x, sigma = _flow.as_flow(z[None], t)
    said = inspect.signature(pipeline.__call__).parameters["complex_human_instruction"].default
    told = pipeline.encode_prompt(caption or "", True, complex_human_instruction=said, device="cpu")
    states, mask = told[2:] if caption is None else told[:2]
    velocity = pipeline.transformer(
        x,
        states,
        torch.tensor([math.floor(1000 * sigma) * pipeline.transformer.config.timestep_scale]),
        encoder_attention_mask=mask,
    ).sample
    return _flow.noise_of(velocity[:, : x.shape[1]], x, sigma)[0]
