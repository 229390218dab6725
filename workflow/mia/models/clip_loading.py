"""Load one tower of a CLIP model, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mia.models.loading import LoadError, load_whole
from mia.models.model_json import ModelError

# One tower of a whole CLIP is loaded. Names of the other tensors begin so.
REST = {
    "CLIPTextModel": ("vision_model.", "visual_projection.", "text_projection.", "logit_scale"),
    "CLIPTextModelWithProjection": ("vision_model.", "visual_projection.", "logit_scale"),
    "CLIPVisionModelWithProjection": ("text_model.", "text_projection.", "logit_scale"),
}


def load(kind: type, folder: Path, device: str) -> Any:
    """Return one tower of the model, `kind` of transformers, frozen, in float32 on `device`.

    Raises:
        ModelError: The weights lack a tensor, which transformers would draw at random, or hold one
            that neither tower has, or one of another shape.
    """
    try:
        model = load_whole(kind, folder, passed_over=REST[kind.__name__])
    except LoadError as error:
        raise ModelError(str(error)) from error
    return model.eval().requires_grad_(False).float().to(device)
