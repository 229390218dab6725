"""Training of a LoRA adapter on a U-Net's attention (Hu et al. 2021, arXiv 2106.09685).

W becomes W + alpha / rank · B A. A starts as N(0, 1 / rank²) and B as 0, as in diffusers' script
train_text_to_image_lora.py, so that training starts from the base itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import copy, deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from diffusers.loaders.lora_base import LORA_ADAPTER_METADATA_KEY
from diffusers.utils import convert_state_dict_to_diffusers
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file

MODULES = ("to_q", "to_k", "to_v", "to_out.0")
FOLDER = "lora"  # of a checkpoint, that holds the adapter alone

Keep = Callable[[int, StableDiffusionPipeline], None]


def add_adapter(pipeline: StableDiffusionPipeline, settings: Mapping[str, Any]) -> None:
    """Freeze a pipeline's U-Net and give it adapter layers, the only ones that learn then.

    Their first values come from a generator of their own, seeded with `settings["seed"]`.

    Args:
        pipeline: Changed in place.
        settings: Has `lora`, with `rank` and perhaps `alpha`, and `seed`.
    """
    rank = settings["lora"]["rank"]
    alpha = settings["lora"].get("alpha", rank)
    unet = pipeline.unet.requires_grad_(False)
    unet.add_adapter(LoraConfig(r=rank, lora_alpha=alpha, target_modules=list(MODULES)))
    generator = torch.Generator().manual_seed(settings["seed"])
    for name, weight in unet.named_parameters():
        if ".lora_A." in name:
            torch.nn.init.normal_(weight, std=1 / rank, generator=generator)


def keeping_merged(keep: Keep, folder: Callable[[int], Path]) -> Keep:
    """Return a function that keeps the pipeline with its adapter merged, and the adapter beside it.

    The U-Net that learns is not touched: a copy of it is merged.

    Args:
        keep: Keeps a whole pipeline.
        folder: Where it does so, by epoch.
    """

    def keep_both(epoch: int, pipeline: StableDiffusionPipeline) -> None:
        merged = copy(pipeline)
        merged.unet = deepcopy(pipeline.unet)
        merged.unet.fuse_lora(safe_fusing=True)
        merged.unet.unload_lora()
        keep(epoch, merged)
        layers = get_peft_model_state_dict(pipeline.unet)
        type(pipeline).save_lora_weights(
            folder(epoch) / FOLDER,
            unet_lora_layers=convert_state_dict_to_diffusers(layers),
            save_function=partial(save_file, metadata=_metadata(pipeline.unet)),
        )

    return keep_both


def _metadata(unet: UNet2DConditionModel) -> dict[str, str]:
    """Return what a file of the adapter says besides its tensors: above all its alpha.

    It is one entry, and a list where diffusers writes a set: two entries, and sets, have another
    order in every run, and equal adapters shall be equal files.
    """
    config = unet.peft_config["default"]
    said = {"r": config.r, "lora_alpha": config.lora_alpha, "target_modules": list(MODULES)}
    told = {f"unet.{key}": value for key, value in said.items()}
    return {LORA_ADAPTER_METADATA_KEY: json.dumps(told, sort_keys=True)}
