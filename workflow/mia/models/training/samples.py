"""A sheet that shows what a training has learnt: images it saw above images it makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

STEPS, GUIDANCE, ZOOM = 30, 3.0, 2


def generate(pipeline: Any, captions: Sequence[str], seed: int) -> np.ndarray:
    """Return one generated image per caption, `(captions, height, width, 3)`, float in [0, 1].

    A pipeline without a text encoder makes as many images, whatever the captions say.
    """
    pipeline.set_progress_bar_config(disable=True)
    common = {
        "num_inference_steps": STEPS,
        "generator": torch.Generator().manual_seed(seed),
        "output_type": "np",
    }
    if getattr(pipeline, "text_encoder", None) is None:
        return pipeline(batch_size=len(captions), **common).images
    side = pipeline.unet.config.sample_size * pipeline.vae_scale_factor
    return pipeline(
        list(captions), height=side, width=side, guidance_scale=GUIDANCE, **common
    ).images


def picture_rows(pixels: Tensor, generated: Sequence[np.ndarray]) -> Image.Image:
    """Return a sheet with training images in the first row, then one row per checkpoint.

    Args:
        pixels: `(images, 3, height, width)` in [−1, 1].
        generated: One `(images, height, width, 3)` array in [0, 1] per checkpoint.
    """
    real = ((pixels.permute(0, 2, 3, 1) + 1) / 2).numpy()
    rows = [
        np.concatenate(
            list(np.pad(row, [(0, 0), (1, 1), (1, 1), (0, 0)], constant_values=1)), axis=1
        )
        for row in (real, *generated)
    ]
    sheet = (np.concatenate(rows).clip(0, 1) * 255).round().astype(np.uint8)
    image = Image.fromarray(sheet)
    return image.resize((image.width * ZOOM, image.height * ZOOM), Image.Resampling.NEAREST)
