"""What the figures of scores are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from mia.access import reads_model
from mia.evaluation.scored import comparable, reported
from mia.report.figures.shared import selection
from mia.stats.no_signal import auc_band


@dataclass(frozen=True)
class Scores:
    """The attacks of a target.

    Args:
        rows: Attack to its scored images, as `scored` returns them.
        about: Attack to the metadata of its score file.
    """

    rows: dict[str, pd.DataFrame]
    about: dict[str, dict[str, Any]]

    @cached_property
    def reported(self) -> dict[str, pd.DataFrame]:
        """Attack to the images that are drawn, with scores that one axis can hold."""
        parts = {name: reported(rows, name) for name, rows in self.rows.items()}
        return {name: part.assign(score=comparable(part)) for name, part in parts.items()}

    @cached_property
    def sides(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Attack to scores of members and of nonmembers."""
        return {
            name: tuple(rows.loc[rows["member"] == side, "score"].to_numpy() for side in (1, 0))
            for name, rows in self.reported.items()
        }

    @property
    def access(self) -> dict[str, str]:
        """Attack to what it may read."""
        return {name: about["access"] for name, about in self.about.items()}

    @cached_property
    def shown(self) -> list[str]:
        """Attacks whose ROC curves are seen at first."""
        blind = [
            name
            for name, about in self.about.items()
            if not reads_model(about["access"]) and about["reads_images"]
        ]
        return selection.shown(self.reported, self.access, blind)


@dataclass(frozen=True)
class ScoreData:
    """What the scores of one target show.

    Args:
        target: Its name.
        scores: Its attacks.
        costs: Index attack, those that cost any; columns evals (per image, run alone), value,
            low, high (AUC).
        groups: Groups of images among members and among nonmembers.
        confidence: Level of intervals and bands.
    """

    target: str
    scores: Scores
    costs: pd.DataFrame
    groups: tuple[int, int]
    confidence: float

    @property
    def band(self) -> tuple[float, float]:
        """Where an AUC without signal lands, low and high."""
        return auc_band(*self.groups, self.confidence)
