"""What the figures of denoising losses are drawn from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from mia.stats.no_signal import auc_band

CONDITIONS = {"loss_caption": "with caption", "loss_null": "no caption"}
NO_LOSS = "No attack on this target asks for denoising losses,\nso there is no curve to draw."


@dataclass(frozen=True)
class LossData:
    """What the denoising losses of one target show.

    Args:
        target: Its name.
        losses: What `per_picture` returns.
        group: Index image_id; label of each image's group.
        groups: Groups of images among members and among nonmembers.
        confidence: Level of intervals and bands.
    """

    target: str
    losses: pd.DataFrame
    group: pd.Series
    groups: tuple[int, int]
    confidence: float

    @property
    def band(self) -> tuple[float, float]:
        """Where an AUC without signal lands, low and high."""
        return auc_band(*self.groups, self.confidence)


def per_picture(measured: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return each image's losses by timestep, averaged over draws.

    Args:
        measured: Tables with image_id, member, timestep, draw and some of `CONDITIONS`
            (mean squared error per element); a draw measured twice counts once.

    Returns:
        Columns image_id, member, timestep, condition, loss; missing losses left out.
    """
    tables = [table for table in measured if len(table)]
    if not tables:
        return pd.DataFrame(columns=["image_id", "member", "timestep", "condition", "loss"])
    picture = ["image_id", "member", "timestep"]
    wide = pd.concat(tables, ignore_index=True)
    wide = wide.reindex(columns=[*picture, "draw", *CONDITIONS])
    means = wide.groupby([*picture, "draw"]).mean().groupby(picture).mean().reset_index()
    long = means.melt(picture, list(CONDITIONS), "condition", "loss")
    return long.dropna(subset=["loss"]).reset_index(drop=True)
