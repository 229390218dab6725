"""Which entries of `attacks:` do not exist on a target, and why."""

from __future__ import annotations

from mia.config.existence import lacks_images, lacks_model
from mia.config.experiment import Experiment
from mia.config.kinds import FULL, SCORES_ONLY
from mia.models.family import TEXT


def left_out(experiment: Experiment, target: str) -> dict[str, tuple[str, ...]]:
    """Return the entries of `attacks:` that do not exist on a target, by the reason why.

    The reasons are `class` and `none`, which is what the model is told; `no_model`; `no_images`;
    and `scores_only`. A missing reference or address is no reason that is listed here.
    """
    if experiment.kind(target) == SCORES_ONLY:
        return {"scores_only": tuple(experiment.attacks)} if experiment.attacks else {}
    told = experiment.told(target)
    if experiment.kind(target) == FULL and told == TEXT:
        return {}
    there = experiment.attacks_under(told).items()
    found = {
        told: experiment.left_out(target),
        "no_model": tuple(name for name, one in there if lacks_model(experiment, one, target)),
        "no_images": tuple(name for name, one in there if lacks_images(experiment, one, target)),
    }
    return {reason: names for reason, names in found.items() if names}
