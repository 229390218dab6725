"""What is known, and what is only claimed, of who a target's model was trained on."""

from __future__ import annotations

from typing import Any

from mia.config import design
from mia.config.experiment import Experiment


def claims(experiment: Experiment) -> dict[str, Any]:
    """Return what a table may say of targets besides numbers, JSON-ready.

    `neither`: those whose model is known to have been trained on neither side. `claimed`: each
    target whose members are only claimed, with the target that knows members of the same model;
    None where there is no such target.
    """
    targets = experiment.config["targets"]
    open_to_doubt = [name for name in targets if design.is_claimed(experiment, name)]
    return {
        "neither": [name for name in targets if design.is_control(experiment, name)],
        "claimed": {name: _reference(experiment, name) for name in open_to_doubt},
    }


def claimed(experiment: Experiment, target: str) -> dict[str, bool]:
    """Return `claimed` for figures of a target whose members are only claimed, else nothing."""
    return {"claimed": True} if design.is_claimed(experiment, target) else {}


def _reference(experiment: Experiment, target: str) -> str | None:
    """Return the first target that pairs the same model with members that are known."""
    targets = experiment.config["targets"]
    model = targets[target].get("model")
    known = (
        name
        for name, spec in targets.items()
        if spec.get("model") == model
        and not design.is_claimed(experiment, name)
        and not design.is_control(experiment, name)
    )
    return next(known, None)
