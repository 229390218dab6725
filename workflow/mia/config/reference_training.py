"""What the references of a target were trained on, as far as a config says it."""

from __future__ import annotations

from typing import Any

from mia.attacks.shared.contract import traits_of
from mia.config.experiment import Experiment


def learnt(experiment: Experiment, target: str) -> dict[str, Any]:
    """Return reference to what it was trained on.

    That is the path of a table, `trained_on` of a model from elsewhere; or a list of `set`, `parts`
    and, of a random half of them, `half`: of its training, and of those that made its base.
    """
    return {name: _of_model(experiment, name) for name in experiment.references(target)}


def needs(experiment: Experiment, target: str) -> dict[str, dict[str, int]]:
    """Return how much each attack that learns from references needs (`Traits.fewest_*`)."""
    traits = {
        name: traits_of(experiment.attack_on(target, name))
        for name in experiment.attacks_of(target)
    }
    return {
        name: {"in": one.fewest_in, "out": one.fewest_out, "pairs": one.fewest_pairs}
        for name, one in traits.items()
        if one.reads_references
    }


def sets_learnt(experiment: Experiment, target: str) -> tuple[str, ...]:
    """Return the image sets that a target's references were trained on here, sorted."""
    known = [one for one in learnt(experiment, target).values() if not isinstance(one, str)]
    return tuple(sorted({part["set"] for parts in known for part in parts}))


def _of_model(experiment: Experiment, model: str) -> Any:
    name = experiment.training(model)
    return (
        experiment.config["models"][model]["trained_on"]
        if name is None
        else _of_training(experiment, name)
    )


def _of_training(experiment: Experiment, training: str) -> list[dict[str, Any]]:
    spec = experiment.config["training"][training]
    image_set, parts = experiment.learnt_parts(training)
    own = {"set": image_set, "parts": parts, **experiment.half_of(training)}
    before = experiment.training(spec["base"]) if "base" in spec else None
    return [own, *(_of_training(experiment, before) if before else [])]
