"""Scores that were made elsewhere: `attacks: {theirs: {scores: file.csv}}`."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mia.excerpt import cut, listed
from mia.query import Query

NAMES = ("image_id", "key")  # of the column that says whose score it is


@dataclass(frozen=True)
class External:
    """A row of the tables whose scores are read from a file; it asks no model anything.

    Args:
        scores: CSV with the columns `image_id` or `key`, and `score` (higher = member).
    """

    scores: str
    queries: tuple[Query, ...] = field(default=(), init=False, repr=False)

    access = "external"
    source = "scores from a file"


def scores_of(table: pd.DataFrame, images: pd.DataFrame, source: str) -> pd.Series:
    """Return the scores of a target's images from a table made elsewhere.

    Rows of images that are not in the target are left out, so one file may serve several targets.

    Args:
        table: Column image_id or key, and score.
        images: Index image_id, sorted; column key.
        source: Name of the file, for the messages.

    Returns:
        Index image_id, as `images`.

    Raises:
        ValueError: A column is missing, an image of the target has no score, two, or one that is
            no number, or a key names two images; the message names up to five.
    """
    names = [name for name in NAMES if name in table]
    if not names or "score" not in table:
        raise ValueError(
            f"{source}: columns {listed(table.columns)}; expected image_id or key, and score"
        )
    name = names[0]
    ours = pd.Series(images.index, images.index) if name == "image_id" else images["key"]
    _refuse(ours[ours.duplicated()], source, f"{name} names two images of the target; use image_id")
    table = table.astype({name: str})
    table = table[table[name].isin(ours)]
    _refuse(table.loc[table[name].duplicated(), name], source, f"{name} scored twice")
    _refuse(ours[~ours.isin(table[name])], source, f"{name} of the target without a score")
    score = pd.to_numeric(table.set_index(name)["score"], errors="coerce").loc[ours]
    _refuse(score.index[~np.isfinite(score)], source, f"{name} with a score that is no number")
    return pd.Series(score.to_numpy("float64"), images.index)


def _refuse(names, source: str, what: str) -> None:
    names = sorted(set(names))
    if names:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        raise ValueError(f"{source}: {what}: {', '.join(map(cut, names[:5]))}{more}")
