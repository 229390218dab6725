"""Whether what models are told of an image fits their folders, their references and the attacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mia.config.conditions import NULL, folder_condition
from mia.config.errors import ConfigError
from mia.models.families import wrong_condition
from mia.models.family import NONE, TOLD

if TYPE_CHECKING:
    from mia.config.experiment import Experiment


def condition_mistakes(spec: Mapping[str, Any], key: str) -> Iterator[str]:
    """Yield a line if a block of source `path` says another condition than its folder."""
    found = folder_condition(spec)
    if found and spec.get("condition", found) != found:
        yield f"{key}: {wrong_condition(spec['condition'], found)}"


def _mistakes(experiment: Experiment, target: str) -> Iterator[str]:
    """Yield a line for each entry that asks a target's model for a caption that it does not have.

    And one for each control model, replicate or reference that is told something else than the
    model.
    """
    if not experiment.models_of(target):
        return
    model, *others = experiment.models_of(target)
    condition = experiment.condition(model)
    for another in others:
        if (other := experiment.condition(another)) != condition:
            field = _key_of(experiment, target, another)
            yield (
                f"targets.{target}.{field}: {another!r} is told {TOLD[other]} of an image, "
                f"{model!r} {TOLD[condition]}; expected a {field.removesuffix('s')} that is told "
                "the same"
            )
    for name in experiment.attacks_of(target) if condition == NONE else ():
        chosen = experiment.config["attacks"][name].get("condition", NULL)
        if chosen != NULL:
            yield (
                f"attacks.{name}.condition: {chosen!r}: target {target!r}: model {model!r} has no "
                "caption; leave `condition` out"
            )


def _key_of(experiment: Experiment, target: str, model: str) -> str:
    """Return the key of a target under which another model than its own stands."""
    if model in experiment.controls(target):
        return "control"
    return "replicates" if model in experiment.replicates(target) else "references"


def check_told(experiment: Experiment, target: str) -> None:
    """Raise a ConfigError with a line for each mistake in what a target's model is told."""
    if lines := list(_mistakes(experiment, target)):
        raise ConfigError("\n".join(lines))
