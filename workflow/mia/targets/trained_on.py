"""A table that says of images whether a model was trained on them, as its owner knows it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from mia.given.cells import Column
from mia.given.table import GivenTable
from mia.targets.given_scores import LABELS, MEMBER
from mia.targets.named_images import columns_with, of_target, refuse


def columns(table: GivenTable) -> list[Column]:
    """Return the columns to read: the one that names images, and `member`.

    Raises:
        ValueError: A column is missing or of a type that can hold no label.
    """
    found = columns_with(table, MEMBER)
    table.require(found)
    return found


def trained_on(path: str, images: pd.DataFrame) -> pd.Series:
    """Return whether a model was trained on each image: True, False, or NA where no row says it.

    Args:
        path: The table.
        images: Index image_id, sorted; columns key and url, as a manifest has them.

    Returns:
        `boolean`, index image_id, as `images`.

    Raises:
        ValueError: The file is no such table, a label is none, an image has both labels, or the
            table names no image of the target. The message names up to five images.
    """
    table = GivenTable(Path(path))
    wanted = columns(table)
    rows, name = of_target(table.frame(wanted), images, path), wanted[0].name
    if rows.empty:
        raise ValueError(f"{path}: no {name} in it is that of an image of the target")
    labels = rows["member"].map(lambda cell: LABELS.get(str(cell).strip().lower()))
    refuse(rows.loc[labels.isna(), "given"], path, f"{name} whose member is not {MEMBER.expected}")
    by_image = labels.astype(bool).groupby(rows["image_id"])
    both = by_image.nunique() > 1
    refuse(both.index[both], path, "image_id that is a member and a nonmember")
    return by_image.first().astype("boolean").reindex(images.index)
