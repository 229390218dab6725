"""Pictures to embeddings, by the image encoder of a CLIP model in a folder of safetensors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from mia.device import choose
from mia.model_folder import ModelError, file_hash

WEIGHTS, CONFIG, PREPARATION = "model.safetensors", "config.json", "preprocessor_config.json"
KINDS = ("clip", "clip_vision_model")


class Embedder:
    """Embeds one picture at a time, so that no number depends on its neighbours.

    Args:
        spec: `path`, a folder in the hub's format, and `sha256`, that of its weights.
        device: `auto`, `cpu` or `cuda`.
        threads: Torch threads.

    Raises:
        ModelError: A file is missing, the weights are others than promised or not those of a CLIP
            image encoder. No pickle is ever opened.
    """

    def __init__(self, spec: dict[str, Any], device: str, threads: int) -> None:
        folder = Path(spec["path"])
        config, preparation = _read(folder / CONFIG), _read(folder / PREPARATION)
        if config.get("model_type") not in KINDS:
            raise ModelError(
                f"{folder / CONFIG}: model_type {config.get('model_type')!r}: "
                f"expected {' or '.join(KINDS)}"
            )
        _require_weights(folder / WEIGHTS, spec["sha256"])
        import torch
        from transformers import CLIPVisionModelWithProjection

        torch.set_num_threads(threads)
        self.device = choose(device)
        model, loading = CLIPVisionModelWithProjection.from_pretrained(
            folder, use_safetensors=True, local_files_only=True, output_loading_info=True
        )
        if loading["missing_keys"]:
            raise ModelError(f"{folder / WEIGHTS}: no tensor {sorted(loading['missing_keys'])[0]}")
        self.model = model.eval().requires_grad_(False).float().to(self.device)
        self.size = model.config.image_size
        self.mean, self.spread = (
            np.array(preparation[key], np.float32)[:, None, None]
            for key in ("image_mean", "image_std")
        )

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Return the embedding of a picture.

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


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ModelError(f"{path}: missing; expected a CLIP model's folder in the hub's format")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{path}: not JSON: {error}") from error


def _require_weights(path: Path, expected: str) -> None:
    if not path.is_file():
        raise ModelError(f"{path}: missing; weights are read from safetensors only, never a pickle")
    if (found := file_hash(path)) != expected:
        raise ModelError(f"{path}: sha256 {found}; the config promises {expected}")
