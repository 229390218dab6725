"""What the report says of an experiment besides its numbers."""

from __future__ import annotations

from typing import Any

from mia.config import design
from mia.config.caption_controls import caption_controls
from mia.config.experiment import Experiment
from mia.config.kinds import FULL
from mia.config.left_out import left_out
from mia.told_captions import FIELD

SHOWN = ("seed", "image_sets", "models", "attacks", "measure", "audit", "evaluation")


def report(experiment: Experiment) -> dict[str, Any]:
    """Return the blocks of the config that are `SHOWN`, and what follows from the others.

    A target's `kind` is there where it is not full; `left_out` says, by the reason why, which
    attacks do not exist on it; `imageless` names its sets that have captions alone.
    """
    config = experiment.config
    trainings = {
        name: {
            **spec,
            "keep": experiment.kept_epochs(name),
            "sets": experiment.sets_of_training(name),
        }
        for name, spec in config["training"].items()
    }
    targets = {
        name: {**spec, "sets": experiment.sets(name), **_of_kind(experiment, name)}
        for name, spec in config["targets"].items()
    }
    return {
        **{key: config[key] for key in SHOWN},
        "training": trainings,
        "targets": targets,
        "caption_controls": _caption_controls(experiment),
        "controls": [name for name in config["targets"] if design.is_control(experiment, name)],
        "pictured": [name for name in config["image_sets"] if design.is_shown(experiment, name)],
    }


def _caption_controls(experiment: Experiment) -> list[dict[str, str]]:
    asked = any(FIELD in entry for entry in experiment.config["attacks"].values())
    return caption_controls(experiment.attacks) if asked else []


def _of_kind(experiment: Experiment, target: str) -> dict[str, Any]:
    found = {"left_out": left_out(experiment, target), "imageless": experiment.imageless(target)}
    kind = {} if experiment.kind(target) == FULL else {"kind": experiment.kind(target)}
    return kind | {key: value for key, value in found.items() if value}
