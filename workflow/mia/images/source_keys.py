"""What a config must say of where an image set's rows are, by source."""

from __future__ import annotations

from typing import Any

# The last of them makes a set a source of its own, besides its parts.
NEEDED = {
    "builtin": (),
    "folder": ("path",),
    "urls": ("path",),
    "hub": ("repo", "revision", "file"),
}


def has_own_rows(spec: dict[str, Any]) -> bool:
    """Whether an image set has rows outside its named parts.

    >>> has_own_rows({"source": "hub", "repo": "a/b", "parts": {"member": {"file": "m.csv"}}})
    False
    """
    needed = NEEDED[spec["source"]]
    return not needed or needed[-1] in spec


def missing(spec: dict[str, Any]) -> list[str]:
    """Return what a spec with rows of its own lacks: `key`, or `parts.<name>.key`.

    >>> missing({"source": "folder", "parts": {"seen": {"path": "a"}, "unseen": {}}})
    ['parts.unseen.path']
    >>> missing({"source": "urls"})
    ['path']
    """
    needed, parts = NEEDED[spec["source"]], spec.get("parts") or {}
    own = needed if has_own_rows(spec) or not parts else ()
    return [key for key in own if key not in spec] + [
        f"parts.{name}.{key}"
        for name, part in parts.items()
        for key in needed
        if key not in {**spec, **part}
    ]
