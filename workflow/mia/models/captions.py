"""Whether a model can be told the captions of a set, before anything costly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mia.models.families import caption_mistake
from mia.models.family import CLASS
from mia.models.model_json import ModelError, shown


def are_classes(model: Mapping[str, Any]) -> bool:
    """Return whether captions are classes to what a model.json or vae.json describes."""
    return model.get("condition") == CLASS


def require_captions(
    model: Mapping[str, Any],
    captions: Iterable[tuple[str, str]],
    where: str | Path,
    column: str = "caption",
) -> None:
    """Raise ModelError at the first caption that the model cannot be told.

    Args:
        model: Contents of model.json.
        captions: Key and caption of each image.
        where: The manifest, for the message.
        column: What holds the captions, for the message.
    """
    for key, caption in captions:
        if mistake := caption_mistake(model, caption):
            raise ModelError(f"{where}: image {key}: {column}: {shown(caption)}; {mistake}")
