"""LiRA: is the loss that of models trained on this image, or that of models that were not?

Two Gaussians are fitted to each image's −log loss on references: one to those that were trained on
the image, one to the others. The target's own loss is never in a fit. The paper takes the loss
itself; its log is nearly normal, and makes offline LiRA with one reference and one draw the attack
`loss_ratio`. Public code that fits a Gaussian to the very loss that it then scores reports an AUC
of 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mia.attacks.shared.contract import Traits
from mia.attacks.shared.parameters import one_of
from mia.attacks.shared.reference_losses import FEWEST, MODES, by_side, phi, require_models
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd

VARIANCES = ("auto", "pooled", "per-image")
POOLED_BELOW = 64  # references


@dataclass(frozen=True)
class Attack:
    """Log of the density of −log loss among models that learnt the image over that among others.

    `mode: offline` reads only models that were not trained on the image: how many standard
    deviations the target's −log loss lies above theirs. The loss is the mean over draws.
    `variance: pooled` gives all images one standard deviation a side, from the spread within
    images; `per-image` gives each its own, and needs four models a side; `auto` is `pooled` below
    64 references. A pooled deviation is 1 nat where no image has two models of a side. Unit: nats,
    offline standard deviations; higher = member.
    """

    timestep: int = 100
    draws: int = 2
    condition: str = "caption"
    mode: str = "online"
    variance: str = "auto"
    _sides: Any = field(default=None, repr=False, compare=False)

    access = "grey-box"
    source = (
        "Carlini et al. 2022 (arXiv 2112.03570), algorithm 1, online and offline; on the loss of "
        "Carlini et al. 2023 (arXiv 2301.13188), 5.2"
    )

    def __post_init__(self) -> None:
        one_of("mode", self.mode, MODES)
        one_of("variance", self.variance, VARIANCES)

    @property
    def traits(self) -> Traits:
        alike = FEWEST if self.variance == "per-image" else 1
        fewest_in = alike if self.mode == "online" else 0
        return Traits(
            reads_references=True, fewest_in=fewest_in, fewest_out=alike, fewest_alike=alike
        )

    @property
    def queries(self) -> tuple[Query, ...]:
        return grid("denoise", (self.timestep,), self.draws, self.condition)

    @property
    def fitted(self) -> dict[str, Any]:
        """How many references there are, and the pooled deviations, in nats."""
        if self._sides is None:
            return {}
        return {side: gaussian.told for side, gaussian in self._sides.items()}

    def fit_references(self, evidence: Evidence) -> Attack:
        """Return the attack with a Gaussian for each image and side."""
        values = by_side(evidence, self._column)
        count = len(evidence.references)
        pooled = self.variance == "pooled" or (self.variance == "auto" and count < POOLED_BELOW)
        sides = ("in", "out") if self.mode == "online" else ("out",)
        fewest, why = (
            (1, "") if pooled else (FEWEST, f" with variance {self.variance}, or `pooled`")
        )
        for side in sides:
            require_models(values[side], side, fewest, why)
        return replace(self, _sides={side: gaussians(values[side], pooled) for side in sides})

    def score(self, evidence: Evidence) -> pd.Series:
        value = phi(evidence.signals, self._column)
        if self.mode == "offline":
            return self._sides["out"].deviations(value)
        return self._sides["in"].log_density(value) - self._sides["out"].log_density(value)

    @property
    def _column(self) -> str:
        return f"loss_{self.queries[0].side}"


@dataclass(frozen=True)
class Gaussians:
    """A Gaussian for each image.

    Args:
        mean: Index image_id.
        deviation: The same index.
        told: What is told of them all, JSON-ready.
    """

    mean: pd.Series
    deviation: pd.Series
    told: dict[str, Any]

    def deviations(self, value: pd.Series) -> pd.Series:
        """Return how many standard deviations each value lies above its mean."""
        return (value - self.mean.loc[value.index]) / self.deviation.loc[value.index]

    def log_density(self, value: pd.Series) -> pd.Series:
        """Return the log density at each value, without the constant −log √2π."""
        return -(self.deviations(value) ** 2) / 2 - np.log(self.deviation.loc[value.index])


def gaussians(values: pd.DataFrame, pooled: bool) -> Gaussians:
    """Return the Gaussian of each image's values, of one side.

    Args:
        values: Index image_id, a column a model, NaN where the model is not on this side.
        pooled: Whether all have one variance: squared distances from each image's own mean, over
            the degrees of freedom that are left. n − 1 is in the denominator of an image's own too.

    Raises:
        ValueError: An image has no spread of its own; the message names it.
    """
    count, mean = values.notna().sum(axis="columns"), values.mean(axis="columns")
    told: dict[str, Any] = {"models": [int(count.min()), int(count.max())]}
    if not pooled:
        deviation = values.std(axis="columns", ddof=1)
        if len(flat := deviation.index[~(deviation > 0)]):
            raise ValueError(f"image {flat[0]}: all models of a side answer alike: no variance")
        return Gaussians(mean, deviation, told)
    squares = (values.sub(mean, axis="index") ** 2).sum(axis="columns").sum()
    free = int((count - 1).clip(lower=0).sum())
    spread = float(np.sqrt(squares / free)) if free and squares > 0 else 1.0
    return Gaussians(mean, mean * 0 + spread, {**told, "deviation": spread})
