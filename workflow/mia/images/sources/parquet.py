"""Images inside Parquet files: local ones, or those of a pinned dataset of the hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from mia.given.table import GivenTable
from mia.images.sources.shared import contract
from mia.images.sources.shared.address_keys import ALTERNATES
from mia.images.sources.shared.columns_key import Columns, columns_key, columns_of
from mia.images.sources.shared.contract import GivenFile, Key, Spec
from mia.images.sources.shared.counting import counted
from mia.images.sources.shared.hub_file import dataset_files
from mia.images.sources.shared.hub_keys import REPO, REVISION
from mia.images.sources.shared.listing import Listing
from mia.images.sources.shared.packed_files import PATH, packed_files
from mia.images.sources.shared.parquet_file import (
    ON_HUB,
    location,
    opened,
    require_columns,
    row_groups,
)
from mia.images.sources.shared.parquet_rows import ParquetRows
from mia.images.sources.shared.parts import specs

ENDING = ".parquet"
CALLED = f"Parquet: {PATH.format(ending=ENDING)}"
KEYS = {
    "path": Key(f"{CALLED}; with `repo`, in the dataset.", {"type": "string"}, in_parts=True),
    "repo": REPO,
    "revision": REVISION,
    "columns": columns_key(
        "Columns of the table; where not given, `image` is `image`, bytes or a struct {bytes, "
        "path}, and `caption` is `caption`."
    ),
    "alternates": ALTERNATES,
}


class Source(contract.Source):
    """A row of the table is a row of the plan; its bytes are read in the download."""

    about = "Parquet files that hold the images, here or in a pinned dataset of the hub"
    keys = KEYS
    needed = ("path",)
    fetched_by = "mia.images.download.parquet_images"

    def listed(self, parts: Mapping[str, Spec]) -> dict[str, Listing]:
        """As `contract.Source` says."""
        return {name: _rows(name, part, files(part)) for name, part in parts.items()}

    def counts(self, parts: Mapping[str, Spec]) -> dict[str, int | None]:
        """As `contract.Source` says; not known of a dataset that is not in the hub's cache."""
        return counted(parts, _count)

    def given(self, part: Spec) -> Sequence[GivenFile]:
        """The files on this machine; of a part with a limit, what is read of them."""
        if "repo" in part:
            return ()
        try:
            found = packed_files(part["path"], ENDING)
        except ValueError:
            found = [part["path"]]
        check, rows = partial(_check, part=part), _rows("", part, found)
        return [
            GivenFile("path", path, CALLED, check, True, partial(_spans, rows, path))
            for path in found
        ]

    def mistakes(self, spec: Spec, key: str) -> Iterator[str]:
        """A dataset of the hub is pinned."""
        for name, part in specs(spec).items():
            at = f"{key}.parts.{name}" if name else key
            for one, other in (("repo", "revision"), ("revision", "repo")):
                if one in part and other not in part:
                    yield f"{at}: {one!r} without {other!r}; a dataset of the hub has both"


def files(part: Spec) -> list[str]:
    """Return the names of a part's files, sorted."""
    if "repo" not in part:
        return packed_files(part["path"], ENDING)
    found = dataset_files(part["repo"], part["revision"], part["path"], ENDING)
    return [f"hf://datasets/{part['repo']}@{part['revision']}/{name}" for name in found]


def columns(part: Spec) -> Columns:
    """Return the columns that are read of a part's files."""
    return columns_of(part, "image", "caption")


def _rows(name: str, part: Spec, files: Sequence[str]) -> ParquetRows:
    return ParquetRows(name, files, columns(part), part.get("limit"))


def _spans(rows: ParquetRows, file: str) -> list[tuple[int, int]] | None:
    """Of files that cannot be read all bytes count; the plan will say why they cannot."""
    try:
        return None if rows.limit is None else rows.spans(file)
    except (OSError, ValueError):
        return None


def _count(part: Spec) -> int | None:
    names = files(part)
    if any(ON_HUB.fullmatch(location(name)) for name in names):
        return None
    return sum(group.rows for name in names for group in row_groups(name, columns(part)))


def _check(table: GivenTable, part: Spec) -> None:
    with opened(str(table.path)) as file:
        require_columns(file.schema_arrow, columns(part), table.called)
