"""Stable Diffusion 3: two CLIPs and T5, by an MMDiT."""

from __future__ import annotations

import torch
from diffusers import (
    AutoencoderKL,
    FlowMatchEulerDiscreteScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
)

from tiny_families import PROMPT, _flow, _texts

CALL = {"prompt": PROMPT, "guidance_scale": 3.0, "height": 16, "width": 16}
WIDTH = 80  # of T5: more than both CLIPs together, so that padding shows


def build(with_t5=True):
    """Return an untrained pipeline, with T5 or without."""
    first, second, third = _texts.clip_tokenizer(), _texts.clip_tokenizer(), _texts.t5_tokenizer()
    transformer = SD3Transformer2DModel(
        sample_size=8,
        patch_size=2,
        in_channels=4,
        out_channels=4,
        num_layers=2,
        attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=WIDTH,
        caption_projection_dim=32,
        pooled_projection_dim=_texts.WIDTH,
        pos_embed_max_size=8,
        dual_attention_layers=(0,),
        qk_norm="rms_norm",
    )
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(8, 16),
        latent_channels=4,
        norm_num_groups=4,
        scaling_factor=1.5305,
        shift_factor=0.0609,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )
    return StableDiffusion3Pipeline(
        transformer=transformer.eval(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=vae.eval(),
        text_encoder=_texts.clip(first, projected=True),
        tokenizer=first,
        text_encoder_2=_texts.clip(second, projected=True),
        tokenizer_2=second,
        text_encoder_3=_texts.t5(third, WIDTH) if with_t5 else None,
        tokenizer_3=third if with_t5 else None,
    )


def save(folder):
    build().save_pretrained(folder)


def epsilon(pipeline, z, t, caption):
    """Return ε̂ of one latent `(channels, height, width)`."""
    x, sigma = _flow.as_flow(z[None], t)
    states, _, pooled, _ = pipeline.encode_prompt(
        caption or "", None, None, do_classifier_free_guidance=False
    )
    velocity = pipeline.transformer(
        x, states, pooled, timestep=torch.tensor([1000 * sigma], dtype=torch.float32)
    ).sample
    return _flow.noise_of(velocity, x, sigma)[0]
