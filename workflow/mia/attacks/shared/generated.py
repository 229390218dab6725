"""What attacks on a model's outputs ask for, and how they read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mia.attacks.shared.parameters import at_least_one, one_of
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd

GENERATION = "generation"
MOST = 16  # draws that a row of `generation` can be compared with, its own among them
DISTANCES = ("rms_pixel", "tile_rms", "rms_latent", "l1_pixel")
SIMILARITIES = ("ssim",)
POOLS = ("mean", "max", "median")


def queries(steps: int, guidance: float, draws: int, condition: str) -> tuple[Query, ...]:
    """Return what makes the first `draws` images of a caption."""
    further = (("guidance", float(guidance)), ("steps", steps))
    return grid(GENERATION, (0,), draws, condition, further)


def check_generation(steps: Any, guidance: Any, draws: int, least: int = 1) -> None:
    """Raise ValueError unless images can be made so, and at least `least` draws of them."""
    at_least_one("steps", steps)
    if isinstance(guidance, bool) or not isinstance(guidance, int | float) or guidance < 1:
        raise ValueError(f"guidance must be a number from 1 (none) up, got {guidance!r}")
    check_draws(draws, least)


def check_draws(draws: int, least: int = 1) -> None:
    """Raise ValueError unless so many outputs of one image can be compared with each other."""
    if isinstance(draws, int) and not least <= draws <= MOST:
        raise ValueError(f"draws must be a whole number from {least} to {MOST}, got {draws!r}")


def similarity(table: pd.DataFrame, measure: str) -> pd.Series:
    """Return a measure of each row so that higher is more alike: distances get a minus."""
    one_of("measure", measure, (*DISTANCES, *SIMILARITIES))
    return table[measure] if measure in SIMILARITIES else -table[measure]


def pooled(values: pd.Series, pool: str) -> pd.Series:
    """Return the mean, the largest or the median of each image's draws, index image_id."""
    one_of("pool", pool, POOLS)
    return values.groupby(level="image_id").agg(pool)
