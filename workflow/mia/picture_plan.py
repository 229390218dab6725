"""How many pictures an image set may have, before its manifest says how many it has."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mia import tables
from mia.images.source_keys import has_own_rows


def rows_of(spec: dict[str, Any], folder: Path) -> int | None:
    """Pictures to be had: rows of the plan, else what limits allow, else files of the folder."""
    planned = [tables.read(path, ["key"]) for path in sorted(folder.glob("plan/*.parquet"))]
    if planned:
        return sum(map(len, planned))
    own = [spec] if has_own_rows(spec) else []
    limits = [
        each.get("limit", spec.get("limit")) for each in (*spec.get("parts", {}).values(), *own)
    ]
    if None not in limits:
        return sum(limits)
    return len(file_sizes(spec)) or None


def most_images(spec: dict[str, Any], part: str) -> int | None:
    """The most pictures a part can have: its share of the split, else its limit of rows."""
    limit = spec.get("parts", {}).get(part, spec).get("limit", spec.get("limit"))
    return spec.get("split", {}).get(part, limit)


def most_of(spec: dict[str, Any], parts: Iterable[str]) -> int | None:
    """The most pictures that some parts of an image set can have; None where nobody knows."""
    most = [most_images(spec, part) for part in parts]
    return None if None in most else sum(most)


def file_sizes(spec: dict[str, Any]) -> list[int]:
    """Bytes of each file of a folder set."""
    if spec["source"] != "folder":
        return []
    places = [part["path"] for part in spec.get("parts", {}).values() if "path" in part]
    places += [spec["path"]] if "path" in spec else []
    return [
        path.stat().st_size for place in places for path in Path(place).rglob("*") if path.is_file()
    ]
