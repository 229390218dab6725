"""How many images an image set may have, before its manifest says how many it has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from mia import storage
from mia.images.source_counts import source_counts
from mia.images.sources.shared.parts import specs
from mia.images.sources.shared.shelf import source


def rows_of(spec: dict[str, Any], folder: Path) -> int | None:
    """Return how many images are planned, else how many the sources list; None if unknown."""
    planned = [storage.read(path, ["key"]) for path in sorted(folder.glob("plan/*.parquet"))]
    if planned:
        return sum(map(len, planned))
    return _sum(source_counts(spec).values())


def most_of(spec: dict[str, Any], parts: Iterable[str]) -> int | None:
    """Return the most images that some parts of an image set can have; None if unknown.

    A part of a split has its share. The part `rest` has what the split leaves. Any other part has
    what its source lists. Duplicates and images that cannot be fetched are still counted.
    """
    counts = source_counts(spec)
    return _sum([_most(spec.get("split") or {}, counts, part) for part in parts])


def _sum(counts: Collection[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _most(split: Mapping[str, int], counts: Mapping[str, int | None], part: str) -> int | None:
    if part in split:
        return split[part]
    if part in counts:
        return counts[part]
    own = counts.get("")
    return None if own is None else max(0, own - sum(split.values()))


def file_sizes(spec: dict[str, Any]) -> list[int]:
    """Return the bytes of each image that is a file, 0 if missing; none if one is not known."""
    try:
        parts = specs(spec).values()
        found = [path for part in parts for path in source(spec["source"]).image_files(part)]
        return [path.stat().st_size if path.exists() else 0 for path in found]
    except (OSError, ValueError):
        return []
