"""What a config implies: which pictures, which models, which queries, which attacks on which target."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from mia.config import ConfigError, nearest
from mia.query import Query

ATTACKS = Path(__file__).parent / "attacks"


@dataclass(frozen=True)
class Experiment:
    """A completed config (`mia.config.complete`), checked for what a schema cannot say.

    Raises:
        ConfigError: Names the key, what was found and what was expected.
    """

    config: dict[str, Any]

    def __post_init__(self) -> None:
        for name in self.config["targets"]:
            self._check_target(name)
        for name, training in self.config["training"].items():
            for key in ("set", "representation_set"):
                self.parts(training[key], f"training.{name}.{key}")
            late = [epoch for epoch in training.get("keep", []) if epoch > training["epochs"]]
            if late:
                raise ConfigError(f"training.{name}.keep: {late} after the last epoch {training['epochs']}")
        for name in self.config["models"]:
            self._check_model(name)
        self.attacks  # noqa: B018 - builds every attack, so that a misspelt parameter stops here

    # Image sets

    def set_parts(self, image_set: str) -> tuple[str, ...]:
        """Names of the parts of an image set, `all` where it is not divided."""
        spec = self.config["image_sets"][image_set]
        split = (*spec["split"], "rest") if spec.get("split") else ()
        undivided = () if split or not has_own_source(spec) else ("all",)
        return (*spec.get("parts", {}), *split, *undivided)

    def parts(self, name: str, key: str = "") -> tuple[str, tuple[str, ...]]:
        """Split `set` or `set:part` into the set and its parts.

        >>> example().parts("cats:member")
        ('cats', ('member',))
        """
        image_set, _, part = name.partition(":")
        if image_set not in self.config["image_sets"]:
            raise ConfigError(
                f"{key}: no image set {image_set!r}; {nearest(image_set, self.config['image_sets'])}"
            )
        known = self.set_parts(image_set)
        if part and part not in known:
            raise ConfigError(f"{key}: image set {image_set!r} has no part {part!r}; {nearest(part, known)}")
        return image_set, (part,) if part else known

    # Models

    def vae(self, model: str) -> str:
        """Whose VAE encodes for `model`: the training that made it, or the model itself."""
        training = self.training(model)
        if training is None:
            return model
        return self.config["training"][training].get("like", training)

    def training(self, model: str) -> str | None:
        """The training that makes `model`, if it is made here."""
        spec = self.config["models"][model]
        return spec["training"] if spec["source"] == "training" else None

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every (model, image set) that is measured."""
        return tuple(sorted({(model, part[0]) for model, part in self._measured()}))

    def measured_parts(self, image_set: str, models: tuple[str, ...]) -> tuple[str, ...]:
        """Parts of `image_set` that some target measures on one of `models`."""
        found = {
            part
            for model, (name, parts) in self._measured()
            if name == image_set and model in models
            for part in parts
        }
        return tuple(sorted(found))

    def _measured(self):
        for target in self.config["targets"].values():
            for model in filter(None, (target["model"], target.get("reference"))):
                for side in ("members", "nonmembers"):
                    yield model, self.parts(target[side])

    # Attacks and queries

    @cached_property
    def attacks(self) -> dict[str, Any]:
        """Row name to attack, its parameters checked."""
        return {name: build_attack(name, row) for name, row in self.config["attacks"].items()}

    def module(self, attack: str) -> str:
        """Module of an attack row."""
        return attack_module(attack, self.config["attacks"][attack])

    def attacks_of(self, target: str) -> tuple[str, ...]:
        """Attack rows that exist on `target`."""
        reference = self.config["targets"][target].get("reference")
        return tuple(
            name for name, attack in self.attacks.items() if reference or not reads(attack, "reference")
        )

    def blind_attacks(self) -> tuple[str, ...]:
        """Attack rows that read the pictures and captions but never the model."""
        return tuple(name for name, attack in self.attacks.items() if is_blind(attack))

    def wanted(self, model: str, image_set: str) -> tuple[Query, ...]:
        """The union of the queries that `model` has to answer on `image_set`."""
        queries = set()
        for name, target in self.config["targets"].items():
            sets = {self.parts(target[side])[0] for side in ("members", "nonmembers")}
            if image_set not in sets:
                continue
            for attack in map(self.attacks.get, self.attacks_of(name)):
                if model == target["model"] or (
                    model == target.get("reference") and reads(attack, "reference")
                ):
                    queries |= set(attack.queries)
        return tuple(sorted(queries))

    @cached_property
    def queries(self) -> tuple[Query, ...]:
        """Every query of every pair: what each pair has a file for."""
        return tuple(sorted({query for pair in self.pairs for query in self.wanted(*pair)}))

    @property
    def signals(self) -> tuple[str, ...]:
        """Every signal of every query."""
        return tuple(sorted({query.signal for query in self.queries}))

    # Checks

    def _check_target(self, name: str) -> None:
        target, key = self.config["targets"][name], f"targets.{name}"
        for field in ("model", "reference"):
            model = target.get(field)
            if model is not None and model not in self.config["models"]:
                raise ConfigError(f"{key}.{field}: no model {model!r}; {nearest(model, self.config['models'])}")
        sides = {side: self.parts(target[side], f"{key}.{side}") for side in ("members", "nonmembers")}
        both = as_set(sides["members"]) & as_set(sides["nonmembers"])
        if both:
            raise ConfigError(f"{key}: members and nonmembers share {sorted(map(':'.join, both))}")
        training = target.get("reference") and self.training(target["reference"])
        if training in self.config["training"]:
            learnt = as_set(self.parts(self.config["training"][training]["set"]))
            seen = learnt & (as_set(sides["members"]) | as_set(sides["nonmembers"]))
            if seen:
                raise ConfigError(
                    f"{key}.reference: {target['reference']!r} was trained on "
                    f"{sorted(map(':'.join, seen))}, which the target scores; a reference must have seen neither set"
                )

    def _check_model(self, name: str) -> None:
        spec, key = self.config["models"][name], f"models.{name}"
        needed = {"training": ("training",), "path": ("path",), "hub": ("repo", "revision")}
        for field in needed[spec["source"]]:
            if field not in spec:
                raise ConfigError(f"{key}: missing key {field!r} (source {spec['source']})")
        if spec["source"] == "path" and not Path(spec["path"], "model_index.json").is_file():
            raise ConfigError(f"{key}.path: {spec['path']}: expected a folder with model_index.json")
        if spec["source"] == "training":
            trainings = self.config["training"]
            if spec["training"] not in trainings:
                raise ConfigError(f"{key}.training: no training {spec['training']!r}; {nearest(spec['training'], trainings)}")
            if spec.get("epoch", (kept := kept_epochs(trainings[spec["training"]]))[-1]) not in kept:
                raise ConfigError(f"{key}.epoch: {spec['epoch']} is not kept by training {spec['training']!r}; kept: {kept}")


