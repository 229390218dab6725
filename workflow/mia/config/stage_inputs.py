"""The result files that each stage reads besides those that its rule names by wildcards.

Arguments have the names of the wildcards of rules, so that a rule names a function and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any

from mia import result_paths as paths
from mia.access import EXTERNAL, reads_model
from mia.attacks.shared.contract import traits_of
from mia.config.reference_training import sets_learnt
from mia.config.result_files import ResultFiles
from mia.models.clip_folder import TEXT, WORDS, encoder_name
from mia.query import Query
from mia.signals.shared.contract import traits_of as signal_traits
from mia.signals.shared.evals import signal
from mia.told_captions import by_control, control_of, target_of


class StageInputs(ResultFiles):
    """Files of one experiment, by the stage that reads them."""

    # Images

    def rows(self, set: str) -> list[str]:
        """Return the rows of every shard of an image set."""
        return self.of_shards(paths.ROWS, set)

    def manifests(self, target: str) -> list[str]:
        """Return the manifests of a target's sets, the members' first."""
        return self.of(paths.MANIFEST, set=self._experiment.sets(target))

    def pictures_to_embed(self, set: str, channel: str, shard: str) -> list[str]:
        """Return the images of a shard; nothing where captions are embedded."""
        return [] if channel in (TEXT, WORDS) else self.of(paths.PICTURES, set=set, shard=shard)

    def embeddings_of_set(self, set: str) -> list[str]:
        """Return the embeddings that the search for duplicates compares, if a model is given."""
        spec = self._config["image_sets"][set]["duplicates"].get("embedding")
        return self._embeddings([set], spec, ["embedding"]) if spec else []

    def embeddings_of_target(self, target: str) -> list[str]:
        """Return the embeddings that the audit compares, of images and of captions."""
        without = {"embedding"} if self._experiment.imageless(target) else set()
        return self._of_audit(target, {*self._experiment.embeddings} - without)

    def embeddings_of_attack(self, target: str, attack: str) -> list[str]:
        """Return the embeddings that an attack reads."""
        read = traits_of(self._experiment.attack_on(target, attack)).reads_embeddings
        return self._of_audit(target, read)

    def _of_audit(self, target: str, channels: Iterable[str]) -> list[str]:
        made = [name for name in self._experiment.all_embeddings if name in {*channels}]
        spec = self._config["audit"].get("embedding")
        return self._embeddings(self._experiment.sets(target), spec, made) if made else []

    def _embeddings(
        self, sets: Iterable[str], spec: Mapping[str, Any], channels: Iterable[str]
    ) -> list[str]:
        encoder = encoder_name(spec)
        return [
            path
            for image_set, channel in product(sets, channels)
            for path in self.of_shards(
                paths.EMBEDDINGS, image_set, encoder=encoder, channel=channel
            )
        ]

    # Models

    def start_of_training(self, training: str) -> list[str]:
        """Return what a training starts from: VAE and tokenizer trained before, or its base."""
        spec = self._config["training"][training]
        if "base" in spec:
            return self.of(paths.MODEL, model=spec["base"])
        return self.of(paths.VAE, training=spec.get("like", training))

    def checkpoints(self, model: str) -> list[str]:
        """Return the checkpoints of the training that makes a model, if one does."""
        training = self._experiment.training(model)
        return [] if training is None else self.of(paths.CHECKPOINTS, training=training)

    def vae(self, vae: str) -> list[str]:
        """Return what describes a VAE: its training, or the model that it comes with."""
        if vae in self._config["training"]:
            return self.of(paths.VAE, training=vae)
        return self.of(paths.MODEL, model=vae)

    def latents(self, model: str, set: str, shard: str) -> list[str]:
        """Return the latents of a shard that a model is asked about."""
        return self.of(paths.LATENTS, vae=self._experiment.vae(model), set=set, shard=shard)

    def pictures_to_measure(self, set: str, shard: str) -> list[str]:
        """Return the images of a shard, where a signal looks at them."""
        modules = map(signal, self._experiment.signals)
        looked_at = any(signal_traits(module).needs_pixels for module in modules)
        return self.of(paths.PICTURES, set=set, shard=shard) if looked_at else []

    def other_captions(self, model: str, set: str) -> list[str]:
        """Return the exchanged captions that a model is told on an image set, one a target."""
        controls = by_control(self._experiment.wanted(model, set))
        targets = {target_of(control) for control in controls if control is not None}
        return self.of(paths.OTHER_CAPTIONS, target=sorted(filter(None, targets)))

    # Scores

    def answers(self, target: str, attack: str) -> list[str]:
        """Return the query files of an attack, from the target's model."""
        models = self._experiment.models_of(target)[:1]
        return [path for model in models for path in self._answers(target, attack, model)]

    def answers_of_reference(self, target: str, attack: str) -> list[str]:
        """Return the query files of an attack, from the first control, if it reads a reference."""
        needed = traits_of(self._experiment.attack_on(target, attack)).reads_reference
        return self._answers(target, attack, self._experiment.controls(target)[0]) if needed else []

    def answers_of_references(self, target: str, attack: str) -> list[str]:
        """Return the query files of an attack, from every reference, if it learns from them."""
        models = (
            self._experiment.references(target) if self._reads_references(target, attack) else ()
        )
        return [path for model in models for path in self._answers(target, attack, model)]

    def references_of_attack(self, target: str, attack: str) -> list[str]:
        """Return the table of what references were trained on, if an attack learns from them."""
        reads = self._reads_references(target, attack)
        return self.of(paths.REFERENCES, target=target) if reads else []

    def manifests_of_references(self, target: str) -> list[str]:
        """Return the manifests of the image sets that a target's references were trained on."""
        return self.of(paths.MANIFEST, set=sets_learnt(self._experiment, target))

    def _reads_references(self, target: str, attack: str) -> bool:
        return traits_of(self._experiment.attack_on(target, attack)).reads_references

    def answers_of_controls(self, target: str, attack: str) -> list[str]:
        """Return the query files of an attack, from every control model it is tried on.

        One that reads a reference is tried on none: its score holds what the control answers.
        """
        if traits_of(self._experiment.attack_on(target, attack)).reads_reference:
            return []
        controls = self._experiment.controls(target)
        return [path for model in controls for path in self._answers(target, attack, model)]

    def answers_of_replicates(self, target: str, attack: str) -> list[str]:
        """Return the query files of an attack, from every replicate of the target's model."""
        replicates = self._experiment.replicates(target)
        return [path for model in replicates for path in self._answers(target, attack, model)]

    def _answers(self, target: str, attack: str, model: str) -> list[str]:
        queries = sorted({*self._experiment.attack_on(target, attack).queries})
        return self._of_model(target, model, lambda *_: queries)

    def losses(self, target: str) -> list[str]:
        """Return the denoising losses of a target: what loss curves are drawn from."""

        def asked(model: str, image_set: str) -> list[Query]:
            wanted = self._experiment.wanted(model, image_set)
            denoise = [query for query in wanted if query.signal == "denoise"]
            return [query for query in denoise if control_of(query) is None]

        models = self._experiment.models_of(target)[:1]
        return [path for model in models for path in self._of_model(target, model, asked)]

    def _of_model(
        self, target: str, model: str, queries: Callable[[str, str], Iterable[Query]]
    ) -> list[str]:
        return [
            path
            for image_set in self._experiment.sets(target)
            for path in self.queries(model, image_set, queries(model, image_set))
        ]

    def model_of_attack(self, target: str, attack: str) -> list[str]:
        """Return the schedule that an attack computes with; nothing for one that asks no query."""
        asks = self._experiment.attack_on(target, attack).queries
        return self.of(paths.MODEL, model=self._config["targets"][target]["model"]) if asks else []

    def manifests_of_attack(self, target: str, attack: str) -> list[str]:
        """Return the manifests of a target, where an attack looks at them."""
        built = self._experiment.attack_on(target, attack)
        looks = traits_of(built).reads_images or built.access == EXTERNAL
        return self.manifests(target) if looks else []

    def manifests_of_twin(self, target: str, attack: str) -> list[str]:
        """Return the manifests of a target, where an attack is tried on no control model.

        Its scores are then foretold from images, files and captions (`mia.blind.twin`). A target of
        scores alone has no manifest, and a model-free attack no twin.
        """
        if target in self._experiment.with_scores():
            return []
        built = self._experiment.attack_on(target, attack)
        alone = reads_model(built.access) and not self.answers_of_controls(target, attack)
        return self.manifests(target) if alone else []

    def estimates(self, target: str) -> list[str]:
        """Return the files that say what estimates of a target's model and controls are worth."""
        asked = product(self._experiment.models_of(target), self._experiment.sets(target))
        return [
            path
            for model, image_set in asked
            if self._experiment.wanted(model, image_set)
            for path in self.of(paths.ESTIMATES, model=model, set=image_set)
        ]
