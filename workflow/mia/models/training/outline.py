"""The JSON files of a model that a training will make, before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from mia.models.training.tokenizer import train_tokenizer
from mia.models.training.untrained import build
from mia.models.training.vae import build_vae


def save_outline(settings: Mapping[str, Any], folder: Path) -> None:
    """Save a training's pipeline as diffusers does, without weights.

    Its tokenizer knows no captions yet: nothing but tokens is decided by it.

    Args:
        settings: A completed `training` block of the config, without a base.
        folder: A folder to write.
    """
    tokenizer = None
    if settings["text"]:
        tokenizer = train_tokenizer(["a"], settings["vocabulary"], settings["text_length"])
    with torch.device("meta"):
        vae = build_vae(settings) if settings["space"] == "latent" else None
        pipeline = build(vae, tokenizer, settings)
    pipeline.save_config(folder)
    for name, part in pipeline.components.items():
        if hasattr(part, "save_config"):
            part.save_config(folder / name)
        elif hasattr(part, "config"):  # of transformers
            part.config.save_pretrained(folder / name)
        elif part is not None:
            part.save_pretrained(folder / name)