def kept_epochs(training: dict[str, Any]) -> list[int]:
    """Epochs whose checkpoints are kept, sorted; the last always is."""
    return sorted({*training.get("keep", []), training["epochs"]})


def has_own_source(spec: dict[str, Any]) -> bool:
    """Whether an image set has rows outside its named parts."""
    return spec["source"] == "builtin" or "path" in spec


def as_set(side: tuple[str, tuple[str, ...]]) -> set[tuple[str, str]]:
    """(set, part) pairs of what `Experiment.parts` returned."""
    return {(side[0], part) for part in side[1]}


def reads(attack: Any, what: str) -> bool:
    """Whether an attack says `reads_images` or `reads_reference`; by default it does not."""
    return getattr(attack, f"reads_{what}", False)


def is_blind(attack: Any) -> bool:
    """Whether an attack is a blind baseline: it learns from pictures and captions alone."""
    return attack.access == "model-free" and reads(attack, "images")


def attack_module(name: str, row: dict[str, Any]) -> str:
    """Module of an attack row: `attack`, or the row's own name."""
    return row.get("attack", name)


def build_attack(name: str, row: dict[str, Any]) -> Any:
    """Build the attack of a config row.

    Raises:
        ConfigError: No such attack or parameter, or a value outside its range.
    """
    module, key = attack_module(name, row), f"attacks.{name}"
    known = {path.stem for path in ATTACKS.glob("*.py")} - {"__init__"}
    if module not in known:
        raise ConfigError(f"{key}: no attack {module!r}; {nearest(module, known)}")
    attack = importlib.import_module(f"mia.attacks.{module}").Attack
    parameters = {key: value for key, value in row.items() if key != "attack"}
    names = {field.name for field in fields(attack) if field.init and not field.name.startswith("_")}
    for parameter in parameters.keys() - names:
        raise ConfigError(f"{key}: attack {module!r} has no parameter {parameter!r}; {nearest(parameter, names)}")
    try:
        built = attack(**{key: _tuples(value) for key, value in parameters.items()})
        built.queries  # noqa: B018 - a query checks its own fields
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{key}: {error}") from error
    return built


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
