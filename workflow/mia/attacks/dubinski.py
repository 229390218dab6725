"""The sixteen settings of Dubiński et al., in their three losses.

Public code cannot run as released, visits no timestep for its `stop: 0`, never fires the latent
shift of setting 3 and reports the best timestep of the data it is reported on. Here the timestep is
chosen on a half of the calibration fold. Settings that are one statistic are computed once: 3 is 1;
the model loss of 2 and 16 is the plain conditional loss on their timesteps, since the latent is
noised anew at each and the loss never sees the guidance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mia.evidence import Evidence
from mia.gram import latent_error
from mia.parameters import at_least_one, one_of
from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd

PARTIAL, FULL, SHORT, RISING = "291:41:-10", "801:1:-100", "101:1:-100", "1:801:100"
RENOISED = {2: (PARTIAL, 7.5), 16: (RISING, 100.0)}
CHAINS = {  # setting: visits, start, guidance, text shift, state
    1: (PARTIAL, 300, 7.5, 0.0, "moved"),
    3: (PARTIAL, 300, 7.5, 0.0, "moved"),
    4: (PARTIAL, 300, 7.5, 0.1, "moved"),
    5: (PARTIAL, 300, 7.5, 0.5, "moved"),
    6: (PARTIAL, 100, 7.5, 0.0, "moved"),
    7: (FULL, 100, 7.5, 0.0, "moved"),
    8: (FULL, 100, 7.5, 0.1, "moved"),
    9: (FULL, 50, 7.5, 0.0, "moved"),
    10: (FULL, 300, 7.5, 0.0, "moved"),
    11: (SHORT, 300, 7.5, 0.0, "moved"),
    12: (RISING, 100, 100.0, 0.0, "moved"),
    13: (FULL, 300, 0.0, 0.0, "moved"),
    14: (FULL, 100, 100.0, 0.0, "fixed"),
    15: (RISING, 100, 7.5, 0.0, "moved"),
}
COLUMNS = {"model": "model_loss", "latent": "latent_error", "pixel": "pixel_error"}


@dataclass(frozen=True)
class Attack:
    """Minus a loss after the denoising step at `timestep`, mean over draws; higher = member.

    `setting` is 1 to 16 (1 partial denoising, 12 reversed denoising, 16 reversed noising …), `loss`
    is `model` (mean (ε − ε̂_caption)²), `latent` (mean (z_next − z0)²) or `pixel` (mean absolute
    difference of 8-bit pixels). `timestep` is one that the setting visits, or `auto`.
    """

    setting: int = 16
    loss: str = "model"
    timestep: int | str = "auto"
    draws: int = 5

    access = "grey-box"
    source = "Dubiński et al. 2023 (arXiv 2306.12983), settings as in its code"

    def __post_init__(self) -> None:
        one_of("setting", self.setting, sorted({*RENOISED, *CHAINS}))
        one_of("loss", self.loss, COLUMNS)
        at_least_one("draws", self.draws)
        one_of("timestep", self.timestep, self.default_grid(self.setting))

    @staticmethod
    def default_grid(setting: int = 16, **_: Any) -> tuple[int, ...]:
        """The timesteps that a setting visits, in order."""
        visits = RENOISED[setting][0] if setting in RENOISED else CHAINS[setting][0]
        first, last, stride = map(int, visits.split(":"))
        return tuple(range(first, last + (1 if stride > 0 else -1), stride))

    @property
    def queries(self) -> tuple[Query, ...]:
        return tuple(self._query(draw) for draw in range(self.draws))

    def _query(self, draw: int) -> Query:
        if self.setting in RENOISED:
            visits, guidance = RENOISED[self.setting]
            if self.loss == "model":
                return Query("denoise", self.timestep, draw, "caption")
            if self.loss == "latent":
                return Query("denoise", self.timestep, draw, "both")
            further = {"kind": "guided", "guidance": guidance, "stride": _stride(visits)}
            return Query(
                "reconstruction", self.timestep, draw, "both", tuple(sorted(further.items()))
            )
        visits, start, guidance, shift, state = CHAINS[self.setting]
        further = {
            "visits": visits,
            "start": start,
            "guidance": guidance,
            "shift": shift,
            "state": state,
            "decode": int(self.loss == "pixel"),
        }
        condition = "both" if guidance else "caption"
        return Query("chain", self.timestep, draw, condition, tuple(sorted(further.items())))

    def score(self, evidence: Evidence) -> pd.Series:
        table = evidence.signals[self.queries[0].signal]
        return -self._loss(table, evidence).groupby(level="image_id").mean()

    def _loss(self, table: pd.DataFrame, evidence: Evidence) -> pd.Series:
        if self.setting not in RENOISED:
            return table[COLUMNS[self.loss]]
        visits, guidance = RENOISED[self.setting]
        if self.loss == "model":
            return table["loss_caption"]
        if self.loss == "latent":
            return latent_error(table, evidence.alpha_bar, _stride(visits), guidance)
        return table["l1_rounded"]


def _stride(visits: str) -> int:
    return abs(int(visits.split(":")[2]))
