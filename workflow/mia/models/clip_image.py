"""Images to embeddings, by the image encoder of a CLIP model in a folder of safetensors."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from mia.models.clip_folder import PREPARATION, channels, read_json, require_weights
from mia.models.device import choose
from mia.models.model_json import ModelError, shown


class Embedder:
    """Embeds one image at a time, so that no number depends on its neighbours.

    Args:
        spec: `path`, a folder in the hub's format, and `sha256`, that of its weights.
        device: `auto`, `cpu` or `cuda`.
        threads: Torch threads.

    Raises:
        ModelError: A file is missing, the weights are not the promised ones or not those of a CLIP
            image encoder. No pickle is ever opened.
    """

    def __init__(self, spec: dict[str, Any], device: str, threads: int) -> None:
        folder = Path(spec["path"])
        preparation = [
            _three_numbers(folder / PREPARATION, key) for key in ("image_mean", "image_std")
        ]
        channels(folder)
        require_weights(folder, spec["sha256"])
        import torch
        from transformers import CLIPVisionModelWithProjection

        from mia.models.clip_loading import load

        torch.set_num_threads(threads)
        self.device = choose(device)
        self.model = load(CLIPVisionModelWithProjection, folder, self.device)
        self.size = self.model.config.image_size
        self.mean, self.spread = (
            np.array(numbers, np.float32)[:, None, None] for numbers in preparation
        )

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Return the embedding of an image.

        Args:
            pixels: float32 `(3, size, size)` in [-1, 1].

        Returns:
            float32 `(dimension,)` of length 1.
        """
        import torch

        prepared = ((pixels + 1) / 2 - self.mean) / self.spread
        with torch.inference_mode():
            batch = torch.from_numpy(prepared)[None].to(self.device)
            vector = self.model(batch).image_embeds[0].cpu().numpy()
        return vector / np.linalg.norm(vector)


def _three_numbers(path: Path, key: str) -> list[float]:
    """Return the numbers for red, green and blue from the preparation of images."""
    found = read_json(path).get(key)
    numbers = found if isinstance(found, list) else []
    if len(numbers) != 3 or not all(type(n) in (int, float) and math.isfinite(n) for n in numbers):
        raise ModelError(f"{path}: {key}: {shown(found)}: expected three numbers")
    if key == "image_std" and min(numbers) <= 0:
        raise ModelError(f"{path}: {key}: {shown(found)}: expected three numbers above 0")
    return numbers
