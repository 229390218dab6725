"""What a target of each kind must have, and what it may not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mia.config.errors import ConfigError
from mia.config.kinds import AUDIT_ONLY, FULL, SCORES_ONLY, kind_of
from mia.config.materials import SIDES

if TYPE_CHECKING:
    from mia.config.experiment import Experiment

OTHERS = ("control", "replicates", "references", "generated")  # keys that need a model
OF_IMAGES = ("model", *OTHERS, *SIDES, "match", "isolate", "known")  # not beside `scores`
ON_PIXELS = ("match", "isolate", "known")  # keys of a target whose images are compared
# A block of the config, and the kinds of targets that need it.
NEEDED = {
    "image_sets": (FULL, AUDIT_ONLY),
    "models": (FULL,),
    "attacks": (FULL, AUDIT_ONLY),
}


def check_blocks(experiment: Experiment) -> None:
    """Check that the config has every block that its targets read."""
    config = experiment.config
    kinds = {kind_of(target) for target in config["targets"].values()}
    for block, of in NEEDED.items():
        if not config[block] and kinds & {*of}:
            raise ConfigError(f"the config: missing key {block!r}")


def check_kind(experiment: Experiment, name: str) -> None:
    """Check that a target has the keys of its kind, and no others.

    Raises:
        ConfigError: A line for each mistake.
    """
    target, key = experiment.config["targets"][name], f"targets.{name}"
    if lines := list(_keys(target, key)):
        raise ConfigError("\n".join(lines))


def _keys(target: Mapping[str, Any], key: str) -> Iterator[str]:
    if kind_of(target) == SCORES_ONLY:
        for other in OF_IMAGES:
            if target.get(other, "none") != "none":  # `match: none` is filled in
                yield (
                    f"{key}.{other}: not read beside `scores`: a target of scores alone has no "
                    "images and no model"
                )
        return
    if lacks := [side for side in SIDES if side not in target]:
        names = ", ".join(map(repr, lacks))
        yield f"{key}: missing key {names}; a target has members and nonmembers, or `scores`"
    for field in [one for one in OTHERS if one in target] if "model" not in target else ():
        yield f"{key}.{field}: not read without `model`: nothing asks a model here"


def check_imageless(experiment: Experiment, name: str) -> None:
    """Refuse a set without images where a target's images are needed.

    Raises:
        ConfigError: A line for each key that needs them.
    """
    target, key = experiment.config["targets"][name], f"targets.{name}"
    without = experiment.imageless(name)
    if not without:
        return
    lines = []
    if "model" in target:
        lines = [
            f"{key}.{side}: {what}; expected images, or a target without `model`"
            for side in SIDES
            if (what := _without_images(experiment, target[side]))
        ]
    for other in ON_PIXELS:
        if target.get(other, "none") != "none":
            lines.append(f"{key}.{other}: it compares images; {_named(experiment, without[0])}")
    if lines:
        raise ConfigError("\n".join(lines))


def check_training_images(experiment: Experiment, training: str) -> None:
    """Refuse a training on a set without images.

    Raises:
        ConfigError: A line for each key that names one.
    """
    spec = experiment.config["training"][training]
    lines = [
        f"training.{training}.{field}: {what}; expected images"
        for field in ("set", "representation_set")
        if field in spec and (what := _without_images(experiment, spec[field]))
    ]
    if lines:
        raise ConfigError("\n".join(lines))


def _without_images(experiment: Experiment, part: str) -> str:
    """Say that a set has no images, if it has none."""
    name = part.partition(":")[0]
    return "" if experiment.has_images(name) else _named(experiment, name)


def _named(experiment: Experiment, image_set: str) -> str:
    source = experiment.config["image_sets"][image_set]["source"]
    return f"image set {image_set!r} has source {source}, which has no images"
