"""The source parts of an image set, each with all the keys that hold for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mia.images.sources.shared.needed import has_own_rows


def specs(spec: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the spec of every source part; that of the rows outside named parts is "".

    A part takes the set's keys and overrides them. A folder or a table without a `path` of its own,
    or a hub set without a `file`, has named parts only.

    >>> specs({"source": "urls", "caption": "text", "parts": {"member": {"path": "m.csv"}}})
    {'member': {'source': 'urls', 'caption': 'text', 'path': 'm.csv'}}
    """
    own = {key: value for key, value in spec.items() if key != "parts"}
    parts = {name: {**own, **part} for name, part in sorted((spec.get("parts") or {}).items())}
    return {**({"": own} if has_own_rows(own) else {}), **parts}


def place(spec: Mapping[str, Any], part: str, key: str) -> str:
    """Return where a set says a key of a part: in the part, or above it.

    >>> place({"url": "u", "parts": {"a": {"path": "p"}}}, "a", "path")
    'parts.a.path'
    """
    return f"parts.{part}.{key}" if part and key in spec["parts"][part] else key
