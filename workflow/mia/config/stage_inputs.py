"""The result files that each stage reads besides those that its rule names by wildcards.

Arguments have the names of the wildcards of rules, so that a rule names a function and no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

from mia import result_paths as paths
from mia.attacks.shared.contract import traits_of
from mia.config.output_encoder import output_encoder
from mia.config.score_inputs import ScoreInputs
from mia.models.clip_folder import TEXT, WORDS, encoder_name
from mia.signals.shared.contract import traits_of as signal_traits
from mia.signals.shared.evals import signal
from mia.told_captions import by_control, target_of


class StageInputs(ScoreInputs):
    """Files of one experiment, by the stage that reads them."""

    # Images

    def made_from(self, set: str) -> list[str]:
        """Return the target's membership and its members' manifest, of a set that a model makes."""
        if (target := self._experiment.maker(set)) is None:
            return []
        return [*self.of(paths.MEMBERSHIP, target=target), *self.manifests(target)[:1]]

    def model_of_generated(self, set: str) -> list[str]:
        """Return the model that makes a set, if one does."""
        maker = self._experiment.maker(set)
        return self.of(paths.MODEL, model=self._experiment.models_of(maker)[:1] if maker else ())

    def rows(self, set: str) -> list[str]:
        """Return the rows of every shard of an image set."""
        return self.of_shards(paths.ROWS, set)

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

    def embeddings_of_generated(self, target: str, attack: str) -> list[str]:
        """Return the same of the images that the target's model makes."""
        read = traits_of(self._experiment.attack_on(target, attack)).reads_embeddings
        made = self._experiment.generated(target)
        return self._of_audit_on([made] if made else [], read)

    def _of_audit(self, target: str, channels: Iterable[str]) -> list[str]:
        return self._of_audit_on(self._experiment.sets(target), channels)

    def _of_audit_on(self, sets: Iterable[str], channels: Iterable[str]) -> list[str]:
        made = [name for name in self._experiment.all_embeddings if name in {*channels}]
        spec = self._config["audit"].get("embedding")
        return self._embeddings(sets, spec, made) if made else []

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

    def encoder_to_measure(self, model: str, set: str) -> list[str]:
        """Return the image encoder that outputs of a model are compared by, if they are."""
        asked = output_encoder(self._experiment, self._experiment.wanted(model, set)).values()
        return [
            path for spec in asked for path in self.of(paths.ENCODER, encoder=encoder_name(spec))
        ]

    def other_captions(self, model: str, set: str) -> list[str]:
        """Return the exchanged captions that a model is told on an image set, one a target."""
        controls = by_control(self._experiment.wanted(model, set))
        targets = {target_of(control) for control in controls if control is not None}
        return self.of(paths.OTHER_CAPTIONS, target=sorted(filter(None, targets)))
