"""Images on the web, by a table of addresses that people give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from mia.given.table import GivenTable
from mia.images.sources.shared import contract
from mia.images.sources.shared.address_keys import TABLE
from mia.images.sources.shared.contract import GivenFile, Key, Spec
from mia.images.sources.shared.counting import counted, table_rows
from mia.images.sources.shared.listing import Listing
from mia.images.sources.shared.url_table import url_table

KEYS = {
    "path": Key(
        "Table of addresses, CSV, JSON Lines or Parquet.", {"type": "string"}, in_parts=True
    ),
    **TABLE,
}


class Source(contract.Source):
    """A row of the table is a row of the plan."""

    about = "a table of addresses"
    keys = KEYS
    needed = ("path",)
    fetched_by = "mia.images.download.addresses"
    has_addresses = True

    def listed(self, parts: Mapping[str, Spec]) -> dict[str, Listing]:
        """As `contract.Source` says."""
        return {
            name: url_table(GivenTable(Path(part["path"]), part["path"]), part, name)
            for name, part in parts.items()
        }

    def counts(self, parts: Mapping[str, Spec]) -> dict[str, int | None]:
        """As `contract.Source` says."""
        return counted(parts, lambda part: table_rows(Path(part["path"]), part.get("limit")))

    def given(self, part: Spec) -> Sequence[GivenFile]:
        """The table."""
        check = partial(url_table, part=part)
        return (GivenFile("path", part["path"], "a table of addresses", check),)
