"""What attacks on a model's outputs ask for, and how they read it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from mia.attacks.shared.parameters import at_least_one, one_of
from mia.query import Query, grid

if TYPE_CHECKING:
    import pandas as pd

GENERATION, VARIATION = "generation", "variation"
MOST = 16  # draws that a row of `generation` can be compared with, its own among them
DISTANCES = ("rms_pixel", "tile_rms", "rms_latent", "l1_pixel")
SIMILARITIES = ("ssim",)
COSINE = "cosine"  # of embeddings: only queries that ask for it are answered by it
EMBEDDED = (("embedded", True),)  # what asks for it
POOLS = ("mean", "max", "median")


def queries(
    steps: int, guidance: float, draws: int, condition: str, embedded: bool = False
) -> tuple[Query, ...]:
    """Return what makes the first `draws` images of a caption; `embedded` asks for `COSINE` too."""
    further = (*(EMBEDDED if embedded else ()), ("guidance", float(guidance)), ("steps", steps))
    return grid(GENERATION, (0,), draws, condition, further)


def variations(
    timesteps: Iterable[int],
    draws: int,
    condition: str,
    step: int,
    guidance: float,
    embedded: bool = False,
) -> tuple[Query, ...]:
    """Return what noises an image to each timestep and denoises it, `draws` times.

    `embedded` asks for `COSINE` too.
    """
    further = (*(EMBEDDED if embedded else ()), ("guidance", float(guidance)), ("step", step))
    return grid(VARIATION, timesteps, draws, condition, further)


def timestep_of(strength: float, steps: int) -> int:
    """Return the timestep that image-to-image pipelines noise to, with `steps` steps in all.

    Of these the last int(steps · strength) are gone, 1000 // steps apart, down to timestep 1. It is
    the grid of diffusers' "leading" spacing with Stable Diffusion's offset of 1.

    >>> timestep_of(0.5, 50), timestep_of(1.0, 50), timestep_of(0.02, 50)
    (481, 981, 1)
    """
    return (int(steps * strength) - 1) * (1000 // steps) + 1


def check_variation(timesteps: Collection[Any], guidance: Any, draws: int, least: int = 1) -> None:
    """Raise ValueError unless images can be varied so, and at least `least` draws of them."""
    if any(isinstance(t, int) and t < 1 for t in timesteps):
        raise ValueError(f"timestep must be in 1…999, got {min(timesteps)}")
    check_guidance(guidance)
    check_draws(draws, least)


def check_strengths(strengths: Collection[Any], steps: int) -> None:
    """Raise ValueError unless each strength leaves at least one of `steps` steps, of at most 1000.

    >>> check_strengths((0.5, 1.0), 50)
    """
    if steps > 1000:
        raise ValueError(f"steps must be at most 1000, got {steps}")
    for strength in strengths:
        number = isinstance(strength, int | float) and not isinstance(strength, bool)
        if not number or strength > 1 or int(steps * strength) < 1:
            raise ValueError(
                f"strengths must be numbers from 1/steps = {1 / steps:g} to 1, got {strength!r}"
            )


def check_generation(steps: Any, guidance: Any, draws: int, least: int = 1) -> None:
    """Raise ValueError unless images can be made so, and at least `least` draws of them."""
    at_least_one("steps", steps)
    check_guidance(guidance)
    check_draws(draws, least)


def check_guidance(guidance: Any) -> None:
    """Raise ValueError unless it is a scale of guidance."""
    if isinstance(guidance, bool) or not isinstance(guidance, int | float) or guidance < 1:
        raise ValueError(f"guidance must be a number from 1 (none) up, got {guidance!r}")


def check_draws(draws: int, least: int = 1) -> None:
    """Raise ValueError unless so many outputs of one image can be compared with each other."""
    if isinstance(draws, int) and not least <= draws <= MOST:
        raise ValueError(f"draws must be a whole number from {least} to {MOST}, got {draws!r}")


def similarity(table: pd.DataFrame, measure: str) -> pd.Series:
    """Return a measure of each row so that higher is more alike: distances get a minus."""
    one_of("measure", measure, (*DISTANCES, *SIMILARITIES, COSINE))
    return -table[measure] if measure in DISTANCES else table[measure]


def pooled(values: pd.Series, pool: str) -> pd.Series:
    """Return the mean, the largest or the median of each image's draws, index image_id."""
    one_of("pool", pool, POOLS)
    return values.groupby(level="image_id").agg(pool)
