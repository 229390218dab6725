"""What a query on a model's output may ask besides, by further fields that are True.

- `embedded`: how alike the output and the image are to an image encoder
  (`mia.signals.shared.embedded`);
- `kept`: the output itself (`mia.signals.shared.kept`).

A row with a field holds all other columns too. So it answers the query without the field, whose
column is then empty, and an image that the model has made is made once for both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd

EMBEDDED, KEPT = "embedded", "kept"
COSINE, OUTPUT = "cosine", "output"  # the column of each
COLUMNS = {EMBEDDED: (COSINE, float("nan")), KEPT: (OUTPUT, None)}  # and what it is when empty


def asks(query: Query, field: str) -> bool:
    """Return whether a query has a field."""
    return bool(dict(query.further).get(field))


def asking(query: Query, *fields: str) -> Query:
    """Return a query with more fields.

    >>> asking(Query("generation", 0), KEPT).further
    (('kept', True),)
    """
    further = {**dict(query.further), **dict.fromkeys(fields, True)}
    return replace(query, further=tuple(sorted(further.items())))


def bare(query: Query) -> Query:
    """Return the query without such fields: what says how outputs are made."""
    return replace(query, further=tuple(pair for pair in query.further if pair[0] not in COLUMNS))


def answered_by(query: Query) -> tuple[Query, ...]:
    """Return the queries that ask the same and more."""
    lacking = [field for field in COLUMNS if not asks(query, field)]
    return tuple(asking(query, *fields) for fields in _some(lacking))


def narrow(rows: pd.DataFrame, query: Query) -> pd.DataFrame:
    """Return rows that hold more as those of `query`."""
    empty = [COLUMNS[field] for field in COLUMNS if not asks(query, field)]
    return rows.assign(**dict(empty))


def _some(fields: list[str]) -> Iterator[tuple[str, ...]]:
    for count in range(1, len(fields) + 1):
        yield from combinations(fields, count)
