"""Keys without which nobody knows where an image set's rows are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mia.images.sources.shared.shelf import source


def has_own_rows(spec: Mapping[str, Any]) -> bool:
    """Whether an image set has rows outside its named parts.

    >>> has_own_rows({"source": "hub", "repo": "a/b", "parts": {"member": {"file": "m.csv"}}})
    False
    """
    needed = source(spec["source"]).needed
    return not needed or needed[-1] in spec


def missing(spec: Mapping[str, Any]) -> list[str]:
    """Return what a spec with rows of its own lacks: `key`, or `parts.<name>.key`.

    >>> missing({"source": "folder", "parts": {"seen": {"path": "a"}, "unseen": {}}})
    ['parts.unseen.path']
    >>> missing({"source": "urls"})
    ['path']
    """
    needed, parts = source(spec["source"]).needed, spec.get("parts") or {}
    own = needed if has_own_rows(spec) or not parts else ()
    return [key for key in own if key not in spec] + [
        f"parts.{name}.{key}"
        for name, part in parts.items()
        for key in needed
        if key not in {**spec, **part}
    ]
