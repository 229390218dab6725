"""The modules that a stage loads by name; like its own code, they decide what it makes.

There is one function a stage, as in `stage_settings`; a stage without one loads nothing by name.
"""

from __future__ import annotations

from mia.config.experiment import Experiment
from mia.images.sources.shared.shelf import source, source_code
from mia.models.families import families

MATCHING = "mia.targets.matching"


def plan(experiment: Experiment, set: str) -> list[str]:
    """Return the kind of the image source."""
    return [source_code(experiment.config["image_sets"][set]["source"])]


def download(experiment: Experiment, set: str) -> list[str]:
    """Return what fetches images of this kind of source."""
    return [source(experiment.config["image_sets"][set]["source"]).fetched_by]


def membership(experiment: Experiment, target: str) -> list[str]:
    """Return the method that matches the sides, if they are matched."""
    method = experiment.config["targets"][target]["match"]
    return [] if method == "none" else [f"{MATCHING}.{method}"]


def model(experiment: Experiment) -> list[str]:
    """Return every family of models."""
    return [f"mia.denoisers.{family}" for family in families()]


def generate(experiment: Experiment) -> list[str]:
    """Return every family of models."""
    return model(experiment)


def measure(experiment: Experiment) -> list[str]:
    """Return every family of models, and every signal that is asked for."""
    return [*model(experiment), *tables(experiment)]


def score(experiment: Experiment, attack: str) -> list[str]:
    """Return the attack."""
    return [experiment.code(attack)]


def score_generated(experiment: Experiment, attack: str) -> list[str]:
    """Return the attack."""
    return score(experiment, attack)


def audit(experiment: Experiment, target: str) -> list[str]:
    """Return the blind baselines of the target."""
    return [experiment.code(attack) for attack in experiment.blind_attacks(target)]


def tables(experiment: Experiment) -> list[str]:
    """Return every signal, as each says what it costs."""
    return [f"mia.signals.{signal}" for signal in experiment.signals]
