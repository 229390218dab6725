"""FLUX.1-dev: CLIP and T5, by a transformer with a guidance embedding on packed latents."""

from __future__ import annotations

import torch
from diffusers import (
    AutoencoderKL,
    FlowMatchEulerDiscreteScheduler,
    FluxPipeline,
    FluxTransformer2DModel,
)

from tiny_families import PROMPT, _flow, _texts

CALL = {"prompt": PROMPT, "guidance_scale": 2.5, "height": 16, "width": 16}
OPTIONS = {"guidance": 2.5, "resolution": 16}


def build(guidance_embeds=True):
    """Return an untrained pipeline."""
    first, second = _texts.clip_tokenizer(), _texts.t5_tokenizer()
    transformer = FluxTransformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=_texts.WIDTH,
        pooled_projection_dim=_texts.WIDTH,
        guidance_embeds=guidance_embeds,
        axes_dims_rope=(4, 6, 6),
    )
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(8, 16),
        latent_channels=4,
        norm_num_groups=4,
        scaling_factor=0.3611,
        shift_factor=0.1159,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )
    return FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True),
        vae=vae.eval(),
        text_encoder=_texts.clip(first),
        tokenizer=first,
        text_encoder_2=_texts.t5(second),
        tokenizer_2=second,
        transformer=transformer.eval(),
    )


def save(folder):
    build().save_pretrained(folder)


def unpack(sample, shape):
    """Return the pipeline's packed latents `(1, tokens, channels)` as `(1, *shape)`."""
    return FluxPipeline._unpack_latents(sample, *shape[1:], 1)


def epsilon(pipeline, z, t, caption):
    """Return ε̂ of one latent `(channels, height, width)`."""
    x, sigma = _flow.as_flow(z[None], t)
    states, pooled, places = pipeline.encode_prompt(caption or "")
    channels, height, width = z.shape
    rows, columns = height // 2, width // 2
    guided = pipeline.transformer.config.guidance_embeds
    velocity = pipeline.transformer(
        pipeline._pack_latents(x, 1, channels, height, width),
        states,
        pooled,
        torch.tensor([sigma], dtype=torch.float32),
        pipeline._prepare_latent_image_ids(1, rows, columns, "cpu", torch.float32),
        places,
        torch.tensor([OPTIONS["guidance"]]) if guided else None,
    ).sample
    return _flow.noise_of(unpack(velocity, z.shape), x, sigma)[0]
