"""Squared norms of a loss's gradient, tensor by tensor, as attacks read them from `gradient`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mia.attacks.shared.features import SMALLEST
from mia.attacks.shared.layers import kept
from mia.attacks.shared.lists import stacked
from mia.evidence import Evidence

if TYPE_CHECKING:
    import pandas as pd


def squared_norms(evidence: Evidence, layers: str) -> pd.DataFrame:
    """Return ‖∇_θp L‖² of each row of `gradient` and each parameter tensor θp of `layers`.

    Returns:
        The index of the table, image_id; columns are names of tensors.

    Raises:
        ValueError: Rows hold another number of norms than the model has tensors.
    """
    import pandas as pd

    table = evidence.signals["gradient"]
    norms, chosen = stacked(table["sq_norms"]), kept(evidence.tensors, layers)
    if len(table) and norms.shape[1] != len(chosen):
        raise ValueError(
            f"sq_norms: lists of {norms.shape[1]} numbers; expected one for each of the "
            f"{len(chosen)} parameter tensors of the model"
        )
    names = np.array(evidence.tensors)[chosen]
    return pd.DataFrame(norms[:, chosen], table.index, names)


def log_norms(evidence: Evidence, layers: str) -> pd.DataFrame:
    """Return the log of each tensor's mean gradient norm, over timesteps and draws.

    Norms are taken first and averaged then, so that opposite directions do not cancel.

    Returns:
        Index image_id, sorted; columns are names of tensors.
    """
    norms = np.sqrt(squared_norms(evidence, layers))
    return np.log(norms.groupby(level="image_id").mean().clip(lower=SMALLEST))
