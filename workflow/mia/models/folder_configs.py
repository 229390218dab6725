"""Read the JSON files of a model folder, each over the defaults of the class that reads it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mia.models.component_configs import (
    component_folder,
    of_diffusers,
    of_scheduler,
    of_transformers,
)
from mia.models.distilled import require_not_distilled
from mia.models.families import family_of, module_of
from mia.models.family import Part
from mia.models.model_configs import INDEX, Configs
from mia.models.model_json import Config, ModelError, read_json, shown
from mia.models.noise_schedule import noise_schedule
from mia.models.objective import FLOW
from mia.models.options import own_options


def read_configs(folder: Path, options: Mapping[str, Any] | None = None) -> Configs:
    """Return the configs of a model folder, each read over the defaults of its class.

    Args:
        folder: Of the model.
        options: Keys of the model's block that its family reads.

    Raises:
        ModelError: A file is missing or no JSON object, a component is of an unknown class, the
            family reads no such key, or the model is distilled.
    """
    path = folder / INDEX
    index = read_json(path)
    name = family_of(path, index)
    family = module_of(name).family
    classes = {}
    for key, part in family.parts.items():
        if found := _class(path, index, key, part):
            classes[key] = found
    parts = {
        key: _config(component_folder(folder, key), kind, family.parts[key])
        for key, kind in classes.items()
        if family.parts[key].has_weights
    }
    own = own_options(family, options or {})
    scheduler = of_scheduler(folder, index)
    configs = Configs(folder, index, name, family, parts, classes, scheduler, own)
    require_not_distilled(configs)
    _require_flow(configs)
    return configs


def _require_flow(configs: Configs) -> None:
    """Raise ModelError if a family of flow matching has a scheduler of another kind."""
    if configs.family.flow and noise_schedule(configs.scheduler).prediction_type != FLOW:
        expected = "a scheduler of flow matching, such as FlowMatchEulerDiscreteScheduler"
        raise configs.scheduler.wrong("_class_name", expected)


def _config(folder: Path, kind: str, part: Part) -> Config:
    if part.library == "transformers":
        return of_transformers(folder, kind)
    return of_diffusers(folder, kind, part.older)


def _class(path: Path, index: Mapping[str, Any], name: str, part: Part) -> str | None:
    """Return the class that model_index.json names for a component; None where it has none."""
    expected, entry = shown([part.library, part.classes[0]]), index.get(name)
    if part.optional and entry in (None, [None, None]):
        return None
    if not (isinstance(entry, list) and len(entry) == 2):
        raise ModelError(f"{path}: {name}: {shown(entry)}; expected {expected}")
    if entry[0] != part.library or entry[1] not in (*part.classes, *part.older):
        raise ModelError(f"{path}: {name}: {shown(entry)} is no known class; expected {expected}")
    return part.classes[0] if entry[1] in part.older else entry[1]
