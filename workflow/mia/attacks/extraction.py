"""Extraction without the image: does the model make one and the same image again and again?

Carlini et al. make 500 generations of a caption and call it memorised where ten of them are all
within δ of each other. A row here is compared with 15 others, so there are at most 16 generations:
a caption that yields its training image once in fifty is missed. On pre-training data expect
nothing but for images that were there many times. A control model that makes the same clique shows
that the caption alone fixes the image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mia.attacks.shared import generated
from mia.attacks.shared.cliques import largest_clique
from mia.attacks.shared.contract import Traits
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Size of the largest clique among `draws` generations of the caption; higher = member.

    Two generations are joined where their tiled distance is at most `delta`: the root of the mean
    squared difference of pixels in [0, 1], in the tile of 4 × 4 where it is largest. A whole number
    from 1 to `draws`; many images tie. The image itself is not looked at.
    """

    delta: float = 0.15
    draws: int = 16
    steps: int = 50
    guidance: float = 7.5
    condition: str = "caption"

    access = "black-box"
    source = "Carlini et al. 2023 (arXiv 2301.13188), section 4.2"
    traits = Traits(compares_draws=True, controls=("blind_text_image",))

    def __post_init__(self) -> None:
        generated.check_generation(self.steps, self.guidance, self.draws, least=2)
        if isinstance(self.delta, bool) or not isinstance(self.delta, int | float):
            raise ValueError(f"delta must be a number, got {self.delta!r}")
        if not 0 < self.delta < 1:
            raise ValueError(f"delta must be above 0 and below 1, got {self.delta!r}")

    @property
    def queries(self) -> tuple[Query, ...]:
        return generated.queries(self.steps, self.guidance, self.draws, self.condition)

    def score(self, evidence: Evidence) -> pd.Series:
        table = evidence.signals[generated.GENERATION].sort_values("draw", kind="stable")
        columns = [f"tile_rms_to_{draw}" for draw in range(self.draws - 1)]
        joined = (table[columns] <= self.delta).astype("int64") @ (1 << np.arange(self.draws - 1))
        return joined.groupby(level="image_id").agg(_clique).astype("float64")


def _clique(earlier: pd.Series) -> int:
    """Return the largest clique, from the earlier draws that each draw is joined to, as bits."""
    near = earlier.to_list()
    for draw, bits in enumerate(list(near)):
        for other in range(draw):
            if bits >> other & 1:
                near[other] |= 1 << draw
    return largest_clique(near)
