"""Whether the control models, replicates and references of a target are what they are given as."""

from __future__ import annotations

from mia.config.check_references import check_references
from mia.config.errors import ConfigError
from mia.config.experiment import Experiment

Parts = set[tuple[str, str]]


def check_others(experiment: Experiment, target: str, sides: Parts) -> None:
    """Raise a ConfigError for the first of a target's other models that cannot be one.

    A control has seen neither side, as far as is known here. A replicate was trained on the same
    images of the two sides as the model.

    Args:
        sides: Every (set, part) of the target's members and nonmembers.
    """
    key, model = f"targets.{target}", experiment.config["targets"][target].get("model")
    check_references(experiment, target, sides)
    for control in experiment.controls(target):
        if control == model:
            raise ConfigError(f"{key}.control: {control!r} is the model itself")
        learnt = experiment.trained_on(control) or set()
        if seen := ", ".join(sorted(map(":".join, learnt & sides))):
            raise ConfigError(
                f"{key}.control: {control!r} was trained on {seen}, which the target scores; a "
                "control must have seen neither members nor nonmembers"
            )
    for other in experiment.replicates(target):
        if other == model or other in experiment.controls(target):
            raise ConfigError(f"{key}.replicates: {other!r} is the model itself, or its control")
        seen_by = [experiment.trained_on(one) for one in (model, other) if one]
        known = [learnt & sides for learnt in seen_by if learnt is not None]
        if len(known) == 2 and known[0] != known[1]:
            raise ConfigError(
                f"{key}.replicates: {other!r} was not trained on the same images of the target as "
                f"{model!r}"
            )
