"""Shadow models: `training.<name>.shadows: K` becomes K trainings `<name>-shadow-1` … and K models.

Each learns another random half of the images that the targets with these references compare, both
sides alike, by group (`mia.images.halves`). No side decides a half, so a half tells no label.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

from mia.config.errors import ConfigError, all_of
from mia.config.kinds import FULL, kind_of
from mia.config.materials import SIDES, Materials, as_set

OF_TRAINING_ALONE = ("shadows", "keep")  # keys that its shadow models do not take over


def with_shadows(config: dict[str, Any]) -> dict[str, Any]:
    """Return a completed config with its shadow models written out, in the lists that name them.

    Raises:
        ConfigError: A line for each training whose shadow models nobody reads, or have no images.
    """
    trainings = {name: spec for name, spec in config["training"].items() if "shadows" in spec}
    written = {**config, "training": {**config["training"]}, "models": {**config["models"]}}
    all_of(partial(_write_out, written, name) for name in trainings)
    listed = {list_of(name): names(name, spec["shadows"]) for name, spec in trainings.items()}
    written["targets"] = {
        name: _with_names(target, listed) for name, target in config["targets"].items()
    }
    return written


def list_of(training: str) -> str:
    """Return the name that stands for all shadow models of a training."""
    return f"{training}-shadows"


def names(training: str, count: int) -> list[str]:
    """Return the names of the shadow models of a training.

    >>> names("mine", 2)
    ['mine-shadow-1', 'mine-shadow-2']
    """
    return [f"{training}-shadow-{number}" for number in range(1, count + 1)]


def _with_names(target: dict[str, Any], listed: dict[str, list[str]]) -> dict[str, Any]:
    if "references" not in target:
        return target
    found = [one for name in target["references"] for one in listed.get(name, [name])]
    return {**target, "references": list(dict.fromkeys(found))}


def _write_out(config: dict[str, Any], training: str) -> None:
    """Add the trainings and the models of one training's shadows to a config, in place."""
    spec, key = config["training"][training], f"training.{training}.shadows"
    image_set, parts = _pool(config, training, key)
    taken = {*config["training"], *config["models"]}
    if list_of(training) in config["models"]:
        raise ConfigError(f"{key}: a model is called {list_of(training)!r} too; rename it")
    seed = spec.get("seed", config["seed"])
    for number, name in enumerate(names(training, spec["shadows"]), start=1):
        if name in taken:
            raise ConfigError(f"{key}: a training or a model is called {name!r} too; rename it")
        own = {one: value for one, value in spec.items() if one not in OF_TRAINING_ALONE}
        start = {} if "base" in spec else {"like": spec.get("like", training)}
        half = {"of": training, "parts": parts, "number": number, "seed": config["seed"]}
        drawn = {"set": image_set, "half": half, "seed": _seed(seed, number)}
        config["training"][name] = {**own, **start, **drawn}
        config["models"][name] = {"source": "training", "training": name}


def _pool(config: dict[str, Any], training: str, key: str) -> tuple[str, list[str]]:
    """Return the image set and the parts that the targets with these references compare."""
    materials, compared = Materials(config), set()
    image_set = materials.parts(config["training"][training]["set"], f"training.{training}.set")[0]
    for name, target in config["targets"].items():
        both = kind_of(target) == FULL and {*SIDES} <= {*target}
        if list_of(training) not in target.get("references", ()) or not both:
            continue
        for side in SIDES:
            found = as_set(materials.parts(target[side], f"targets.{name}.{side}"))
            if other := sorted({of for of, _ in found} - {image_set}):
                raise ConfigError(
                    f"{key}: shadow models learn halves of image set {image_set!r}, and "
                    f"targets.{name}.{side} is of {other[0]!r}; expected parts of one set"
                )
            compared |= found
    if not compared:
        raise ConfigError(
            f"{key}: no target with a model names {list_of(training)!r} under `references`, so "
            "nothing reads them"
        )
    return image_set, sorted(part for _, part in compared)


def _seed(seed: int, number: int) -> int:
    """Return the seed of a shadow model's training, in [0, 2³¹)."""
    return int(hashlib.sha256(f"{seed}:shadow:{number}".encode()).hexdigest()[:8], 16) >> 1
