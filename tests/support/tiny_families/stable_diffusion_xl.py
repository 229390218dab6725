"""Stable Diffusion XL: a U-Net with two CLIP text encoders of unlike widths and tokenizers."""

from __future__ import annotations

import torch
from diffusers import (
    EDMEulerScheduler,
    EulerDiscreteScheduler,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from mia.models.training.tokenizer import train_tokenizer
from mia.models.training.vae import build_vae
from tiny_families import PROMPT
from tiny_model import SETTINGS

CALL = {"prompt": PROMPT, "guidance_scale": 3.0, "height": 16, "width": 16}
SIDE, WIDTHS, POOLED, NUMBER = 16, (24, 40), 20, 8
STATISTICS = {"latents_mean": [-1.6, 1.1, 0.1, -0.9], "latents_std": [8.4, 5.9, 4.2, 6.1]}


def save(folder, scheduler=None, statistics=None, widths=WIDTHS, tokens=8, **config):
    """Save SDXL's own: Euler's scheduler, noise estimates, zeros where no caption is given.

    `widths` are those of the text encoders; a caption has `tokens` tokens.
    """
    tokenizers = [train_tokenizer([PROMPT, "a blue dog"], size, tokens) for size in (400, 420)]
    tokenizers[1].pad_token = "!"
    encoders = [
        kind(
            CLIPTextConfig(
                vocab_size=len(tokenizer),
                hidden_size=width,
                projection_dim=POOLED,
                intermediate_size=2 * width,
                num_hidden_layers=3,
                num_attention_heads=4,
                max_position_embeddings=tokens,
                bos_token_id=tokenizer.bos_token_id,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            )
        )
        for kind, tokenizer, width in zip(
            (CLIPTextModel, CLIPTextModelWithProjection), tokenizers, widths, strict=True
        )
    ]
    unet = UNet2DConditionModel(
        sample_size=SIDE // 2,
        block_out_channels=(32, 32),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        transformer_layers_per_block=2,
        use_linear_projection=True,
        cross_attention_dim=sum(widths),
        norm_num_groups=16,
        addition_embed_type="text_time",
        addition_time_embed_dim=NUMBER,
        projection_class_embeddings_input_dim=6 * NUMBER + POOLED,
    )
    vae = build_vae(SETTINGS).eval()
    vae.register_to_config(**{"scaling_factor": 0.13025, **(statistics or {})})
    StableDiffusionXLPipeline(
        vae=vae,
        text_encoder=encoders[0],
        text_encoder_2=encoders[1],
        tokenizer=tokenizers[0],
        tokenizer_2=tokenizers[1],
        unet=unet,
        scheduler=scheduler or euler(),
        add_watermarker=False,
        **config,
    ).save_pretrained(folder)
    return folder


def euler(**changes):
    """SDXL's scheduler."""
    own = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    own |= {"timestep_spacing": "leading", "steps_offset": 1}
    return EulerDiscreteScheduler(**own, **changes)


def save_with_encoded_null(folder):
    save(folder, force_zeros_for_empty_prompt=False)


def save_v_prediction(folder):
    save(folder, euler(prediction_type="v_prediction", rescale_betas_zero_snr=True))


def save_edm(folder):
    """As Playground 2.5 is: its VAE has a mean and a deviation for each channel."""
    save(folder, EDMEulerScheduler(), {**STATISTICS, "scaling_factor": 0.5})


def save_edm_v_prediction(folder):
    """As CosXL is."""
    scheduler = EDMEulerScheduler(sigma_max=120, sigma_data=1.0, prediction_type="v_prediction")
    save(folder, scheduler)


VARIANTS = {
    "encoded_null": save_with_encoded_null,
    "v_prediction": save_v_prediction,
    "edm": save_edm,
    "edm_v_prediction": save_edm_v_prediction,
}


def epsilon(pipeline, z, t, caption):
    """Return ε̂ of one latent `(channels, height, width)`."""
    given, none, pooled, pooled_none = pipeline.encode_prompt(caption or "")
    if caption is None:
        given, pooled = none, pooled_none
    sizes = torch.tensor([[SIDE, SIDE, 0, 0, SIDE, SIDE]], dtype=torch.float32)

    def asked(latent, time):
        return pipeline.unet(
            latent[None],
            time,
            encoder_hidden_states=given,
            added_cond_kwargs={"text_embeds": pooled, "time_ids": sizes},
        ).sample[0]

    scheduler = pipeline.scheduler
    if not hasattr(scheduler, "alphas_cumprod"):
        return _edm(scheduler, asked, z, t)
    answer = asked(z, torch.tensor([t]))
    if scheduler.config.prediction_type == "epsilon":
        return answer
    level = scheduler.alphas_cumprod[t]
    return level.sqrt() * answer + (1 - level).sqrt() * z


def _edm(scheduler, asked, z, t):
    """The scheduler's own preconditioning, at the noise of Stable Diffusion's timestep t."""
    level = euler().alphas_cumprod[t].double()
    sigma = ((1 - level) / level).sqrt()
    noisy = z.double() / level.sqrt()
    time = scheduler.precondition_noise(sigma).float()
    answer = asked(scheduler.precondition_inputs(noisy, sigma).float(), time)
    clean = scheduler.precondition_outputs(noisy, answer.double(), sigma)
    return (noisy - clean) / sigma
