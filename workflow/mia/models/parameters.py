"""The size of a model, for readers; no number depends on it, so that no denoiser imports it."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

from mia.models.component_configs import component_folder
from mia.models.families import module_of
from mia.models.weight_files import find


def denoiser_parameters(model: Mapping[str, Any]) -> int:
    """Return how many numbers the weights of a model's denoiser hold, from their files' headers.

    Args:
        model: What `mia.models.folder.describe` returned.

    Raises:
        ModelError: A file is gone since then, or damaged.
    """
    part = module_of(model["family"]).family.denoiser
    weights = find(component_folder(Path(model["folder"]), part), model["variants"][part])
    return sum(prod(shape) for _, shape in weights.held().values())
