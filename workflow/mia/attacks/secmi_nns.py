"""SecMI (network): a classifier on where one DDIM step up and down misses.

The paper trains a ResNet-18 on the map of absolute errors, and its code picks the epoch on the
images that it reports. Here the map is averaged over cells, and boosting or a small network is
stopped early on a share of the images learnt from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mia.attacks.shared import secmi_chain
from mia.attacks.shared.early_stopped import EarlyStopped
from mia.attacks.shared.features import SMALLEST
from mia.attacks.shared.lists import stacked
from mia.attacks.shared.parameters import at_least_one
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack(EarlyStopped):
    """Log odds of a classifier on the log of the error map, `cells` × `cells` for each channel.

    `timestep` and `step` are those of `secmi`. `classifier` is `boosting` or `network`
    (`mia.attacks.shared.early_stopped`). Higher = member.
    """

    timestep: int = 100
    step: int = 10
    cells: int = 8
    condition: str = "caption"

    source = "Duan et al. 2023 (arXiv 2302.01316), SecMI-NNs"

    def __post_init__(self) -> None:
        secmi_chain.require_node(self.timestep, self.step)
        at_least_one("cells", self.cells)
        super().__post_init__()

    @property
    def queries(self) -> tuple[Query, ...]:
        further = (("map", self.cells), ("step", self.step))
        return (Query("inversion", self.timestep, condition=self.condition, further=further),)

    def features(self, evidence: Evidence) -> pd.DataFrame:
        import pandas as pd

        maps = evidence.signals["inversion"]["error_map"]
        logs = np.log(stacked(maps).clip(min=SMALLEST))
        return pd.DataFrame(logs, maps.index).add_prefix("cell ")
