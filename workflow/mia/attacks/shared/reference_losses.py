"""Log losses of a target and of its references, and the references' by what they were trained on.

φ = −log of an image's loss, mean over draws, at one timestep; higher = member. Losses of diffusion
models are nearly log-normal, so φ is nearly normal between models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from mia.evidence import Evidence

if TYPE_CHECKING:
    import pandas as pd

MODES = ("online", "offline")
FEWEST = 4  # models a side from which an image can have a spread of its own


def phi(signals: Mapping[str, pd.DataFrame], column: str) -> pd.Series:
    """Return −log of the mean loss over draws, in nats, index image_id, sorted.

    Args:
        signals: Signal to table; `denoise` at one timestep.
        column: The loss: `loss_caption` or `loss_null`.
    """
    return -np.log(signals["denoise"][column].groupby(level="image_id").mean())


def by_side(evidence: Evidence, column: str) -> dict[str, pd.DataFrame]:
    """Return φ of every image on every reference, `in` and `out`: NaN where it is on neither side.

    Returns:
        Side to table: index image_id, sorted; a column for each reference.
    """
    import pandas as pd

    known = evidence.reference_membership
    assert known is not None, "a config with references has a table of what they learnt"
    found = pd.DataFrame({name: phi(one, column) for name, one in evidence.references.items()})
    known = known.reindex(index=found.index, columns=found.columns)
    return {side: found.where(known == side) for side in ("in", "out")}


def require_models(values: pd.DataFrame, side: str, fewest: int, why: str) -> None:
    """Raise a ValueError that names an image for which too few references are on a side.

    Args:
        values: φ, as `by_side` returns it.
        side: `in` or `out`.
        fewest: How many are needed.
        why: What needs them, for the message.
    """
    counts = values.notna().sum(axis="columns")
    lacking = counts[counts < fewest]
    if len(lacking):
        verb = {"in": "were trained on it", "out": "were not"}[side]
        raise ValueError(
            f"image {lacking.index[0]}: {lacking.iloc[0]} of {values.shape[1]} references {verb}; "
            f"expected at least {fewest}{why} (and so for {len(lacking)} images)"
        )
