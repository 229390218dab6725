"""Kandinsky 2.2: a prior, a U-Net that is told image embeddings, and a MoVQ."""

from __future__ import annotations

from functools import cache

import torch
from diffusers import (
    DDPMScheduler,
    KandinskyV22CombinedPipeline,
    PriorTransformer,
    UnCLIPScheduler,
    UNet2DConditionModel,
    VQModel,
)
from transformers import (
    CLIPImageProcessor,
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from mia.denoisers.kandinsky_v22_combined import generator_of
from mia.models.training.tokenizer import train_tokenizer
from tiny_families import PROMPT

CALL = {"prompt": PROMPT, "guidance_scale": 3.0, "height": 16, "width": 16}
SEED = generator_of(PROMPT).initial_seed()  # the pipeline draws the prior's noise first
WIDTH, TOKENS = 16, 8


def movq():
    """Return a tiny MoVQ, with the scaling factor that diffusers writes and no pipeline reads."""
    return VQModel(
        block_out_channels=(32, 32),
        down_block_types=("DownEncoderBlock2D", "AttnDownEncoderBlock2D"),
        up_block_types=("AttnUpDecoderBlock2D", "UpDecoderBlock2D"),
        latent_channels=4,
        num_vq_embeddings=16,
        vq_embed_dim=4,
        norm_num_groups=4,
        norm_type="spatial",
        scaling_factor=0.18215,
    )


def unet():
    """Return a tiny U-Net as Kandinsky's: twice as many channels out as in."""
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=4,
        out_channels=8,
        addition_embed_type="image",
        encoder_hid_dim=WIDTH,
        encoder_hid_dim_type="image_proj",
        cross_attention_dim=8,
        attention_head_dim=4,
        block_out_channels=(8, 16),
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        layers_per_block=1,
        norm_num_groups=4,
        resnet_time_scale_shift="scale_shift",
    )


def save(folder):
    sizes = {"hidden_size": WIDTH, "projection_dim": WIDTH, "intermediate_size": 16}
    sizes |= {"num_hidden_layers": 1, "num_attention_heads": 2}
    tokenizer = train_tokenizer(["a red cat", "a blue dog", "two birds"], 400, TOKENS)
    text = CLIPTextConfig(
        **sizes,
        max_position_embeddings=TOKENS,
        vocab_size=400,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    prior = PriorTransformer(
        num_attention_heads=2,
        attention_head_dim=8,
        num_layers=1,
        embedding_dim=WIDTH,
        num_embeddings=TOKENS,
    )
    torch.nn.init.normal_(prior.clip_std)
    torch.nn.init.normal_(prior.positional_embedding)
    KandinskyV22CombinedPipeline(
        unet=unet(),
        scheduler=DDPMScheduler(
            beta_schedule="linear",
            beta_start=0.00085,
            beta_end=0.012,
            variance_type="learned_range",
            clip_sample=False,
        ),
        movq=movq(),
        prior_prior=prior,
        prior_image_encoder=CLIPVisionModelWithProjection(
            CLIPVisionConfig(**sizes, image_size=16, patch_size=8)
        ),
        prior_text_encoder=CLIPTextModelWithProjection(text),
        prior_tokenizer=tokenizer,
        prior_scheduler=UnCLIPScheduler(
            prediction_type="sample", clip_sample_range=5.0, variance_type="fixed_small_log"
        ),
        prior_image_processor=CLIPImageProcessor(),
    ).save_pretrained(folder)


@cache
def embedding(pipeline, caption):
    """Return what the pipeline's prior makes of a caption, or of none."""
    if caption is None:
        return pipeline.prior_pipe.get_zero_embed()
    return pipeline.prior_pipe(caption, generator=generator_of(caption)).image_embeds


def epsilon(pipeline, z, t, caption):
    """Return ε̂ of one latent `(4, height, width)`."""
    told = embedding(pipeline, caption)
    output = pipeline.unet(
        z[None], torch.tensor([t]), None, added_cond_kwargs={"image_embeds": told}
    ).sample
    return output.split(z.shape[0], dim=1)[0][0]
