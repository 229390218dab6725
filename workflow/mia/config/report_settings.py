"""What the report says of an experiment besides its numbers."""

from __future__ import annotations

from typing import Any

from mia.config import design
from mia.config.caption_controls import caption_controls
from mia.config.experiment import Experiment
from mia.models.family import TEXT
from mia.told_captions import FIELD

SHOWN = ("seed", "image_sets", "models", "attacks", "measure", "audit", "evaluation")


def report_settings(experiment: Experiment) -> dict[str, Any]:
    """Return the blocks of the config that are `SHOWN`, and what follows from the others.

    `left_out` says which attacks do not exist on a target whose model is told no text.
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
        name: {**spec, "sets": experiment.sets(name), **_left_out(experiment, name)}
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


def _left_out(experiment: Experiment, target: str) -> dict[str, Any]:
    told = experiment.told(target)
    if told == TEXT:
        return {}
    return {"condition": told, "left_out": experiment.left_out(target)}
