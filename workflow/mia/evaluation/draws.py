"""How much the AUC depends on which noise was drawn, with the images held fixed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mia.stats.metrics import auc

PREFIX = "draw_"  # a score file's column of this prefix is the score from one draw


def between_draws(scores: pd.DataFrame, part: pd.DataFrame) -> dict[str, Any] | None:
    """Return the standard deviation of the AUCs that single draws give, n - 1 in the denominator.

    The images are the same each time, so the sampling of images is no part of it. It is no part of
    an AUC's interval either. An attack that averages D draws varies less, by a factor of up to √D.

    Args:
        scores: The score file: columns image_id and, of an attack with several draws, `draw_…`.
        part: Reported rows: index image_id; columns member, block.

    Returns:
        draws, auc (one a draw), sd; None for an attack with fewer than two draws.
    """
    names = [name for name in scores if name.startswith(PREFIX)]
    if not names:
        return None
    rows = scores.set_index("image_id").loc[part.index, names]
    member, block = part["member"].to_numpy(), part["block"].to_numpy()
    areas = [auc(rows[name].to_numpy(), member, block) for name in names]
    return {"draws": len(areas), "auc": areas, "sd": float(np.std(areas, ddof=1))}
