"""How many images an image set's sources list, before anything is planned or fetched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mia.images.sources.shared.parts import specs
from mia.images.sources.shared.shelf import source


def source_counts(spec: Mapping[str, Any]) -> dict[str, int | None]:
    """Return how many rows each source part will have in its plan, with its limit applied.

    Rows outside named parts count under "". Each part is looked at once. None means that nobody
    knows yet: a table of the hub is not in its cache, or a file cannot be read.
    """
    return dict(_counts_of(json.dumps(spec, sort_keys=True), Path.cwd()))


@cache
def _counts_of(text: str, working_directory: Path) -> dict[str, int | None]:
    spec = json.loads(text)
    parts = specs(spec)
    counts = source(spec["source"]).counts(parts)
    return {name: _limited(count, parts[name].get("limit")) for name, count in counts.items()}


def _limited(count: int | None, limit: int | None) -> int | None:
    known = [number for number in (count, limit) if number is not None]
    return min(known, default=None)
