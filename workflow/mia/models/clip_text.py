"""Captions to vectors, by the text encoder of a CLIP model in a folder of safetensors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mia.models.clip_folder import TEXT, channels, require_weights
from mia.models.device import choose
from mia.models.model_json import ModelError


class CaptionEmbedder:
    """Embeds one caption at a time, so that no number depends on its neighbours.

    The vector is the encoder's last state at the end of the text, after the final layer norm: what
    CLIP pools, and one of the states that Stable Diffusion reads. By default it is not projected
    into the space that images share. That space loses what no image shows, such as how a caption is
    typed.

    Args:
        spec, device, threads: As of `mia.models.clip_image.Embedder`.
        projected: Whether the vector is to be compared with those of images: projected, length 1.

    Raises:
        ModelError: A file is missing, the weights are not the promised ones, or there is no text
            encoder or tokenizer.
    """

    def __init__(
        self, spec: dict[str, Any], device: str, threads: int, projected: bool = False
    ) -> None:
        folder = Path(spec["path"])
        if TEXT not in channels(folder):
            raise ModelError(f"{folder}: expected a CLIP text encoder and its tokenizer")
        require_weights(folder, spec["sha256"])
        import torch
        from transformers import CLIPTextModel, CLIPTextModelWithProjection

        from mia.models.clip_loading import load
        from mia.models.tokenizer import load_tokenizer

        torch.set_num_threads(threads)
        self.device = choose(device)
        self.projected = projected
        kind = CLIPTextModelWithProjection if projected else CLIPTextModel
        self.model = load(kind, folder, self.device)
        self.tokenizer = load_tokenizer(folder)
        self.length = self.model.config.max_position_embeddings

    def __call__(self, caption: str) -> np.ndarray:
        """Return the vector of a caption, cut to the encoder's length; `(width,)` float32."""
        import torch

        tokens = self.tokenizer(
            caption, truncation=True, max_length=self.length, return_tensors="pt"
        )
        with torch.inference_mode():
            answer = self.model(tokens.input_ids.to(self.device))
        if not self.projected:
            return answer.last_hidden_state[0, -1].cpu().numpy()
        vector = answer.text_embeds[0].cpu().numpy()
        return vector / np.linalg.norm(vector)
