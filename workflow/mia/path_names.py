"""The names that a file's path holds, read by the template that made the path."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TypeVar

AnyPath = TypeVar("AnyPath", str, Path)


@cache
def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    for place in range(0, len(parts), 2):
        parts[place] = re.escape(parts[place])
    for place in range(1, len(parts), 2):
        parts[place] = f"(?P<{parts[place]}>[^/]+)"
    return re.compile("(?:.*/)?" + "".join(parts), re.DOTALL)


def names(template: str, path: str | Path) -> dict[str, str]:
    """Return what each name in the braces of `template` stands for in `path`.

    The path may begin with any folders.

    Raises:
        ValueError: The path does not end as the template does.

    >>> names("scores/{target}/{attack}.parquet", "results/default/scores/fair/pia.parquet")
    {'target': 'fair', 'attack': 'pia'}
    """
    found = _pattern(template).fullmatch(str(path))
    if not found:
        raise ValueError(f"{path}: expected a path that ends in {template}")
    return found.groupdict()


def by_name(template: str, name: str, paths: Iterable[AnyPath]) -> dict[str, AnyPath]:
    """Return `paths` by what `name`, one of the template's braces, stands for in each.

    >>> by_name("images/{set}/manifest.parquet", "set", ["results/images/mine/manifest.parquet"])
    {'mine': 'results/images/mine/manifest.parquet'}
    """
    return {names(template, path)[name]: path for path in paths}
