"""Images on the web, by a table of addresses in a pinned dataset of the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Mapping

from mia.given.table import ENDINGS, GivenTable
from mia.images.sources.shared import contract
from mia.images.sources.shared.address_keys import SHA256, TABLE, TEXT
from mia.images.sources.shared.contract import Key, Spec
from mia.images.sources.shared.counting import counted, table_rows
from mia.images.sources.shared.hub_file import cached_file, dataset_file
from mia.images.sources.shared.hub_keys import REPO, REVISION
from mia.images.sources.shared.listing import Listing
from mia.images.sources.shared.url_table import UrlTable, url_table

KEYS = {
    "repo": REPO,
    "revision": REVISION,
    "file": Key(
        "Table of addresses in the dataset, CSV, JSON Lines or Parquet.",
        {
            **TEXT,
            "pattern": f"(?i)({'|'.join(ENDINGS)})\\Z".replace(".", "\\."),
            "expected": f"a table ending in {' or '.join(ENDINGS)}",
        },
        in_parts=True,
    ),
    "sha256": Key(
        "What the file must hash to; not needed, since the revision fixes it.",
        SHA256,
        in_parts=True,
    ),
    **TABLE,
}


class Source(contract.Source):
    """As `urls`; the table comes from the hub's cache, or is downloaded into it."""

    about = "a table of addresses in a pinned dataset of the hub"
    keys = KEYS
    needed = ("repo", "revision", "file")
    fetched_by = "mia.images.download.addresses"
    has_addresses = True

    def listed(self, parts: Mapping[str, Spec]) -> dict[str, Listing]:
        """As `contract.Source` says."""
        return {name: _listed(name, part) for name, part in parts.items()}

    def counts(self, parts: Mapping[str, Spec]) -> dict[str, int | None]:
        """As `contract.Source` says; not known of a table that is not in the hub's cache."""
        return counted(parts, _count)


def _listed(name: str, part: Spec) -> UrlTable:
    """Messages name the table as the config does, not by its place in the cache."""
    path = dataset_file(part["repo"], part["revision"], part["file"], part.get("sha256"))
    return url_table(GivenTable(path, f"{part['repo']}: {part['file']}"), part, name)


def _count(part: Spec) -> int | None:
    path = cached_file(part["repo"], part["revision"], part["file"])
    return None if path is None else table_rows(path, part.get("limit"))
