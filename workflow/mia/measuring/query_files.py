"""What was measured, as attacks read it: query files, picked by target and joined by signal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from mia import storage
from mia.path_names import names
from mia.result_paths import QUERIES


def read_signals(
    paths: Sequence[str],
    images: pd.DataFrame,
    read: Callable[[str], pa.Table] = storage.read_arrow,
) -> dict[str, pd.DataFrame]:
    """Return one long table per signal from query files, with rows of `images` only.

    Args:
        paths: The files.
        images: Index image_id; columns set and key.
        read: What to take from a file: its table, or its `second_measurements`.

    Raises:
        ValueError: A query file lacks an image of the target.
    """
    signals = {}
    signal_of = {path: names(QUERIES, path)["signal"] for path in paths}
    for signal in sorted({*signal_of.values()}):
        files = [path for path in paths if signal_of[path] == signal]
        fields = {field: None for path in files for field in storage.metadata(path)["fields"]}
        table = together([answers_in(path, images, read) for path in files], list(fields))
        places = table.pop("image_id")
        table.index = images.index.take(places)
        answers = np.bincount(places, minlength=len(images))
        lacking = images.index[answers != len({Path(path).name for path in files})]
        if len(lacking):
            raise ValueError(
                f"signal {signal}: {len(lacking)} images lack a query, such as {lacking[0]}"
            )
        signals[signal] = table
    return signals


def second_measurements(path: str) -> pa.Table:
    """Return the second measurements of the images that were measured twice."""
    schema = storage.schema(path)
    return pa.Table.from_pylist(storage.metadata(path)["repeats"], schema)


def answers_in(path: str, images: pd.DataFrame, read: Callable[[str], pa.Table]) -> pa.Table:
    """Return a query file's rows of `images`; `image_id` holds the position among these."""
    table = read(path)
    keys = images["key"][images["set"] == storage.metadata(path)["set"]]
    names = table.select(["key", "image_id"]).to_pandas()
    own = (names["key"].isin(keys) & names["image_id"].isin(keys.index)).to_numpy()
    places = images.index.get_indexer(names["image_id"][own])
    rows = table.drop_columns(["key", "image_id"]).filter(pa.array(own))
    return rows.add_column(0, "image_id", pa.array(places, pa.int32()))


def together(parts: list[pa.Table], fields: list[str]) -> pd.DataFrame:
    """Return rows of several files in one table, sorted by `fields`; gaps are empty.

    It joins column by column, so that no more than one is held twice, and empties `parts`.
    """
    table = pa.concat_tables(parts, promote_options="permissive")
    parts.clear()
    order = table.select(fields).to_pandas().sort_values(fields).index.to_numpy()
    columns = {}
    for name in table.column_names:
        columns[name] = table[name].to_pandas().to_numpy()[order]
        table = table.drop_columns([name])
    return pd.DataFrame(columns, copy=False)


def devices(paths: Sequence[str]) -> list[str]:
    """Return what the answers in query files were measured on."""
    return sorted({device for path in paths for device in storage.metadata(path)["devices"]})
