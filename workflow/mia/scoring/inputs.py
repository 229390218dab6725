"""Everything that a score is made from, read once: images and what was measured on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from mia import storage
from mia.evidence import Evidence
from mia.measuring.query_files import devices, read_signals
from mia.path_names import names
from mia.result_paths import QUERIES
from mia.targets.generated import generated_images
from mia.targets.pictures import read_images, with_embeddings

SELECTED = ["set", "key", "image_id", "group", "fold", "block", "kept", "member"]


@dataclass(frozen=True)
class Inputs:
    """Files of one attack on one target.

    Args:
        membership: The target's membership table.
        signals: Query files of the target's model.
        reference: Query files of its reference model.
        controls: Query files of its control models.
        replicates: Query files of the other models from the same training.
        manifests: Manifests of its image sets, for attacks that read images.
        embeddings: Embeddings of its images, for attacks that read them.
        model: model.json, for attacks that query it.
        references: Query files of the models of which it is known what they were trained on.
        known: Which images each of the references was trained on, `references.parquet`.
    """

    membership: str
    signals: Sequence[str] = field(default_factory=tuple)
    reference: Sequence[str] = field(default_factory=tuple)
    controls: Sequence[str] = field(default_factory=tuple)
    replicates: Sequence[str] = field(default_factory=tuple)
    manifests: Sequence[str] = field(default_factory=tuple)
    embeddings: Sequence[str] = field(default_factory=tuple)
    model: str | None = None
    references: Sequence[str] = field(default_factory=tuple)
    known: str | None = None

    @cached_property
    def _kept(self) -> pd.DataFrame:
        rows = storage.read(self.membership, SELECTED)
        return rows[rows["kept"]].set_index("image_id").sort_index()

    @property
    def images(self) -> pd.DataFrame:
        """The kept images: index image_id, sorted; no label.

        Columns set, key, group, fold, block.
        """
        return self._kept.drop(columns="member")

    @property
    def member(self) -> pd.Series:
        """Whether each of `images` is a member, as bool."""
        return self._kept["member"].astype(bool)

    def image_rows(self) -> pd.DataFrame:
        """Return the manifest rows of `images`, with their embeddings where there are any."""
        rows = read_images(self.manifests, self.images)
        return with_embeddings(rows, self.images, self.embeddings)

    def evidence(self, seed: int) -> Evidence:
        """Return what an attack may look at.

        Raises:
            ValueError: A query file lacks an image.
        """
        return Evidence(
            tuple(self.images.index),
            signals=read_signals(self.signals, self.images),
            reference=read_signals(self.reference, self.images),
            references=self._by_model(self.references),
            reference_membership=self._reference_membership(),
            images=self.image_rows() if self.manifests else None,
            alpha_bar=read_schedule(self.model) if self.model else None,
            tensors=read_tensors(self.model) if self.model else (),
            seed=seed,
        )

    def on_others(self, evidence: Evidence, answers: Sequence[str]) -> dict[str, Evidence]:
        """Return, by model of the query files `answers`, `evidence` as if that were the model."""
        found = self._by_model(answers)
        return {model: replace(evidence, signals=signals) for model, signals in found.items()}

    def _by_model(self, answers: Sequence[str]) -> dict[str, dict[str, pd.DataFrame]]:
        files: dict[str, list[str]] = {}
        for path in answers:
            files.setdefault(names(QUERIES, path)["model"], []).append(path)
        return {model: read_signals(paths, self.images) for model, paths in files.items()}

    def _reference_membership(self) -> pd.DataFrame | None:
        if self.known is None:
            return None
        return storage.read(self.known).set_index("image_id").loc[self.images.index]

    def devices(self) -> list[str]:
        """Return what the answers were measured on."""
        others = (*self.reference, *self.references, *self.controls, *self.replicates)
        return devices([*self.signals, *others])


@dataclass(frozen=True)
class GeneratedInputs(Inputs):
    """Files of one attack on the images that a target's model made.

    `signals`, `reference`, `manifests` and `embeddings` are those of these images.

    Args:
        made: Their manifest.
    """

    made: str = ""

    @property
    def images(self) -> pd.DataFrame:
        """The kept images, as `targets.generated` places them; they have no label."""
        return self._placed

    @cached_property
    def _placed(self) -> pd.DataFrame:
        return generated_images(self.made, self.membership)


def read_schedule(path: str) -> np.ndarray:
    """Return ᾱ_t of a model, `(1000,)`, from its model.json."""
    return np.array(storage.read_json(path)["alpha_bar"])


def read_tensors(path: str) -> tuple[str, ...]:
    """Return the names of a denoiser's parameter tensors, from its model.json."""
    return tuple(storage.read_json(path)["tensors"])
