"""How many pictures an image set's sources list, before anything is planned or fetched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from mia.given.cells import Column
from mia.given.csv_records import records
from mia.given.folder_files import compared, list_files
from mia.given.table import GivenTable
from mia.images.sources import listings
from mia.images.sources.shared.folder_rows import row_names
from mia.images.sources.shared.hub_file import cached_file
from mia.images.sources.shared.keys import captions_table


def source_counts(spec: Mapping[str, Any]) -> dict[str, int | None]:
    """Return how many rows each source part has, its limit heeded; that outside named parts is "".

    A folder has as many as its plan will have rows, a table as many as it has rows; each is looked
    at once. None: nobody knows yet, as of a table of the hub that is not in its cache, or of a file
    that cannot be read.
    """
    return dict(_counts_of(json.dumps(spec, sort_keys=True), Path.cwd()))


@cache
def _counts_of(text: str, working_directory: Path) -> dict[str, int | None]:
    spec = json.loads(text)
    parts = listings.specs(spec)
    counts: dict[str, int | None]
    if spec["source"] == "builtin":
        found = listings.builtin_rows(parts)["part"].value_counts()
        counts = {name: int(found.get(name, 0)) for name in parts}
    else:
        counts = {name: _counted(part) for name, part in parts.items()}
    return {name: _limited(count, parts[name].get("limit")) for name, count in counts.items()}


def _limited(count: int | None, limit: int | None) -> int | None:
    known = [number for number in (count, limit) if number is not None]
    return min(known, default=None)


def _counted(part: Mapping[str, Any]) -> int | None:
    try:
        if part["source"] == "folder":
            return len(folder_pictures(part))
        if part["source"] == "urls":
            path = Path(part["path"])
        else:
            path = cached_file(part["repo"], part["revision"], part["file"])
        return None if path is None else _rows(path, part.get("limit"))
    except (OSError, ValueError):
        return None


def folder_pictures(part: Mapping[str, Any]) -> list[Path]:
    """Return the files of a folder that its plan will name, links to nothing among them.

    Args:
        part: Source part, as `mia.images.sources.listings.specs` returns it.

    Raises:
        ValueError: Folder or captions table cannot be read.
    """
    folder, table = Path(part["path"]), captions_table(part)
    named = GivenTable(Path(table)).frame([Column("file")])["file"].dropna() if table else ()
    names = row_names(list_files(folder), set(map(compared, named)))
    return [folder / name for name in names]


def _rows(path: Path, limit: int | None) -> int:
    """Rows of a table; of a CSV not more than `limit` are read."""
    if path.suffix.lower() == ".csv":
        lines = records(path, str(path))
        next(lines)
        return sum(1 for _ in islice(lines, limit))
    return pq.read_metadata(path).num_rows
