"""What is exported on request: losses of every model that the targets ask, by its role there."""

from __future__ import annotations

from typing import Any

from mia.config.experiment import Experiment
from mia.query import Query, dump


def losses_asked(experiment: Experiment, model: str, image_set: str) -> tuple[Query, ...]:
    """Return the denoising losses that `model` was asked for on `image_set`, own captions alone."""
    wanted = experiment.wanted(model, image_set)
    return tuple(query for query in wanted if query.signal == "denoise" and not query.further)


def export(experiment: Experiment) -> dict[str, Any]:
    """Return the models of each target with their roles, and what each was asked by image set."""
    queries: dict[str, dict[str, str]] = {}
    for model, image_set in experiment.pairs:
        asked = losses_asked(experiment, model, image_set)
        queries.setdefault(model, {})[image_set] = dump(asked)
    roles = {target: _roles(experiment, target) for target in experiment.with_model()}
    return {"models": roles, "queries": queries}


def _roles(experiment: Experiment, target: str) -> dict[str, str]:
    """Return model to what it is to a target; of several roles, the first."""
    models = {
        "reference": experiment.references(target),
        "replicate": experiment.replicates(target),
        "control": experiment.controls(target),
        "target": experiment.models_of(target)[:1],
    }
    return {model: role for role, several in models.items() for model in several}
