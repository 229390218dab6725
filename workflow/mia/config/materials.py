"""What a config says of its image sets, trainings and models."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mia.config.conditions import model_condition
from mia.config.errors import require_known
from mia.config.generated import set_of
from mia.config.kinds import FULL, SCORES_ONLY, kind_of
from mia.images.sources.shared.needed import has_own_rows
from mia.images.sources.shared.parts import specs
from mia.images.sources.shared.shelf import source
from mia.models.clip_folder import all_channels, channels, encoder_name

SIDES = ("members", "nonmembers")


@dataclass(frozen=True)
class Materials:
    """A completed config, as `mia.config.read` returns it, checked."""

    config: dict[str, Any]

    # Targets

    def kind(self, target: str) -> str:
        """Return the kind of a target (`mia.config.kinds`)."""
        return kind_of(self.config["targets"][target])

    def with_model(self) -> tuple[str, ...]:
        """Return the targets that have a model."""
        return tuple(name for name in self.config["targets"] if self.kind(name) == FULL)

    def with_sets(self) -> tuple[str, ...]:
        """Return the targets that have image sets."""
        return tuple(name for name in self.config["targets"] if self.kind(name) != SCORES_ONLY)

    def with_scores(self) -> tuple[str, ...]:
        """Return the targets that have a table of scores alone."""
        return tuple(name for name in self.config["targets"] if self.kind(name) == SCORES_ONLY)

    def with_generated(self) -> tuple[str, ...]:
        """Return the targets whose model makes images of its own, as a third side."""
        return tuple(name for name in self.config["targets"] if self.generated(name))

    def with_references(self) -> tuple[str, ...]:
        """Return the targets that name models of which it is known what they learnt."""
        return tuple(name for name in self.config["targets"] if self.references(name))

    def generated(self, target: str) -> str | None:
        """Return the image set that a target's model makes, if it makes one."""
        return set_of(target) if "generated" in self.config["targets"][target] else None

    def maker(self, image_set: str) -> str | None:
        """Return the target whose model makes an image set, if one does."""
        makers = {set_of(target): target for target in self.with_generated()}
        return makers.get(image_set)

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
        """Return the image sets of a target, its members' first; none where it has scores alone."""
        spec = self.config["targets"][target]
        sides = [spec[side] for side in SIDES if side in spec]
        return tuple(dict.fromkeys(self.parts(side)[0] for side in sides))

    def has_images(self, image_set: str) -> bool:
        """Return whether an image set has images, or captions alone."""
        return source(self.config["image_sets"][image_set]["source"]).has_images

    def imageless(self, target: str) -> tuple[str, ...]:
        """Return the image sets of a target that have captions alone."""
        return tuple(name for name in self.sets(target) if not self.has_images(name))

    def addressed(self, image_set: str) -> bool:
        """Return whether the images of a set have addresses on the web."""
        spec = self.config["image_sets"][image_set]
        return source(spec["source"]).addressed(specs(spec))

    # Embeddings

    @cached_property
    def encoders(self) -> dict[str, dict[str, str]]:
        """Every embedding model, of duplicates or of the audit, by its name in paths."""
        specs = [spec["duplicates"].get("embedding") for spec in self.config["image_sets"].values()]
        given = filter(None, [*specs, self.config["audit"].get("embedding")])
        return {encoder_name(s): {key: s[key] for key in ("path", "sha256")} for s in given}

    @cached_property
    def embeddings(self) -> tuple[str, ...]:
        """Channels of the audit's embedding model that the audit compares: none without one."""
        spec = self.config["audit"].get("embedding")
        return channels(Path(spec["path"])) if spec else ()

    @cached_property
    def all_embeddings(self) -> tuple[str, ...]:
        """Those, and the channels of the same model that attacks alone read."""
        spec = self.config["audit"].get("embedding")
        return all_channels(Path(spec["path"])) if spec else ()

    # Models

    def controls(self, target: str) -> tuple[str, ...]:
        """Return the control models of a target; attacks with a reference read the first."""
        return tuple(self.config["targets"][target].get("control", ()))

    def replicates(self, target: str) -> tuple[str, ...]:
        """Return the other models of a target, from trainings like that of its model."""
        return tuple(self.config["targets"][target].get("replicates", ()))

    def references(self, target: str) -> tuple[str, ...]:
        """Return the reference models of a target, of which it is known what they learnt."""
        return tuple(self.config["targets"][target].get("references", ()))

    def models_of(self, target: str) -> tuple[str, ...]:
        """Return the models that a target's attacks ask: the one under attack, then the others.

        There are none where the sets, or scores, are there alone.
        """
        model = self.config["targets"][target].get("model")
        others = (*self.controls(target), *self.replicates(target), *self.references(target))
        return tuple(dict.fromkeys((model, *others))) if model else ()

    def vae(self, model: str) -> str:
        """Return whose VAE `model` has: a training's, or the one that comes with the model."""
        name = self.training(model)
        if name is None:
            return self._without_adapter(model)
        training = self.config["training"][name]
        if "base" in training:
            return self.vae(training["base"])
        return training.get("like", name)

    def _without_adapter(self, model: str) -> str:
        """Return the model that `model` is but for its adapter, if the config has it, else itself.

        No adapter changes a VAE, so both have the same latents.
        """
        models = self.config["models"]
        base = {key: value for key, value in self.block(model).items() if key != "lora"}
        twins = (name for name in models if self.block(name) == base)
        return next(twins, model) if "lora" in models[model] else model

    def block(self, model: str) -> dict[str, Any]:
        """Return the block of a model without its note, which is for readers alone."""
        return {key: value for key, value in self.config["models"][model].items() if key != "note"}

    def base(self, model: str) -> str | None:
        """Return the model that the training of `model` starts from; None without one."""
        name = self.training(model)
        return None if name is None else self.config["training"][name].get("base")

    def training(self, model: str) -> str | None:
        """Return the training that makes `model`; None if it is not made here."""
        spec = self.config["models"][model]
        return spec["training"] if spec["source"] == "training" else None

    @cached_property
    def conditions(self) -> dict[str, str]:
        """Model to what it is told of an image: `text`, `class` or `none`."""
        return {name: model_condition(self.config, name) for name in self.config["models"]}

    def condition(self, model: str) -> str:
        """Return what `model` is told of an image: `text`, `class` or `none`."""
        return self.conditions[model]


def as_set(side: tuple[str, tuple[str, ...]]) -> set[tuple[str, str]]:
    """Return the (set, part) pairs of what `Experiment.parts` returned."""
    return {(side[0], part) for part in side[1]}
