"""Read the columns of a given table, in batches, as text: CSV, JSON Lines or Parquet, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mia.excerpt import excerpt, listed
from mia.given import json_lines
from mia.given.cells import Column, values
from mia.given.csv_records import records

ROWS_AT_ONCE, BYTES_AT_ONCE = 2**15, 2**22
ENDINGS = (".csv", ".jsonl", ".parquet")


@dataclass(frozen=True)
class GivenTable:
    """A table whose name ends in one of `ENDINGS`.

    Args:
        path: Where it is.
        called: What messages call it; its path where nothing is given.

    Raises:
        ValueError: The name has another ending, or there is no such file or table. Any later call
            may raise it for what it reads. The message names the file and, for a cell, its column
            and row.
    """

    path: Path
    called: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))
        object.__setattr__(self, "called", self.called or str(self.path))
        if self._ending not in ENDINGS:
            raise ValueError(f"{self.called}: expected a table ending in {' or '.join(ENDINGS)}")
        if not self.path.is_file():
            raise ValueError(f"{self.called}: no such table")

    @cached_property
    def columns(self) -> list[str]:
        """Names of the columns; those of a saved pandas index are among them.

        Of JSON Lines they are the keys of the first object.
        """
        if self._ending == ".csv":
            return next(records(self.path, self.called))
        if self._ending == ".jsonl":
            return [*next(json_lines.records(self.path, self.called), (0, {}))[1]]
        with self._parquet() as file:
            return file.schema_arrow.names

    def require(self, columns: Iterable[Column]) -> None:
        """Raise a ValueError if a column is missing, is there twice, or has a useless type."""
        columns = list(columns)
        missing = [column.name for column in columns if column.name not in self.columns]
        if missing:
            lacks = ", ".join(map(repr, missing))
            raise ValueError(f"{self.called}: no column {lacks}; found: {listed(self.columns)}")
        if self._ending != ".parquet":
            return
        with self._parquet() as file:
            for column in columns:
                if self.columns.count(column.name) > 1:
                    raise ValueError(f"{self.called}: column {column.name!r} is there twice")
                column.require(file.schema_arrow.field(column.name).type, self.called)

    def batches(self, asked: Iterable[Column]) -> Iterator[pa.RecordBatch]:
        """Yield all rows of these columns alone, in batches."""
        columns = {column.name: column for column in asked}
        self.require(columns.values())
        if self._ending == ".jsonl":
            yield from self._of_json_lines(columns)
        else:
            yield from (self._of_csv if self._ending == ".csv" else self._of_parquet)([*columns])

    def texts(
        self, columns: Iterable[Column], taken: np.ndarray | None = None, first: int = 1
    ) -> Iterator[tuple[np.ndarray, dict[str, list]]]:
        """Yield positions, from 0, and for each column name what `cells.values` makes of it.

        Args:
            columns: Which to read.
            taken: Positions to read, in rising order, at least one; all if not given.
            first: The number that messages give the first row.
        """
        columns, start = list(columns), 0
        for batch in self.batches(columns):
            at, start = start, start + len(batch)
            rows = np.arange(at, start)
            if taken is not None:
                rows = taken[slice(*np.searchsorted(taken, [at, start]))]
            if len(rows):
                found = {}
                for column in columns:
                    cells = cells_at(batch[column.name], rows - at)
                    found[column.name] = values(cells, column, self.called, rows + first)
                yield rows, found
            if taken is not None and start > taken[-1]:
                return

    def frame(self, columns: Iterable[Column], first: int = 1) -> pd.DataFrame:
        """Return all rows of these columns; the index numbers them from `first`, as messages do."""
        columns = list(columns)
        found: dict[str, list] = {column.name: [] for column in columns}
        for _, cells in self.texts(columns, first=first):
            for name, more in cells.items():
                found[name] += more
        table = pd.DataFrame(found, dtype=object)
        return table.set_axis(range(first, len(table) + first))

    @property
    def _ending(self) -> str:
        return self.path.suffix.lower()

    def _of_csv(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        lines = records(self.path, self.called)
        positions = list(map(next(lines).index, names))
        while rows := list(islice(lines, ROWS_AT_ONCE)):
            cells = [pa.array([row[n] for row in rows], pa.large_string()) for n in positions]
            yield pa.RecordBatch.from_arrays(cells, names)

    def _of_json_lines(self, columns: Mapping[str, Column]) -> Iterator[pa.RecordBatch]:
        lines = json_lines.records(self.path, self.called)
        while rows := list(islice(lines, ROWS_AT_ONCE)):
            cells = [
                [
                    json_lines.text(row.get(name), column, f"{self.called}: line {at}")
                    for at, row in rows
                ]
                for name, column in columns.items()
            ]
            arrays = [pa.array(texts, pa.large_string()) for texts in cells]
            yield pa.RecordBatch.from_arrays(arrays, [*columns])

    def _of_parquet(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        with self._parquet() as file:
            yield from file.iter_batches(ROWS_AT_ONCE, columns=names)

    @contextmanager
    def _parquet(self) -> Iterator[pq.ParquetFile]:
        """Yield the open file, read a little at a time: whole row groups would fill memory."""
        with (
            sound(self.called),
            pq.ParquetFile(self.path, buffer_size=BYTES_AT_ONCE, pre_buffer=False) as file,
        ):
            yield file


def cells_at(cells: pa.Array, positions: np.ndarray) -> pa.Array:
    """The cells at `positions`; `Array.take` does not know every type."""
    if len(positions) == len(cells):
        return cells
    return pa.concat_arrays([cells.slice(position, 1) for position in positions.tolist()])


@contextmanager
def sound(called: str) -> Iterator[None]:
    """Turn what pyarrow raises on a damaged file into a ValueError of one line."""
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        why = excerpt(str(error))
        raise ValueError(f"{called}: not a sound Parquet table: {why}") from error
