"""How much the AUC depends on the training, with the images held fixed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mia.evaluation.scored import REPLICATE, columns
from mia.stats.metrics import auc


def between_runs(part: pd.DataFrame) -> dict[str, Any] | None:
    """Return the standard deviation of the AUCs on the model and its replicates.

    n - 1 is in the denominator. The images are the same each time, so the sampling of images is no
    part of it. It is no part of an AUC's interval either, which holds for the model at hand.

    Args:
        part: Reported rows, with a column `replicate_…` for each replicate.

    Returns:
        runs (how many models), auc (one a model), sd; None for a target without replicates.
    """
    names = ["score", *(name for name in part if name.startswith(REPLICATE))]
    if len(names) < 2:
        return None
    member, block = columns(part, "member", "block")
    areas = [auc(part[name].to_numpy(), member, block) for name in names]
    return {"runs": len(areas), "auc": areas, "sd": float(np.std(areas, ddof=1))}
