"""What a schema cannot say about a target's third side: captions enough, and a set for it alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mia.config.errors import ConfigError
from mia.config.materials import SIDES

if TYPE_CHECKING:
    from mia.config.experiment import Experiment

NAMING = {"targets": SIDES, "training": ("set", "representation_set")}  # block to keys for a set


def check_generated(experiment: Experiment) -> None:
    """Check that a split gives members enough for captions, and that nothing else names these sets.

    Raises:
        ConfigError: A line for each mistake. Of sets without a split, `plan` finds the number out.
    """
    if lines := [*_too_few(experiment), *_named(experiment)]:
        raise ConfigError("\n".join(lines))


def _too_few(experiment: Experiment) -> Iterator[str]:
    for name in experiment.with_generated():
        target = experiment.config["targets"][name]
        image_set, parts = experiment.parts(target["members"], f"targets.{name}.members")
        split = experiment.config["image_sets"][image_set].get("split", {})
        wanted, most = target["generated"]["images"], sum(split.get(part, 0) for part in parts)
        if {*parts} <= {*split} and most < wanted:
            yield (
                f"targets.{name}.generated.images: {wanted}, and {target['members']!r} has {most} "
                "members; expected as many at most, as each gives one caption"
            )


def _named(experiment: Experiment) -> Iterator[str]:
    for block, keys in NAMING.items():
        for name, spec in experiment.config[block].items():
            for key in keys:
                named = str(spec.get(key)).partition(":")[0]
                if experiment.maker(named):
                    yield f"{block}.{name}.{key}: {named!r} is what a model makes; expected images"
