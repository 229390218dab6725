"""Loss per byte: the loss, calibrated by how much there is in the image, without a reference.

A detailed image has a large loss whether or not it was trained on, and takes many bytes without
loss too. The size is that of the prepared image, encoded anew as PNG (`mia.signals.png`), so that
the quality of an upload's JPEG does not leak. It is a number of the image alone: on sets that
differ, dividing by it is a blind baseline. So a config with this attack has `blind_bytes` too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mia.attacks.shared.contract import Traits
from mia.attacks.shared.space import in_space
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd

SIZE = Query("png", 0, condition="null")


@dataclass(frozen=True)
class Attack:
    """Minus the loss, mean over timesteps and draws, over the bytes of the image's PNG.

    With L the mean squared error of the noise estimate (or of what `space` names) and b the bytes,
    the score is −L / b. Unit: squared error per element and byte; range (−∞, 0]; higher = member.
    """

    timesteps: tuple[int, ...] = (100,)
    draws: int = 2
    condition: str = "caption"
    space: str = "epsilon"

    access = "grey-box"
    source = "Rao and Moyer 2026 (arXiv 2603.13421), T_mc_cal"
    traits = Traits(beside=("blind_bytes",))

    @property
    def queries(self) -> tuple[Query, ...]:
        return (*grid("denoise", self.timesteps, self.draws, self.condition), SIZE)

    def score(self, evidence: Evidence) -> pd.Series:
        table = evidence.signals["denoise"]
        losses = table[f"loss_{self.queries[0].side}"]
        losses = in_space(losses, table["timestep"], evidence.alpha_bar, self.space)
        size = evidence.signals["png"]["png_bytes"]
        return -losses.groupby(level="image_id").mean() / size
