"""Scores that were made elsewhere: whose they are, by image_id, key, address or file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from mia.excerpt import cut, listed
from mia.given.cells import Column
from mia.given.folder_files import compared
from mia.given.table import GivenTable
from mia.images.plan import cleaned_if_possible

# Columns that may say whose score it is; the first of them that a table has counts.
NAMES = {
    "image_id": Column("image_id", digits=64),
    "key": Column("key", digits=16),
    "url": Column("url", "an address"),
    "file": Column("file", "the name of a file"),
}
SCORE = Column("score", "a number", numbers=True)
COVER = "; a file that covers some targets only names them: `targets: [...]` beside `scores`"
CLEARER = {"file": "; name it with its folder, as the config does", "key": "; use image_id"}


def read(path: str) -> pd.DataFrame:
    """Return a table of scores: one column of `NAMES` says whose they are, `score` holds them.

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
    who = [column for name, column in NAMES.items() if name in table.columns]
    if not who or SCORE.name not in table.columns:
        expected = f"expected {', '.join([*NAMES][:-1])} or {[*NAMES][-1]}, and score"
        raise ValueError(f"{table.called}: columns {listed(table.columns)}; {expected}")
    return [who[0], SCORE]


def scores_of(table: pd.DataFrame, images: pd.DataFrame, source: str) -> pd.Series:
    """Return the scores of a target's images from a table made elsewhere.

    Rows of images that are not in the target are left out, so one file may serve several targets.

    Args:
        table: As `read` returns it. A `file` is named as in a captions table, by the last parts of
            its path; a `url` in any spelling that leads to the same address.
        images: Index image_id, sorted; columns key and url, as a manifest has them.
        source: Name of the file, for the messages.

    Returns:
        Index image_id, as `images`.

    Raises:
        ValueError: An image of the target has no score, two scores, or a score that is no number;
            or its name in the table stands for two images. The message names up to five images.
    """
    name = table.columns[0]
    form = {"url": cleaned_if_possible, "file": compared}.get(name, str)
    given = table[name].fillna("").map(form)
    owners: dict[str, list[str]] = defaultdict(list)
    for image_id, *texts in _names(name, images):
        for text in texts:
            owners[text].append(image_id)
    shared = [text for text in given.unique() if len(owners.get(text, ())) > 1]
    advice = CLEARER.get(name, "")
    _refuse(shared, source, f"{name} names two images of the target", advice)
    table = table.assign(given=given, image_id=[owners.get(text, [None])[0] for text in given])
    table = table[table["image_id"].notna()]
    _refuse(table.loc[table["image_id"].duplicated(), "given"], source, f"{name} scored twice")
    lacking = ~images.index.isin(table["image_id"])
    unscored = [texts[-1] for _, *texts in _names(name, images[lacking])]
    _refuse(unscored, source, f"{name} of the target without a score", COVER)
    table = table.set_index("image_id").loc[images.index]
    score = pd.to_numeric(table["score"], errors="coerce").to_numpy("float64")
    wrong = table.loc[~np.isfinite(score), "given"]
    _refuse(wrong, source, f"{name} with a score that is no number")
    return pd.Series(score, images.index)


def _names(name: str, images: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Yield each image's id and what the column `name` may call it, the fullest last."""
    column = images.index if name == "image_id" else images["key" if name == "key" else "url"]
    for image_id, text in zip(images.index, column, strict=True):
        if name != "file" or not isinstance(text, str):
            yield image_id, text
            continue
        steps = compared(text).split("/")
        yield image_id, *("/".join(steps[n:]) for n in reversed(range(len(steps))))


def _refuse(names: Iterable[str], source: str, what: str, advice: str = "") -> None:
    names = sorted(set(map(str, names)))
    if names:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        raise ValueError(f"{source}: {what}: {', '.join(map(cut, names[:5]))}{more}{advice}")
