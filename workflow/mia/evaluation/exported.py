"""Scores and losses as long tables, for tools that read Parquet: columns, rows, row groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mia.evaluation.detections import DIFFERENT, members_p
from mia.evaluation.scored import reported

WORD = pa.dictionary(pa.int32(), pa.string())
TARGET = [("target", WORD), ("verdict", WORD)]
SCORES = pa.schema(
    [
        *TARGET,
        *[("attack", WORD), ("access", WORD), ("image_id", WORD), ("member", pa.bool_())],
        *[("group", WORD), ("fold", WORD), ("reported", pa.bool_())],
        *[("score", pa.float64()), ("p", pa.float64())],
    ]
)
LOSSES = pa.schema(
    [
        *TARGET,
        *[("model", WORD), ("role", WORD), ("image_id", WORD), ("member", pa.bool_())],
        *[("timestep", pa.int16()), ("draw", pa.int16()), ("condition", WORD)],
        ("loss", pa.float64()),
    ]
)
GROUP_ROWS = 1 << 20  # of a row group, at most: some 50 bytes a row in memory


def score_rows(about: Mapping[str, str], scored: pd.DataFrame, source: str) -> pa.Table:
    """Return the rows of one attack on one target, columns `SCORES`, sorted by image_id.

    `score` is null where an attack that learns block by block has none. `p` is conformal
    (`mia.evaluation.detections`): of members that are reported on, null elsewhere, and where the
    sets are NOT FAIR, as nonmembers then do not stand for images that were not trained on.

    Args:
        about: `target`, `verdict`, `attack` and `access`.
        scored: As `mia.evaluation.scored.scored` returns it.
        source: Name of the score file, for messages.
    """
    rows = reported(scored, source)
    named = about["verdict"] != DIFFERENT
    p = members_p(rows) if named else pd.Series(dtype="float64")
    own = {name: scored[name] for name in ("member", "group", "fold", "score")}
    own |= {"image_id": scored.index, "reported": scored.index.isin(rows.index)}
    return _table(SCORES, {**about, **own, "p": p.reindex(scored.index)}, len(scored))


def loss_rows(about: Mapping[str, Any], images: pd.DataFrame, losses: np.ndarray) -> pa.Table:
    """Return the rows of one question to one model, columns `LOSSES`, in the order of `images`.

    Args:
        about: `target`, `verdict`, `model`, `role`, `timestep`, `draw` and `condition`.
        images: Index image_id; column member.
        losses: Mean squared error of the noise per latent element `(images,)`.
    """
    own = {"image_id": images.index, "member": images["member"], "loss": losses}
    return _table(LOSSES, {**about, **own}, len(images))


def row_groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield the rows of `tables`, in their order, in pieces of at most `GROUP_ROWS`.

    A table is never cut, so one that is larger is a piece by itself.
    """
    held: list[pa.Table] = []
    for table in tables:
        if held and sum(map(len, held)) + len(table) > GROUP_ROWS:
            yield pa.concat_tables(held).unify_dictionaries()
            held = []
        held.append(table)
    if held:
        yield pa.concat_tables(held).unify_dictionaries()


def _table(schema: pa.Schema, columns: Mapping[str, Any], count: int) -> pa.Table:
    arrays = [_array(columns[field.name], field.type, count) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(values: Any, kind: pa.DataType, count: int) -> pa.Array:
    """Return a column; what is no column is the same in every row, and NaN is null."""
    if isinstance(values, str):
        same = pa.array(np.zeros(count, np.int32))
        return pa.DictionaryArray.from_arrays(same, pa.array([values]))
    if isinstance(values, int):
        return pa.array(np.full(count, values), kind)
    if kind == WORD:
        return pa.array(values, pa.string()).dictionary_encode()
    return pa.array(values, kind, from_pandas=True)
