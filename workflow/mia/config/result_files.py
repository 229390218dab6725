"""Which files an experiment makes, by kind."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from mia import result_paths as paths
from mia.config.experiment import Experiment
from mia.query import Query


class ResultFiles:
    """Files of one experiment.

    Args:
        experiment: The experiment.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._config = experiment.config
        self._folder = experiment.config["results"].rstrip("/")

    def of(self, template: str, **names: str | Iterable[str]) -> list[str]:
        """Return the file of every combination of names; a name is one text or several."""
        several = [[name] if isinstance(name, str) else [*name] for name in names.values()]
        return [
            f"{self._folder}/{template.format(**dict(zip(names, chosen, strict=True)))}"
            for chosen in product(*several)
        ]

    def of_shards(self, template: str, set: str, **names: str | Iterable[str]) -> list[str]:
        """Return a file of every shard of an image set."""
        return self.of(template, set=set, shard=self._experiment.shards(set), **names)

    def manifests(self, target: str) -> list[str]:
        """Return the manifests of a target's sets, the members' first."""
        return self.of(paths.MANIFEST, set=self._experiment.sets(target))

    def queries(self, model: str, set: str, queries: Iterable[Query]) -> list[str]:
        """Return the file of each query."""
        return [
            path
            for query in queries
            for path in self.of(
                paths.QUERIES, model=model, set=set, signal=query.signal, query=query.name
            )
        ]

    def signals(self, model: str, set: str) -> list[str]:
        """Return a model's answers on an image set, by signal and shard."""
        return self.of_shards(paths.SIGNALS, set, model=model, signal=self._experiment.signals)

    def measured(self) -> list[str]:
        """Return the answers of every model on every image set, by shard and by query."""
        experiment = self._experiment
        return [
            path
            for model, image_set in experiment.pairs
            for path in (
                *self.signals(model, image_set),
                *self.queries(model, image_set, experiment.queries),
            )
        ]

    def of_targets(self, template: str) -> list[str]:
        """Return a file of every target."""
        return self.of(template, target=self._config["targets"])

    def of_image_targets(self, template: str) -> list[str]:
        """Return a file of every target that has image sets."""
        return self.of(template, target=self._experiment.with_sets())

    def judged(self) -> list[str]:
        """Return what says of every target whether its sets are fair; no model is needed for it."""
        return [*self.of_targets(paths.SETS_AUDIT), *self.gate()]

    def gate(self) -> list[str]:
        """Return the file without which nothing is measured, if the config asks for a gate."""
        return self.of(paths.GATE) if self._experiment.may_stop else []

    def exported(self) -> list[str]:
        """Return the tables of all scores and losses, if the config asks for them."""
        asked = self._config["report"]["export"]
        return self.of(paths.SCORE_TABLE) + self.of(paths.LOSS_TABLE) if asked else []

    def of_attacks(self, template: str, target: str, blind: bool = False) -> list[str]:
        """Return a file of every attack on a target, or of its blind baselines."""
        attacks = self._experiment.blind_attacks if blind else self._experiment.attacks_of
        return self.of(template, target=target, attack=attacks(target))

    def of_all_attacks(self, template: str) -> list[str]:
        """Return a file of every attack on every target."""
        targets = self._config["targets"]
        return [path for target in targets for path in self.of_attacks(template, target)]
