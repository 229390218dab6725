"""What a config implies: which images, models, queries and attacks belong to which target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mia.attacks.shared.contract import traits_of
from mia.attacks.shared.external import External
from mia.attacks.shared.other_captions import OtherCaptions
from mia.config.attacks import attack_code, is_blind
from mia.config.conditions import attacks_under, entry_under
from mia.config.existence import exists
from mia.config.generated import is_tried, set_of
from mia.config.kinds import SCORES_ONLY
from mia.config.materials import SIDES
from mia.config.trainings import Trainings
from mia.models.family import TEXT
from mia.query import Query
from mia.signals.shared.evals import keeping
from mia.targets.given_scores import attacks_in
from mia.told_captions import control_of


@dataclass(frozen=True)
class Experiment(Trainings):
    """A completed config, as `mia.config.read` returns it, checked."""

    # Pairs

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every (model, image set) that is measured."""
        return tuple(sorted({(model, part[0]) for model, part in self._measured()}))

    def measured_parts(self, image_set: str, models: tuple[str, ...]) -> tuple[str, ...]:
        """Return the parts of `image_set` that some target measures on one of `models`."""
        found = {
            part
            for model, (name, parts) in self._measured()
            if name == image_set and model in models
            for part in parts
        }
        return tuple(sorted(found))

    def _measured(self) -> Iterator[tuple[str, tuple[str, tuple[str, ...]]]]:
        for name in self.config["targets"]:
            for model in self.models_of(name):
                for side in SIDES:
                    yield model, self.parts(self.config["targets"][name][side])
        for name in self.with_generated():
            for model in self.asked_of_generated(name):
                yield model, self.parts(set_of(name))

    # Attacks

    @property
    def attacks(self) -> dict[str, Any]:
        """Entry name to its attack on models that are told a text, with checked parameters."""
        return self.attacks_under(TEXT)

    @cached_property
    def _attacks(self) -> dict[str, dict[str, Any]]:
        """What `attacks_under` has returned."""
        return {}

    def attacks_under(self, condition: str) -> dict[str, Any]:
        """Return entry name to attack on models of a condition, without those that do not exist."""
        if condition not in self._attacks:
            self._attacks[condition] = attacks_under(self.config["attacks"], condition)
        return self._attacks[condition]

    def attack_on(self, target: str, attack: str) -> Any:
        """Return the attack of an entry, as it asks the model of `target`.

        Of a target of scores alone, it is the column of that name.
        """
        if self.kind(target) == SCORES_ONLY:
            return External(self.config["targets"][target]["scores"], (target,))
        built = self.attacks_under(self.told(target))[attack]
        return built.on(target) if isinstance(built, OtherCaptions) else built

    def entry_on(self, target: str, attack: str) -> dict[str, Any]:
        """Return an entry of `attacks:` as it is on `target`."""
        built = self.attack_on(target, attack)
        return entry_under(self.config["attacks"][attack], built, self.told(target))

    def told(self, target: str) -> str:
        """Return what the model of `target` is told of an image: `text`, `class` or `none`.

        Where there is no model, entries of `attacks:` are as they would be on one that is told a
        text.
        """
        spec = self.config["targets"][target]
        return self.condition(spec["model"]) if "model" in spec else TEXT

    @property
    def all_told(self) -> tuple[str, ...]:
        """What the targets' models are told, each once."""
        return tuple(dict.fromkeys(map(self.told, self.with_model())))

    def code(self, attack: str) -> str:
        """Return the dotted name of the module of an entry of `attacks:`."""
        return attack_code(attack, self.config["attacks"][attack])

    def attacks_of(self, target: str) -> tuple[str, ...]:
        """Return the attacks that exist on `target`: it and its model have what they read."""
        if self.kind(target) == SCORES_ONLY:
            return self.columns_of(target)
        found = self.attacks_under(self.told(target))
        return tuple(name for name, attack in found.items() if exists(self, attack, target))

    def columns_of(self, target: str) -> tuple[str, ...]:
        """Return the attacks in the table of a target of scores alone; none if it is no table."""
        return self._columns[self.config["targets"][target]["scores"]]

    @cached_property
    def _columns(self) -> dict[str, tuple[str, ...]]:
        """Attacks in each table of scores alone, by its path."""
        paths = {self.config["targets"][name]["scores"] for name in self.with_scores()}
        return {path: attacks_in(path) for path in paths}

    def left_out(self, target: str) -> tuple[str, ...]:
        """Return the attacks that do not exist on `target` for what its model is told."""
        there = self.attacks_under(self.told(target))
        return tuple(name for name in self.attacks if name not in there)

    def blind_attacks(self, target: str) -> tuple[str, ...]:
        """Return the attacks that judge the sets of `target`: blind ones that wait for no model."""
        there = {name: self.attack_on(target, name) for name in self.attacks_of(target)}
        return tuple(name for name, one in there.items() if is_blind(one) and not one.queries)

    def without_addresses(self, target: str) -> tuple[str, ...]:
        """Return the attacks left out on `target` because no image of it has an address."""
        there = self.attacks_of(target)
        return tuple(
            name
            for name, attack in self.attacks.items()
            if traits_of(attack).reads_addresses and name not in there
        )

    @property
    def numbers_of_references(self) -> dict[str, int]:
        """Target to how many references it has, where it has some."""
        targets = self.config["targets"]
        return {name: len(several) for name in targets if (several := self.references(name))}

    @property
    def may_stop(self) -> bool:
        """Return whether a verdict on image sets may end the run before anything is measured."""
        return self.config["audit"]["stop_if"] != "never" and bool(self.with_sets())

    # Queries

    def wanted(self, model: str, image_set: str) -> tuple[Query, ...]:
        """Return the union of the queries that `model` has to answer on `image_set`.

        A reference is asked only what attacks that read references ask. Where outputs are kept
        (`measure.keep`), those under the images' own captions are.
        """
        queries = set()
        for name in self.config["targets"]:
            if image_set in self.sets(name) and model in self.models_of(name):
                for entry in self.attacks_of(name):
                    attack = self.attack_on(name, entry)
                    if model not in self.references(name) or traits_of(attack).reads_references:
                        queries |= set(attack.queries)
            if image_set == self.generated(name):
                queries |= self.asked_of_generated(name).get(model, set())
        if self.config["measure"]["keep"]:
            queries |= {keeping(query) for query in queries if control_of(query) is None}
        return tuple(sorted(queries))

    def tried_on_generated(self, target: str) -> tuple[str, ...]:
        """Return the attacks on `target` that are tried on the images that its model makes."""
        there = self.attacks_of(target) if self.generated(target) else ()
        return tuple(name for name in there if is_tried(self.attack_on(target, name)))

    def asked_of_generated(self, target: str) -> dict[str, set[Query]]:
        """Return, by model, what is asked of the images that a target's model makes.

        The model is asked it, and the first control what attacks with a reference ask.
        """
        built = [self.attack_on(target, name) for name in self.tried_on_generated(target)]
        reading = [attack for attack in built if traits_of(attack).reads_reference]
        asked = {self.config["targets"][target]["model"]: built}
        asked |= {control: reading for control in self.controls(target)[:1] if reading}
        return {model: {q for one in some for q in one.queries} for model, some in asked.items()}

    @cached_property
    def queries(self) -> tuple[Query, ...]:
        """Every query of every pair: what each pair has a file for."""
        return tuple(sorted({query for pair in self.pairs for query in self.wanted(*pair)}))

    @property
    def signals(self) -> tuple[str, ...]:
        """Every signal of every query."""
        return tuple(sorted({query.signal for query in self.queries}))
