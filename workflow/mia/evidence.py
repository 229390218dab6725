"""What an attack may look at: tables of measured signals, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Evidence:
    """The measurements of one target.

    Args:
        image_ids: Every image to be scored, sorted.
        signals: Signal name to long table: index `image_id`, columns the query's fields
            (`timestep`, `draw`, `condition`, …) and the measures, sorted by all of them.
            Holds the rows of the attack's own queries only.
        reference: The same, measured on the target's reference model; empty where there is none.
        images: Manifest columns, index `image_id`; only for attacks with `reads_images`.
        seed: The experiment's seed, for attacks that draw numbers.
    """

    image_ids: tuple[str, ...]
    signals: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    reference: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    images: pd.DataFrame | None = None
    seed: int = 0
