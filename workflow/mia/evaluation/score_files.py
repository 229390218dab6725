"""Score files as the rows that their attacks are reported on: one reader for tables of several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from mia import storage
from mia.access import reads_model
from mia.evaluation.scored import reported, scored

MEMBERSHIP = ["image_id", "member", "group", "fold", "block", "kept"]


@dataclass(frozen=True)
class ScoreFiles:
    """The score files of a run.

    Args:
        scores: Target and attack to score file.
        memberships: Target to membership table.
    """

    scores: Mapping[tuple[str, str], str]
    memberships: Mapping[str, str]

    def rows(self, target: str, attacks: Iterable[str]) -> dict[str, pd.DataFrame]:
        """Return attack to reported rows (`mia.evaluation.scored.reported`) on a target."""
        membership = storage.read(self.memberships[target], MEMBERSHIP)
        paths = {attack: self.scores[target, attack] for attack in attacks}
        return {
            attack: reported(scored(storage.read(path), membership, path), path)
            for attack, path in paths.items()
        }

    def scored(self, target: str, attack: str) -> tuple[pd.DataFrame, list[str]]:
        """Return every scored row of an attack, and the images that it has learnt from, if once."""
        membership = storage.read(self.memberships[target], MEMBERSHIP)
        path = self.scores[target, attack]
        learnt_from = storage.metadata(path).get("fit_image_ids") or []
        return scored(storage.read(path), membership, path), learnt_from

    def untaught(self, target: str) -> list[str]:
        """Return the attacks on a target that read the model and have learnt nothing."""
        found = {attack: path for (name, attack), path in self.scores.items() if name == target}
        about = {attack: storage.metadata(path) for attack, path in found.items()}
        return [
            attack
            for attack, told in about.items()
            if reads_model(told["access"]) and not told["trained"]
        ]
