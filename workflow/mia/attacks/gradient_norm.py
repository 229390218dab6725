"""Gradient norm: one number, learnt from no label: members have smaller gradients.

The raw tendency behind GSA, without its classifier, and with a sign that is fixed beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mia.access import WHITE_BOX
from mia.attacks.shared.contract import Traits
from mia.attacks.shared.features import SMALLEST
from mia.attacks.shared.gradient_norms import squared_norms
from mia.attacks.shared.gsa import TIMESTEPS
from mia.attacks.shared.layers import ALL
from mia.attacks.shared.parameters import one_of
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd

SIGNALS = {"weights": "gradient", "input": "input_gradient"}


@dataclass(frozen=True)
class Attack:
    """Minus the log of ‖∇L_t‖, mean over timesteps and draws; L_t = mean (ε̂ − ε)².

    `of` says to what: `weights`, all together or `layers: no-cross` of them, or `input`, the noised
    latent z_t. Higher = member.
    """

    timesteps: tuple[int, ...] = TIMESTEPS
    draws: int = 1
    condition: str = "caption"
    of: str = "weights"
    layers: str = ALL

    access = WHITE_BOX
    source = "Pang et al. 2025 (arXiv 2308.06405), total norm, without a classifier"
    traits = Traits(controls=("loss",))

    def __post_init__(self) -> None:
        one_of("of", self.of, SIGNALS)
        if self.of == "input":
            one_of("layers, of the input's gradient,", self.layers, (ALL,))

    @property
    def queries(self) -> tuple[Query, ...]:
        return grid(SIGNALS[self.of], self.timesteps, self.draws, self.condition)

    def score(self, evidence: Evidence) -> pd.Series:
        if self.of == "weights":
            squares = squared_norms(evidence, self.layers).sum(axis="columns")
        else:
            squares = evidence.signals["input_gradient"]["sq_norm"]
        logs = np.log(squares.clip(lower=SMALLEST)) / 2
        return -logs.groupby(level="image_id").mean()
