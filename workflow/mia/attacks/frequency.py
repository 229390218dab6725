"""FreMIA: another attack's distance after a low-pass filter, since high frequencies only add noise.

It needs no evals of its own: the filtered distances are measured with the host's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mia.attacks.shared.parameters import one_of
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd

HOSTS = {  # host: signal, filtered column, further fields of the query
    "loss": ("denoise", "low_loss_{side}", ()),
    "pia": ("proximal", "low_l4_gap", ()),
    "secmi": ("inversion", "low_l2_node", (("step", 10),)),
}


@dataclass(frozen=True)
class Attack:
    """Minus the host's filtered distance, mean over draws; `host` is loss, pia or secmi.

    loss: mean square; pia: (mean fourth power)^(1/4); secmi: mean square between neighbouring nodes
    of the inversion chain. Range (−∞, 0]; higher = member. `draws` counts for loss alone.
    """

    host: str = "loss"
    timestep: int = 100
    draws: int = 2
    condition: str = "caption"

    access = "grey-box"
    source = "Lian et al. 2025 (arXiv 2505.20955)"

    def __post_init__(self) -> None:
        one_of("host", self.host, HOSTS)

    @property
    def queries(self) -> tuple[Query, ...]:
        signal, _, further = HOSTS[self.host]
        draws = range(self.draws) if self.host == "loss" else (0,)
        return tuple(Query(signal, self.timestep, draw, self.condition, further) for draw in draws)

    def score(self, evidence: Evidence) -> pd.Series:
        signal, column, _ = HOSTS[self.host]
        distance = evidence.signals[signal][column.format(side=self.queries[0].side)]
        power = 1 / 4 if self.host == "pia" else 1
        return -(distance**power).groupby(level="image_id").mean()
