"""DiT: a transformer that is told a class of ImageNet."""

from __future__ import annotations

import json

import torch
from diffusers import AutoencoderKL, DDIMScheduler, DiTPipeline, DiTTransformer2DModel

CALL = {"class_labels": [207], "guidance_scale": 3.0}
CALLED = "Golden retriever"
LABELS = ["207", "goldfish", " Crane, machine "]
NAMES = {
    1: "goldfish, Carassius auratus",
    134: "crane",
    207: "golden retriever",
    517: "crane, machine",
    999: "toilet tissue, toilet paper",
}
NULL_LAST = True  # the pipeline asks for the class first, then without one


def transformer(**changes):
    """Return the untrained transformer, with the 1,000 classes that the pipeline counts on."""
    sizes = {"num_attention_heads": 2, "attention_head_dim": 8, "num_layers": 2, "sample_size": 8}
    model = DiTTransformer2DModel(**{**sizes, "out_channels": 8, **changes})
    with torch.no_grad():  # nothing of the answer may hang on a layer that starts at zero
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model


def save(folder, **changes):
    vae = AutoencoderKL(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        norm_num_groups=4,
    )
    scheduler = DDIMScheduler(beta_schedule="linear", clip_sample=False)
    DiTPipeline(transformer(**changes), vae, scheduler).save_pretrained(folder)
    index = folder / "model_index.json"
    named = {**json.loads(index.read_text()), "id2label": NAMES}
    index.write_text(json.dumps(named))


def epsilon(pipeline, z, t, caption):
    """Return ε̂ of one latent `(channels, height, width)`."""
    numbers = {name: number for number, names in NAMES.items() for name in names.split(", ")}
    number = 1000 if caption is None else {"207": 207, " Crane, machine ": 517}.get(caption)
    number = numbers[caption] if number is None else number
    told = {"timestep": torch.tensor([t]), "class_labels": torch.tensor([number])}
    return pipeline.transformer(z[None], **told).sample[0, : len(z)]
