"""Scores that were made elsewhere: whose they are, by image_id, key, address or file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from mia.given.cells import Column
from mia.given.table import GivenTable
from mia.targets.named_images import columns_with, names_of, of_target, refuse

SCORE = Column("score", "a number", numbers=True)
COVER = "; a file that covers some targets only names them: `targets: [...]` beside `scores`"


def read(path: str) -> pd.DataFrame:
    """Return a table of scores: its first column says whose they are, `score` holds them.

    Raises:
        ValueError: The file is no table, or a column is missing or holds what it should not.
    """
    table = GivenTable(Path(path))
    return table.frame(columns(table))


def columns(table: GivenTable) -> list[Column]:
    """Return the columns to read.

    Raises:
        ValueError: A column is missing; the message names those found.
    """
    return columns_with(table, SCORE)


def scores_of(table: pd.DataFrame, images: pd.DataFrame, source: str) -> pd.Series:
    """Return the scores of a target's images from a table made elsewhere.

    Args:
        table: As `read` returns it.
        images: Index image_id, sorted; columns key and url, as a manifest has them.
        source: Name of the file, for the messages.

    Returns:
        Index image_id, as `images`.

    Raises:
        ValueError: An image of the target has no score, two scores, or a score that is no number;
            or its name in the table stands for two images. The message names up to five images.
    """
    name = table.columns[0]
    table = of_target(table, images, source)
    refuse(table.loc[table["image_id"].duplicated(), "given"], source, f"{name} scored twice")
    lacking = ~images.index.isin(table["image_id"])
    unscored = [texts[-1] for _, *texts in names_of(name, images[lacking])]
    refuse(unscored, source, f"{name} of the target without a score", COVER)
    table = table.set_index("image_id").loc[images.index]
    score = pd.to_numeric(table["score"], errors="coerce").to_numpy("float64")
    wrong = table.loc[~np.isfinite(score), "given"]
    refuse(wrong, source, f"{name} with a score that is no number")
    return pd.Series(score, images.index)
