"""Numbers that stand beside a verdict and decide nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from mia.audit.balance import balance
from mia.audit.frechet import distances
from mia.audit.resplit import self_test, spread
from mia.blind import image, metadata, surface
from mia.targets.equal_captions import on_both_sides


def appendix(
    images: pd.DataFrame, rows: pd.DataFrame, blind: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Return equal captions, other splits, a self-test, the balance and the distance of the sets.

    Args:
        images: Manifest columns, index image_id.
        rows: Columns member (bool) and group, the same index.
        blind: Name to blind baseline, unfitted.
        settings: splits, random_splits, confidence, seed.
    """
    seed, member, group = settings["seed"], rows["member"], rows["group"]
    whole = not images["bytes"].isna().any()  # without an image there are only captions to compare
    channels = (surface, metadata, image) if whole else (surface,)
    read = pd.concat([channel.features(images) for channel in channels], axis=1)
    apart = distances(images, member, group, settings["random_splits"], seed)
    return {
        "same_captions": on_both_sides(images["caption"], member),
        "spread": spread(blind, images, rows, settings["splits"], seed),
        "self_test": self_test(blind, images, rows, settings["confidence"], seed),
        "balance": [asdict(row) for row in balance(read, member, group)],
        "frechet": [asdict(one) for one in apart],
    }
