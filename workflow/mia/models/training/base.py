"""The pipeline that a fine-tuning starts from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextModel

from mia.models.loading import load_whole
from mia.models.model_json import ModelError
from mia.models.tokenizer import load_tokenizer


def base_pipeline(model: Mapping[str, Any]) -> StableDiffusionPipeline:
    """Return a base model's pipeline, by its model.json, without safety checker.

    Raises:
        ModelError: The base is of another family than Stable Diffusion.
    """
    if model["family"] != "stable_diffusion":
        raise ModelError(
            f"{model['folder']}: of family {model['family']}; expected a base of family "
            "stable_diffusion, the only one that is fine-tuned here"
        )
    folder, classes = Path(model["folder"]), (CLIPTextModel, UNet2DConditionModel, AutoencoderKL)
    parts = {
        part: load_whole(kind, folder / part, model["variants"][part]).float()
        for part, kind in zip(("text_encoder", "unet", "vae"), classes, strict=True)
    }
    tokenizer = load_tokenizer(folder / "tokenizer")
    tokenizer.model_max_length = model["caption_lengths"]["tokenizer"]
    return StableDiffusionPipeline.from_pretrained(
        folder,
        tokenizer=tokenizer,
        **parts,
        safety_checker=None,
        feature_extractor=None,
        image_encoder=None,
        requires_safety_checker=False,
        local_files_only=True,
        trust_remote_code=False,
    )
