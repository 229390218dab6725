"""The result files that scores rest on, besides those that rules name by wildcards."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import product

from mia import result_paths as paths
from mia.access import EXTERNAL, reads_model
from mia.attacks.shared.contract import traits_of
from mia.config.exports import losses_asked
from mia.config.reference_training import sets_learnt
from mia.config.result_files import ResultFiles
from mia.query import Query


class ScoreInputs(ResultFiles):
    """Files of one experiment that its scores rest on, by the stage that reads them."""

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
        queries = self._queries(target, attack)
        return self._of_model(target, model, lambda *_: queries)

    def _queries(self, target: str, attack: str) -> list[Query]:
        return sorted({*self._experiment.attack_on(target, attack).queries})

    # On the images that a target's model makes

    def generated_scores(self) -> list[str]:
        """Return the scores of these images, of every target that has such a side."""
        return [
            path
            for target in self._experiment.with_generated()
            for path in self.of(
                paths.GENERATED_SCORES,
                target=target,
                attack=self._experiment.tried_on_generated(target),
            )
        ]

    def manifest_of_generated(self, target: str) -> list[str]:
        """Return the manifest of these images."""
        made = self._experiment.generated(target)
        return self.of(paths.MANIFEST, set=made) if made else []

    def answers_on_generated(self, target: str, attack: str) -> list[str]:
        """Return the query files of an attack, from the target's model."""
        return self._on_generated(target, attack, self._experiment.models_of(target)[:1])

    def reference_on_generated(self, target: str, attack: str) -> list[str]:
        """Return the query files of an attack, from the first control, if it reads a reference."""
        reads = traits_of(self._experiment.attack_on(target, attack)).reads_reference
        return self._on_generated(target, attack, self._experiment.controls(target)[:reads])

    def _on_generated(self, target: str, attack: str, models: Iterable[str]) -> list[str]:
        made, queries = self._experiment.generated(target), self._queries(target, attack)
        return [path for one in models if made for path in self.queries(one, made, queries)]

    def losses(self, target: str) -> list[str]:
        """Return the denoising losses of a target: what loss curves are drawn from."""

        models = self._experiment.models_of(target)[:1]
        asked = partial(losses_asked, self._experiment)
        return [path for model in models for path in self._of_model(target, model, asked)]

    def exported_losses(self) -> list[str]:
        """Return the denoising losses of every model, for the tables that are made on request."""
        return [
            path
            for model, image_set in self._experiment.pairs
            for path in self.queries(
                model, image_set, losses_asked(self._experiment, model, image_set)
            )
        ]

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
