"""The rows of Parquet files that hold images. A limit reads some row groups, not the whole table.

To open every row group for a few rows each would read nearly the whole of a large table. So a limit
first takes row groups, by the digests of their places, and then rows of these.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from mia.images.locators import digest, inner_locator
from mia.images.sources.shared.columns_key import Columns
from mia.images.sources.shared.listing import locator_name, numbers_of
from mia.images.sources.shared.parquet_file import RowGroup, row_groups, spans, texts_of

FEWEST = 32  # row groups that a limit chooses from, if there are so many


@dataclass(frozen=True)
class ParquetRows:
    """A part of an image set whose images lie in Parquet files.

    Args:
        part: Name of the source part.
        files: Names of the files, sorted.
        columns: What is read of them.
        limit: How many rows will be taken, if not all.

    Raises:
        ValueError: Reading a file may raise it.
    """

    part: str
    files: Sequence[str]
    columns: Columns
    limit: int | None = None

    @property
    def about(self) -> Mapping[str, Any]:
        """As `Listing` says."""
        captions = self.columns.caption
        return {"captions": captions and f"the column {captions}", "others": {}}

    def digests(self) -> np.ndarray:
        """As `Listing` says; of the row groups that a limit chooses from.

        Raises:
            ValueError: There are no rows.
        """
        if not self._groups:
            raise ValueError(f"{', '.join(self.files[:4])}: no rows; expected one image per row")
        return np.concatenate([numbers_of(self._names(*group)) for group in self._groups])

    def rows(self, taken: np.ndarray) -> pd.DataFrame:
        """As `Listing` says."""
        found, start = [], 0
        for first, group in self._groups:
            at = taken[slice(*np.searchsorted(taken, [start, start + group.rows]))] - start
            start += group.rows
            if len(at):
                found.append(self._planned(group, first, at))
        return pd.concat(found, ignore_index=True)

    def spans(self, file: str) -> list[tuple[int, int]]:
        """Return which bytes of a file are read; as `GivenFile` says."""
        return spans([group for _, group in self._groups if group.file == file], file, self.columns)

    def _planned(self, group: RowGroup, first: int, at: np.ndarray) -> pd.DataFrame:
        numbers = (group.first + at).tolist()
        locators = [inner_locator(group.file, number) for number in numbers]
        places = [json.dumps([group.file, number, self.columns.image]) for number in numbers]
        texts = texts_of(group, self.columns.texts, at)
        return self.columns.planned(self.part, (first + at).tolist(), locators, texts, places)

    def _names(self, first: int, group: RowGroup) -> Iterator[str]:
        """Yield what each row of a group is called, whose first is row `first` of the part."""
        if not self.columns.url:
            yield from (inner_locator(group.file, group.first + n) for n in range(group.rows))
            return
        address = [column for column in self.columns.texts if column.name == self.columns.url]
        found = self.columns.addresses(texts_of(group, address, np.arange(group.rows)))
        yield from (locator_name(self.part, first + n, url) for n, url in enumerate(found))

    @cached_property
    def _groups(self) -> list[tuple[int, RowGroup]]:
        """The row groups that are read; with each, the place of its first row in the part."""
        groups = [group for file in self.files for group in row_groups(file, self.columns)]
        firsts = np.cumsum([0, *(group.rows for group in groups)]).tolist()
        chosen = set(groups if self.limit is None else _chosen(groups, self.limit))
        pairs = zip(firsts, groups, strict=False)
        return [(first, group) for first, group in pairs if group.rows and group in chosen]


def _chosen(groups: list[RowGroup], limit: int) -> list[RowGroup]:
    """Return at least `FEWEST` groups, and as many as have `limit` rows, by their digests."""
    ranked = sorted(groups, key=lambda group: digest(inner_locator(group.file, group.first)))
    rows = np.cumsum([group.rows for group in ranked])
    return ranked[: max(FEWEST, int(np.searchsorted(rows, limit)) + 1)]
