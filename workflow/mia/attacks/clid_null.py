"""Null contrast of CLiD: how much the caption helps to denoise; it helps members more.

This is only the null-caption part of CLiD, without its reduced captions, scaling and mixing.
Public code draws one noise tensor for a whole batch; here the draw is the image's own, shared by
both terms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mia.attacks.shared.space import in_space
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Loss under the empty caption minus loss under the caption at the same draw, averaged.

    The mean is over timesteps and draws. Unit: mean squared error per element, of what `space`
    names; higher = member.
    """

    timesteps: tuple[int, ...] = (440, 450, 460)
    draws: int = 1
    space: str = "epsilon"

    access = "grey-box"
    source = "Zhai et al. 2024 (arXiv 2405.14800), with the empty caption as the reduced one"

    @property
    def queries(self) -> tuple[Query, ...]:
        return grid("denoise", self.timesteps, self.draws, "both")

    def score(self, evidence: Evidence) -> pd.Series:
        table = evidence.signals["denoise"]
        contrast = table["loss_null"] - table["loss_caption"]
        contrast = in_space(contrast, table["timestep"], evidence.alpha_bar, self.space)
        return contrast.groupby(level="image_id").mean()
