"""The files that a job waits for but does not read: their jobs may refuse its target."""

from __future__ import annotations

from functools import cache
from typing import Any

from mia import result_paths
from mia.config.experiment import Experiment


class StageOrder:
    """Puts what may refuse a target before what is costly.

    Args:
        experiment: The experiment.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._targets = cache(self._targets_on)
        self._given = cache(self._given_models)

    def awaited(self, stage: str, wildcards: Any) -> list[str]:
        """Return the awaited paths below the results folder.

        A download waits for the models that people give. A costly job waits for memberships too,
        for what is known of references, and for the gate where one is asked for (`audit.stop_if`).
        """
        if stage == "download":
            return self._given((wildcards.set,))
        sets = self._sets_of_costly(stage, wildcards)
        if not sets:
            return []
        targets = self._targets(sets)
        memberships = [result_paths.MEMBERSHIP.format(target=name) for name in targets]
        known = [
            result_paths.REFERENCES.format(target=name)
            for name in self._experiment.with_references()
            if name in targets
        ]
        gate = [result_paths.GATE] if self._experiment.may_stop else []
        return [*memberships, *known, *self._plans(targets), *gate, *self._given(sets)]

    def _plans(self, targets: list[str]) -> list[str]:
        """Return the plans of the images that models are to make: members may be too few."""
        made = [name for name in map(self._experiment.generated, targets) if name]
        return [
            result_paths.PLAN.format(set=name, shard=shard)
            for name in made
            for shard in self._experiment.shards(name)
        ]

    def _sets_of_costly(self, stage: str, wildcards: Any) -> tuple[str, ...]:
        if stage in ("generate", "encode", "measure"):
            return (wildcards.set,)
        if stage in ("vae", "train"):
            return self._experiment.sets_of_training(wildcards.training)
        return ()

    def _targets_on(self, sets: tuple[str, ...]) -> list[str]:
        experiment = self._experiment
        return [
            name
            for name in experiment.config["targets"]
            if {*sets} & {*experiment.sets(name), experiment.generated(name)}
        ]

    def _given_models(self, sets: tuple[str, ...]) -> list[str]:
        """Return given models; a model that is trained here needs its images, so it is left out."""
        config, models = self._experiment.config, set()
        for name in self._targets(sets):
            for model in self._experiment.models_of(name):
                given = self._experiment.training(model) is None
                models.add(model if given else self._experiment.vae(model))
        models -= config["training"].keys()
        return [
            *(result_paths.MODEL.format(model=model) for model in sorted(models)),
            *(result_paths.ENCODER.format(encoder=name) for name in self._experiment.encoders),
        ]
