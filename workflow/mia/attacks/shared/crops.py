"""PFAMI's crops: what is asked of them, and how much worse each is denoised than the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mia.attacks.shared.parameters import at_least_one
from mia.evidence import Evidence
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd

CROPS = (0.95, 0.9222, 0.8944, 0.8667, 0.8389, 0.8111, 0.7833, 0.7556, 0.7278, 0.7)


def require_shares(crops: tuple[float, ...]) -> None:
    """Raise ValueError unless `crops` names at least one share, all between 0 and 1."""
    at_least_one("crops", crops)
    if not all(0 < crop < 1 for crop in crops):
        raise ValueError(f"crops must be shares between 0 and 1, got {list(crops)}")


def asked(
    timesteps: tuple[int, ...], draws: int, condition: str, crops: tuple[float, ...]
) -> tuple[Query, ...]:
    """Return the queries of the image and of its crops at the same timesteps and draws."""
    place = (timesteps, draws, condition)
    near = [grid("neighbours", *place, (("crop", crop),)) for crop in crops]
    return sum(near, start=grid("denoise", *place))


def fluctuations(evidence: Evidence, side: str) -> pd.Series:
    """Return (L(crop) − L) / L, index (image_id, timestep, draw, crop).

    Args:
        evidence: Holds the queries of `asked`.
        side: `caption` or `null`: which loss of `denoise` is L.
    """
    place = ["timestep", "draw"]
    own = evidence.signals["denoise"].set_index(place, append=True)[f"loss_{side}"]
    near = evidence.signals["neighbours"].set_index(place, append=True)
    base = own.reindex(near.index)
    worse = ((near["loss_neighbour"] - base) / base).to_frame("worse")
    return worse.set_index(near["crop"], append=True)["worse"]
