"""The config of each component of a model folder, over the defaults of the class that reads it."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mia.models.model_json import Config, ModelError, finite, read_json, shown


def of_diffusers(folder: Path, name: str, older: tuple[str, ...] = ()) -> Config:
    """Return the config of a diffusers class over its defaults; `older` are its former names."""
    import diffusers

    path = folder / CONFIG
    given = read_json(path)
    if given.get("_class_name", name) not in (name, *older):
        raise ModelError(f"{path}: _class_name: {shown(given['_class_name'])}; expected {name}")
    _require_finite(path, given)
    return Config(path, given, _defaults(getattr(diffusers, name)))


def of_transformers(folder: Path, name: str) -> Config:
    """Return the config of a transformers class; of a whole CLIP, its block for that encoder."""
    import transformers

    path = folder / "config.json"
    given, kind = read_json(path), getattr(transformers, name).config_class
    expected = kind.model_type
    if given.get("model_type") not in (expected, WHOLE.get(expected, expected)):
        raise ModelError(
            f"{path}: model_type: {shown(given.get('model_type'))}; expected {expected}"
        )
    if given["model_type"] != expected:
        block = given.get(BLOCK[expected])
        if not isinstance(block, dict):
            raise ModelError(f"{path}: {BLOCK[expected]}: {shown(block)}; expected an object")
        given = block
    _require_finite(path, given)
    return Config(path, given, kind().to_dict())


# The kind of a whole model that a tower's folder may hold, and where in it the tower's config is.
WHOLE = {"clip_text_model": "clip"}
BLOCK = {"clip_text_model": "text_config"}


CONFIG, SCHEDULER_CONFIG = "config.json", "scheduler_config.json"


def component_folder(folder: Path, name: str, config: str = CONFIG) -> Path:
    """Return where a component lies: the folder of its name, else beside model_index.json.

    The first models of pixels, such as google/ddpm-cifar10-32, have no folders. diffusers reads
    them in the same way.
    """
    own = folder / name
    at_root = not os.path.lexists(own) and os.path.lexists(folder / config)
    return folder if at_root else own


def scheduler_file(folder: Path, name: str = "scheduler") -> Path:
    """Return the path of a scheduler's config, by its name of today or the older one."""
    path = component_folder(folder, name, SCHEDULER_CONFIG) / SCHEDULER_CONFIG
    older = path.with_name(CONFIG)
    return older if older.exists() and not os.path.lexists(path) else path


def of_scheduler(folder: Path, index: Mapping[str, Any], part: str = "scheduler") -> Config:
    """Return a scheduler's config over defaults of the class that model_index.json names.

    Its `_class_name` is that of the index, which decides what diffusers loads.
    """
    import diffusers

    path = scheduler_file(folder, part)
    given, entry = read_json(path), index.get(part)
    library, name = entry if isinstance(entry, list) and len(entry) == 2 else (None, None)
    kind = getattr(diffusers, name, None) if isinstance(name, str) else None
    if (
        library != "diffusers"
        or not inspect.isclass(kind)
        or not issubclass(kind, diffusers.SchedulerMixin)
    ):
        raise ModelError(
            f"{folder / 'model_index.json'}: {part}: {shown(entry)} is no known class; "
            'expected one of diffusers, such as ["diffusers", "DDIMScheduler"]'
        )
    return Config(path, {**given, "_class_name": name}, _defaults(kind))


def _defaults(kind: Any) -> dict[str, Any]:
    parameters = inspect.signature(kind.__init__).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def _require_finite(path: Path, given: dict[str, Any]) -> None:
    for key, value in given.items():
        if any(isinstance(v, float) and not finite(v) for v in flat(value)):
            raise ModelError(f"{path}: {key}: {shown(value)}; expected finite numbers")


def flat(value: Any) -> Iterator[Any]:
    """Return the values in nested lists, or the value itself."""
    if isinstance(value, list | tuple):
        for one in value:
            yield from flat(one)
    else:
        yield value
