"""A table of addresses that somebody wrote, as rows of a plan."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from mia.given.cells import Column
from mia.given.table import GivenTable
from mia.images import plan
from mia.images.sources.shared import replay
from mia.images.sources.shared.contract import Spec
from mia.images.sources.shared.listing import locator_name, numbers_of
from mia.images.sources.shared.planned_rows import other_captions, plain

ADDRESS = (
    "an address as text; images themselves are not read from a table of addresses: use source: "
    "parquet"
)


@dataclass(frozen=True)
class UrlTable:
    """A part of an image set whose images have addresses.

    Args:
        part: Name of the source part.
        table: One row per image.
        url: The column of addresses.
        caption: The column of captions.
        alternates: Names of other captions, each in a column `alt_<name>`.
        sha256: The column of published hashes, if there is one.
        allow_hosts: Hosts that may be asked although they are not public.

    Raises:
        ValueError: A column is missing or of a type of no use. Reading may raise it for a cell.
    """

    part: str
    table: GivenTable
    url: str = "url"
    caption: str = "caption"
    alternates: tuple[str, ...] = ()
    sha256: str | None = None
    allow_hosts: Collection[str] = ()

    def __post_init__(self) -> None:
        self.table.require(self._columns)

    @property
    def about(self) -> dict[str, Any]:
        """As `Listing` says."""
        return {}

    def digests(self) -> np.ndarray:
        """As `Listing` says; from the addresses as `plan.with_cleaned_urls` leaves them.

        Raises:
            ValueError: The table has no rows.
        """
        found = []
        for rows, cells in self.table.texts([self._address]):
            names = map(plan.cleaned_if_possible, cells[self.url])
            parts = [self.part] * len(rows)
            found.append(numbers_of(map(locator_name, parts, rows, names)))
        if not found:
            raise ValueError(f"{self.table.called}: no rows; expected one address per row")
        return np.concatenate(found)

    def rows(self, taken: np.ndarray) -> pd.DataFrame:
        """Planned rows with a status where they are not to be fetched."""
        found: dict[str, list] = {column.name: [] for column in self._columns}
        for _, cells in self.table.texts(self._columns, taken):
            for name, more in cells.items():
                found[name] += more
        table = pd.DataFrame(found, index=taken + 1, dtype=object)
        rows = pd.DataFrame({"url": table[self.url], "caption": table[self.caption].fillna("")})
        rows["alternates"] = other_captions(table, self.alternates)
        rows = plain(rows.assign(part=self.part, row=taken, family=None))
        if self.sha256:
            rows = replay.expecting(rows, table[self.sha256], self.table.called)
        return plan.with_cleaned_urls(rows.reset_index(drop=True), self.allow_hosts)

    @property
    def _address(self) -> Column:
        return Column(self.url, ADDRESS)

    @property
    def _columns(self) -> list[Column]:
        hashes = [Column(self.sha256, replay.EXPECTED, digits=64)] if self.sha256 else []
        texts = [self.caption, *(f"alt_{name}" for name in self.alternates)]
        return [self._address, *map(Column, texts), *hashes]


def url_table(table: GivenTable, part: Spec, name: str = "") -> UrlTable:
    """Return the rows of a table, its columns as the config of the part `name` names them."""
    return UrlTable(
        name,
        table,
        part.get("url", "url"),
        part.get("caption", "caption"),
        tuple(part.get("alternates", ())),
        part.get("picture_sha256"),
        part.get("allow_hosts", ()),
    )
