"""Which images of a target the rows of a table that was made elsewhere are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import pandas as pd

from mia.excerpt import cut, listed
from mia.given.cells import Column
from mia.given.folder_files import compared
from mia.given.table import GivenTable
from mia.images.plan import cleaned_if_possible

# Columns that may say which image a row is about; the first of them that a table has counts.
NAMES = {
    "image_id": Column("image_id", digits=64),
    "key": Column("key", digits=16),
    "url": Column("url", "an address"),
    "file": Column("file", "the name of a file"),
}
CLEARER = {"file": "; name it with its folder, as the config does", "key": "; use image_id"}


def columns_with(table: GivenTable, value: Column) -> list[Column]:
    """Return the columns to read: the one that names images, and `value`.

    Raises:
        ValueError: A column is missing; the message names those found.
    """
    who = [column for name, column in NAMES.items() if name in table.columns]
    if not who or value.name not in table.columns:
        expected = f"expected {', '.join([*NAMES][:-1])} or {[*NAMES][-1]}, and {value.name}"
        raise ValueError(f"{table.called}: columns {listed(table.columns)}; {expected}")
    return [who[0], value]


def of_target(table: pd.DataFrame, images: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return the rows of a table that are about images of a target.

    Rows about other images are left out, so one file may serve several targets.

    Args:
        table: Its first column is one of `NAMES`. A `file` is named as in a captions table, by the
            last parts of its path; a `url` in any spelling that leads to the same address.
        images: Index image_id, sorted; columns key and url, as a manifest has them.
        source: Name of the file, for the messages.

    Returns:
        The rows, with columns `given`, the name as it was compared, and `image_id`.

    Raises:
        ValueError: A name in the table stands for two images.
    """
    name = table.columns[0]
    form = {"url": cleaned_if_possible, "file": compared}.get(name, str)
    given = table[name].fillna("").map(form)
    owners: dict[str, list[str]] = defaultdict(list)
    for image_id, *texts in names_of(name, images):
        for text in texts:
            owners[text].append(image_id)
    shared = [text for text in given.unique() if len(owners.get(text, ())) > 1]
    advice = CLEARER.get(name, "")
    refuse(shared, source, f"{name} names two images of the target", advice)
    table = table.assign(given=given, image_id=[owners.get(text, [None])[0] for text in given])
    return table[table["image_id"].notna()]


def names_of(name: str, images: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Yield each image's id and what the column `name` may call it, the fullest last."""
    column = images.index if name == "image_id" else images["key" if name == "key" else "url"]
    for image_id, text in zip(images.index, column, strict=True):
        if name != "file" or not isinstance(text, str):
            yield image_id, text
            continue
        steps = compared(text).split("/")
        yield image_id, *("/".join(steps[n:]) for n in reversed(range(len(steps))))


def refuse(names: Iterable[str], source: str, what: str, advice: str = "") -> None:
    """Raise a ValueError that names up to five of `names`, if there are any."""
    names = sorted(set(map(str, names)))
    if names:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        raise ValueError(f"{source}: {what}: {', '.join(map(cut, names[:5]))}{more}{advice}")
