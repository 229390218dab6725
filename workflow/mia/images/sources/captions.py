"""Captions without images, by a table that people give; perhaps with addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mia.given.cells import Column
from mia.given.table import GivenTable
from mia.images import plan
from mia.images.sources.shared import contract
from mia.images.sources.shared.address_keys import TABLE
from mia.images.sources.shared.contract import GivenFile, Key, Spec
from mia.images.sources.shared.counting import counted, table_rows
from mia.images.sources.shared.listing import Listing, locator_name, numbers_of
from mia.images.sources.shared.planned_rows import plain

KEYS = {
    "path": Key(
        "Table of captions, CSV, JSON Lines or Parquet.", {"type": "string"}, in_parts=True
    ),
    "caption": TABLE["caption"],
    "address": Key(
        "Column that holds the address of each image, which is not fetched; none where not given. "
        "Two rows with one address are one image.",
        {"type": "string"},
        in_parts=True,
    ),
}
CALLED = "a table of captions"


@dataclass(frozen=True)
class CaptionTable:
    """A part of an image set that has captions and no images.

    Args:
        part: Name of the source part.
        table: One row per image.
        caption: The column of captions.
        address: The column of addresses, if there is one.

    Raises:
        ValueError: A column is missing or of a type of no use. Reading may raise it for a cell.
    """

    part: str
    table: GivenTable
    caption: str = "caption"
    address: str | None = None

    def __post_init__(self) -> None:
        self.table.require(self._columns)

    @property
    def about(self) -> dict[str, Any]:
        """As `Listing` says."""
        return {}

    def digests(self) -> np.ndarray:
        """As `Listing` says.

        Raises:
            ValueError: The table has no rows.
        """
        found = []
        for rows, cells in self.table.texts(self._columns):
            addresses = _cleaned(cells[self.address]) if self.address else [None] * len(rows)
            found.append(numbers_of(map(locator_name, [self.part] * len(rows), rows, addresses)))
        if not found:
            raise ValueError(f"{self.table.called}: no rows; expected one caption per row")
        return np.concatenate(found)

    def rows(self, taken: np.ndarray) -> pd.DataFrame:
        """As `Listing` says."""
        captions: list[str | None] = []
        addresses: list[str | None] = []
        for rows, cells in self.table.texts(self._columns, taken):
            captions += cells[self.caption]
            addresses += _cleaned(cells[self.address]) if self.address else [None] * len(rows)
        table = pd.DataFrame({"url": addresses, "caption": captions}, dtype=object)
        table["caption"] = table["caption"].fillna("")
        return plain(table.assign(part=self.part, row=taken, family=None))

    @property
    def _columns(self) -> list[Column]:
        return [Column(name) for name in (self.caption, self.address) if name]


class Source(contract.Source):
    """A row of the table is a row of the plan; nothing is fetched."""

    about = "a table of captions without images, for targets without a model"
    keys = KEYS
    needed = ("path",)
    fetched_by = "mia.images.download.no_images"
    has_images = False

    def listed(self, parts: Mapping[str, Spec]) -> dict[str, Listing]:
        """As `contract.Source` says."""
        return {
            name: caption_table(GivenTable(Path(part["path"]), part["path"]), part, name)
            for name, part in parts.items()
        }

    def counts(self, parts: Mapping[str, Spec]) -> dict[str, int | None]:
        """As `contract.Source` says."""
        return counted(parts, lambda part: table_rows(Path(part["path"]), part.get("limit")))

    def given(self, part: Spec) -> Sequence[GivenFile]:
        """The table."""
        check = partial(caption_table, part=part)
        return (GivenFile("path", part["path"], CALLED, check),)

    def addressed(self, parts: Mapping[str, Spec]) -> bool:
        """Whether every part names a column of addresses."""
        return all("address" in part for part in parts.values())


def caption_table(table: GivenTable, part: Spec, name: str = "") -> CaptionTable:
    """Return the rows of a table, its columns as the config of the part `name` names them."""
    return CaptionTable(name, table, part.get("caption", "caption"), part.get("address"))


def _cleaned(addresses: list[str | None]) -> list[str | None]:
    return [plan.cleaned_if_possible(address) for address in addresses]
