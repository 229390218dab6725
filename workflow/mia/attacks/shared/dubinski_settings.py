"""The sixteen settings of Dubiński et al. 2023: what each asks, and its three losses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mia.attacks.shared.guided_step import latent_error
from mia.evidence import Evidence
from mia.query import Query
from mia.visits import stride, visited

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
SETTINGS = tuple(sorted({*RENOISED, *CHAINS}))


def visited_by(setting: int) -> tuple[int, ...]:
    """Return the timesteps that a setting visits, in order.

    >>> visited_by(11)
    (101, 1)
    """
    return visited(RENOISED[setting][0] if setting in RENOISED else CHAINS[setting][0])


def signal(setting: int, loss: str) -> str:
    """Return the signal that holds a loss of a setting."""
    if setting not in RENOISED:
        return "chain"
    return "reconstruction" if loss == "pixel" else "denoise"


def is_guided(setting: int, loss: str) -> bool:
    """Return whether a loss of a setting reads the caption and the empty one."""
    return loss != "model" if setting in RENOISED else bool(CHAINS[setting][2])


def require_unguided(setting: int, losses: Iterable[str], condition: str) -> None:
    """Raise ValueError where a `condition` is chosen for a setting that reads two."""
    if condition != "caption" and any(is_guided(setting, loss) for loss in losses):
        raise ValueError(
            f"condition must be left out for setting {setting} with guidance, which reads the "
            f"caption and the empty one, got {condition!r}"
        )


def query(setting: int, loss: str, timestep: int, draw: int, condition: str = "caption") -> Query:
    """Return what a loss (a key of `COLUMNS`) of a setting asks at one timestep it visits.

    `condition` counts where there is no guidance.
    """
    if setting in RENOISED:
        visits, guidance = RENOISED[setting]
        if loss == "model":
            return Query("denoise", timestep, draw, condition)
        if loss == "latent":
            return Query("denoise", timestep, draw, "both")
        further = {"kind": "guided", "guidance": guidance, "stride": stride(visits)}
        return Query("reconstruction", timestep, draw, "both", tuple(sorted(further.items())))
    visits, start, guidance, shift, state = CHAINS[setting]
    further = {
        "visits": visits,
        "start": start,
        "guidance": guidance,
        "shift": shift,
        "state": state,
        "decode": int(loss == "pixel"),
    }
    condition = "both" if guidance else condition
    return Query("chain", timestep, draw, condition, tuple(sorted(further.items())))


def values(setting: int, loss: str, evidence: Evidence, condition: str = "caption") -> pd.Series:
    """Return the loss of each row of its signal; lower = more member-like."""
    table = evidence.signals[signal(setting, loss)]
    if setting not in RENOISED:
        return table[COLUMNS[loss]]
    visits, guidance = RENOISED[setting]
    if loss == "model":
        return table["loss_null" if condition == "null" else "loss_caption"]
    if loss == "latent":
        assert evidence.alpha_bar is not None, "a model was asked, so its schedule is known"
        return latent_error(table, evidence.alpha_bar, stride(visits), guidance)
    return table["l1_rounded"]
