"""What a config implies: which images, models, queries and attacks belong to which target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mia.attacks.shared.contract import Traits, traits_of
from mia.config.attacks import attack_code, build_attacks, is_blind
from mia.config.errors import require_known
from mia.images.sources.shared.needed import has_own_rows
from mia.images.sources.shared.shelf import source
from mia.models.clip_folder import channels, encoder_name
from mia.query import Query

SIDES = ("members", "nonmembers")


@dataclass(frozen=True)
class Experiment:
    """A completed config, as `mia.config.read` returns it, checked."""

    config: dict[str, Any]

    # Image sets

    def set_parts(self, image_set: str) -> tuple[str, ...]:
        """Return the names of an image set's parts; `all` if it is not divided."""
        spec = self.config["image_sets"][image_set]
        split = (*spec["split"], "rest") if spec.get("split") else ()
        undivided = () if split or not has_own_rows(spec) else ("all",)
        return (*spec.get("parts", {}), *split, *undivided)

    def parts(self, name: str, key: str = "") -> tuple[str, tuple[str, ...]]:
        """Return the set and the parts of `set` or `set:part`; errors name `key`."""
        image_set, _, part = name.partition(":")
        require_known(image_set, self.config["image_sets"], key, "image set")
        parts = self.set_parts(image_set)
        if part:
            require_known(part, parts, key, f"part of image set {image_set!r} called")
        return image_set, (part,) if part else parts

    def shards(self, image_set: str) -> list[str]:
        """Return the names of an image set's shards."""
        return [f"{number:03d}" for number in range(self.config["image_sets"][image_set]["shards"])]

    def sets(self, target: str) -> tuple[str, ...]:
        """Return the image sets of a target, its members' first."""
        spec = self.config["targets"][target]
        return tuple(dict.fromkeys(self.parts(spec[side])[0] for side in SIDES))

    # Models

    def vae(self, model: str) -> str:
        """Return whose VAE `model` has: a training's, or the one that comes with the model."""
        name = self.training(model)
        if name is None:
            return model
        training = self.config["training"][name]
        return training.get("base") or training.get("like", name)

    def training(self, model: str) -> str | None:
        """Return the training that makes `model`; None if it is not made here."""
        spec = self.config["models"][model]
        return spec["training"] if spec["source"] == "training" else None

    def trained(self, training: str) -> dict[str, Any]:
        """Return what a model of a training is: of the last epoch, its images prepared alike."""
        spec = self.config["training"][training]
        spec = self.config["models"][spec["base"]] if "base" in spec else spec
        given = {key: spec[key] for key in ("preparation",) if key in spec}
        return {"epoch": self.kept_epochs(training)[-1], **given}

    def trained_on(self, model: str) -> set[tuple[str, str]] | None:
        """Return (set, part) pairs that `model` was trained on here; None if made elsewhere."""
        name = self.training(model)
        return None if name is None else as_set(self.parts(self.config["training"][name]["set"]))

    def sets_of_training(self, training: str) -> tuple[str, ...]:
        """Return the image sets that a training learns from, sorted."""
        spec = self.config["training"][training]
        keys = [key for key in ("set", "representation_set") if key in spec]
        return tuple(sorted({self.parts(spec[key])[0] for key in keys}))

    def kept_epochs(self, training: str) -> list[int]:
        """Return the epochs whose checkpoints are kept, sorted; the last is always kept."""
        spec = self.config["training"][training]
        return sorted({*spec.get("keep", []), spec["epochs"]})

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
        for target in self.config["targets"].values():
            for model in filter(None, (target["model"], target.get("reference"))):
                for side in SIDES:
                    yield model, self.parts(target[side])

    # Attacks

    @cached_property
    def attacks(self) -> dict[str, Any]:
        """Entry name to its attack, with checked parameters."""
        return build_attacks(self.config["attacks"])

    def code(self, attack: str) -> str:
        """Return the dotted name of the module of an entry of `attacks:`."""
        return attack_code(attack, self.config["attacks"][attack])

    def attacks_of(self, target: str) -> tuple[str, ...]:
        """Return the attacks that exist on `target`: it has what they read."""
        spec = self.config["targets"][target]
        kinds = [source(self.config["image_sets"][name]["source"]) for name in self.sets(target)]
        addressed = any(kind.has_addresses for kind in kinds)
        referenced = "reference" in spec

        def exists(traits: Traits) -> bool:
            return (
                (referenced or not traits.reads_reference)
                and (addressed or not traits.reads_addresses)
                and target in (traits.targets or (target,))
            )

        return tuple(name for name, attack in self.attacks.items() if exists(traits_of(attack)))

    def blind_attacks(self, target: str) -> tuple[str, ...]:
        """Return the attacks on `target` that read images and captions but never the model."""
        return tuple(name for name in self.attacks_of(target) if is_blind(self.attacks[name]))

    def without_addresses(self, target: str) -> tuple[str, ...]:
        """Return the attacks left out on `target` because no image of it has an address."""
        there = self.attacks_of(target)
        return tuple(
            name
            for name, attack in self.attacks.items()
            if traits_of(attack).reads_addresses and name not in there
        )

    # Embeddings

    @cached_property
    def encoders(self) -> dict[str, dict[str, str]]:
        """Every embedding model, of duplicates or of the audit, by its name in paths."""
        specs = [spec["duplicates"].get("embedding") for spec in self.config["image_sets"].values()]
        given = filter(None, [*specs, self.config["audit"].get("embedding")])
        return {encoder_name(s): {key: s[key] for key in ("path", "sha256")} for s in given}

    @cached_property
    def embeddings(self) -> tuple[str, ...]:
        """Channels that the audit's embedding model makes: none without one."""
        spec = self.config["audit"].get("embedding")
        return channels(Path(spec["path"])) if spec else ()

    # Queries

    def wanted(self, model: str, image_set: str) -> tuple[Query, ...]:
        """Return the union of the queries that `model` has to answer on `image_set`."""
        queries = set()
        for name, target in self.config["targets"].items():
            if image_set not in self.sets(name):
                continue
            for attack in (self.attacks[entry] for entry in self.attacks_of(name)):
                if model == target["model"] or (
                    model == target.get("reference") and traits_of(attack).reads_reference
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


def as_set(side: tuple[str, tuple[str, ...]]) -> set[tuple[str, str]]:
    """Return the (set, part) pairs of what `Experiment.parts` returned."""
    return {(side[0], part) for part in side[1]}
