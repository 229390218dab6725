"""A tar that img2dataset wrote, with its Parquet: a row for each image asked for, got or not.

Nothing is fetched again: a failure is a row with img2dataset's own status and message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from mia.given.cells import Column
from mia.given.table import GivenTable
from mia.images.download.errors import classify
from mia.images.sources.shared.columns_key import Columns
from mia.images.sources.shared.tar_file import samples
from mia.images.sources.shared.tar_rows import FINE, place_of, table_beside

OWN = [Column(name) for name in ("key", "status", "error_message")]
SUCCESS = "success"
GONE = ("missing_file", "img2dataset's Parquet has a success, and the tar has no image of this key")


def require_downloaded(table: GivenTable, columns: Columns) -> None:
    """Raise a ValueError if a Parquet beside a tar lacks a column."""
    table.require([*OWN, *columns.texts])


class Downloaded:
    """The rows of a tar, as its Parquet has them, sorted by key."""

    def __init__(self, tar: str, columns: Columns) -> None:
        self._tar, self._image = tar, columns.image
        table = GivenTable(table_beside(tar))
        require_downloaded(table, columns)
        rows = table.frame([*OWN, *columns.texts])
        self._rows = rows.sort_values("key", ignore_index=True)
        self.keys: list[str] = self._rows["key"].tolist()
        if bad := [key for key in self.keys if not key] or _twice(self._rows["key"]):
            raise ValueError(f"{table.called}: key {bad[0]!r} is empty or stands twice")

    def texts(self, at: Sequence[int], columns: Columns) -> Mapping[str, list]:
        """As `Rows` says."""
        rows = self._rows.iloc[[*at]]
        return {column.name: rows[column.name].tolist() for column in columns.texts}

    def places(self, at: Sequence[int]) -> list[tuple[str, tuple[str, str]]]:
        """As `Rows` says."""
        found = samples(self._tar)
        return [self._place(row, found) for row in self._rows.iloc[[*at]].to_dict("records")]

    def _place(self, row: Mapping[str, str | None], found: Mapping) -> tuple[str, tuple[str, str]]:
        status, message = row["status"], row["error_message"] or ""
        if status != SUCCESS:
            return "", (status_of(status, message), f"img2dataset: {status}: {message}")
        sample = found.get(row["key"])
        at = sample and sample.image(self._tar, self._image)
        return (place_of(self._tar, at), FINE) if at else ("", GONE)


def status_of(status: str | None, message: str) -> str:
    """Return the status of a failure of img2dataset.

    >>> status_of("failed_to_download", "HTTP Error 404: Not Found")
    'not_found'
    >>> status_of("failed_to_resize", "Image decoding error")
    'not_an_image'
    """
    if status == "failed_to_resize":
        return "not_an_image" if "decoding" in message.lower() else "failed"
    return classify(message)


def _twice(keys: pd.Series) -> list[str]:
    return keys[keys.duplicated()].tolist()
