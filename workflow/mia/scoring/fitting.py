"""What an attack with `fit` learns from: images of the calibration fold alone.

A model-free attack learns from the whole fold. Others learn from a seeded half of its groups, so
that their threshold can come from the other half. `fit` is given the evidence and the labels of
these images alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from mia.evidence import Evidence


def images_to_fit(images: pd.DataFrame, seed: int, all_of_it: bool) -> list[str]:
    """Return the image ids of the calibration fold to learn from.

    Args:
        images: Index image_id, sorted; columns group and fold.
        seed: Chooses the groups.
        all_of_it: Whether every group is chosen, not half of them.
    """
    calibration = images[images["fold"] == "calibration"]
    if all_of_it:
        return list(calibration.index)
    groups = np.sort(calibration["group"].unique())
    chosen = np.random.default_rng(seed).permutation(groups)[: len(groups) // 2]
    return list(calibration.index[calibration["group"].isin(chosen)])


def fitted(
    attack: Any, evidence: Evidence, member: pd.Series, fit_ids: Sequence[str], source: str
) -> Any:
    """Return the attack, fitted on the images `fit_ids` alone.

    Args:
        attack: Has `fit`.
        evidence: Of all images.
        member: Whether each image is a member, index image_id.
        fit_ids: What to learn from.
        source: The file that the labels are from, for messages.

    Raises:
        ValueError: The images to learn from are all of one side.
    """
    labels = member.loc[list(fit_ids)]
    if labels.nunique() < 2:
        raise ValueError(
            f"{source}: of the calibration fold a trained attack learns from {len(labels)} "
            "images, all of one side; expected both: give more images"
        )
    return attack.fit(evidence.of_images(fit_ids), labels)
