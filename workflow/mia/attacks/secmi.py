"""SecMI (statistic): how well one DDIM step up and down returns, smaller error for members.

Public code compares at t = 90 (DDPM) and t = 140 (latent diffusion) where the paper says 100, and
spends 38 evals where 16 suffice; here the comparison is at `timestep`, by the closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mia.attacks.shared.secmi_chain import require_node
from mia.evidence import Evidence
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Attack:
    """Minus the t-error: mean squared miss of x̃_t after φ_{t→t+k} and φ_{t+k→t}.

    x̃_t is on the deterministic chain 0, k, 2k, …; `timestep` must be a multiple of `step`. The
    paper compares at 100 (pixel models and Stable Diffusion). Range (−∞, 0]; higher = member.
    """

    timestep: int = 100
    step: int = 10
    condition: str = "caption"

    access = "grey-box"
    source = "Duan et al. 2023 (arXiv 2302.01316), t-error"

    def __post_init__(self) -> None:
        require_node(self.timestep, self.step)

    @property
    def queries(self) -> tuple[Query, ...]:
        further = (("step", self.step),)
        return (Query("inversion", self.timestep, condition=self.condition, further=further),)

    def score(self, evidence: Evidence) -> pd.Series:
        return -evidence.signals["inversion"]["t_error"].groupby(level="image_id").mean()
