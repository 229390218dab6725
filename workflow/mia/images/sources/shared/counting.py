"""How many rows a source has, found at little cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path

import pyarrow.parquet as pq

from mia.given import json_lines
from mia.given.csv_records import records
from mia.images.sources.shared.contract import Spec


def counted(
    parts: Mapping[str, Spec], count: Callable[[Spec], int | None]
) -> dict[str, int | None]:
    """Return the count of each part; None where what it names cannot be read."""
    found: dict[str, int | None] = {}
    for name, part in parts.items():
        try:
            found[name] = count(part)
        except (OSError, ValueError):
            found[name] = None
    return found


def table_rows(path: Path, limit: int | None) -> int:
    """Return the rows of a table; of a text not more than `limit` are read."""
    if path.suffix.lower() == ".jsonl":
        return sum(1 for _ in islice(json_lines.records(path, str(path)), limit))
    if path.suffix.lower() == ".csv":
        lines = records(path, str(path))
        next(lines)
        return sum(1 for _ in islice(lines, limit))
    return pq.read_metadata(path).num_rows
