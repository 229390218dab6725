"""What the stages of models are told of the config, as in `stage_settings`."""

from __future__ import annotations

from typing import Any

from mia.config.conditions import NULL
from mia.config.experiment import Experiment
from mia.config.training_settings import training_settings
from mia.models.family import NONE, TEXT

Settings = dict[str, Any]


def vae(experiment: Experiment, training: str) -> Settings:
    """Return how a VAE is trained, and on which parts; what learns pixels trains none."""
    return training_settings(experiment, training, "representation_set")


def train(experiment: Experiment, training: str) -> Settings:
    """Return how a model is trained, and on which parts."""
    return training_settings(experiment, training, "set")


def model(experiment: Experiment, model: str) -> Settings:
    """Return where a model comes from, its epoch, and what it is told where that is no text."""
    training = experiment.training(model)
    trained = {} if training is None else experiment.trained(training)
    return {**trained, **experiment.block(model), **as_told(experiment.condition(model))}


def encode(experiment: Experiment, vae: str, set: str) -> Settings:
    """Return which parts are encoded: those on which a model with this VAE is measured."""
    models = tuple(name for name in experiment.config["models"] if experiment.vae(name) == vae)
    device = experiment.config["measure"]["device"]
    return {"parts": experiment.measured_parts(set, models), "device": device}


def generate(experiment: Experiment, set: str) -> Settings:
    """Return how a model makes the images of a set; nothing where no model does."""
    if (target := experiment.maker(set)) is None:
        return {}
    spec, measure = experiment.config["targets"][target]["generated"], experiment.config["measure"]
    return {
        **{key: spec[key] for key in ("steps", "guidance")},
        "condition": NULL if experiment.told(target) == NONE else "caption",
        **{key: measure[key] for key in ("device", "dtype")},
        "seed": experiment.config["seed"],
    }


def as_told(condition: str) -> Settings:
    """Say what a model is told of an image, if it is no text, which goes without saying."""
    return {"condition": condition} if condition != TEXT else {}
