"""What a config must say of where an image set's rows are, by source."""

from __future__ import annotations

import re
from typing import Any

# The last of them makes a set a source of its own, besides its parts.
NEEDED = {
    "builtin": (),
    "folder": ("path",),
    "urls": ("path",),
    "hub": ("repo", "revision", "file"),
}
ADDRESSED = ("urls", "hub")  # sources whose images have addresses of their own
NO_CAPTIONS = "none"
ENDING = re.compile(r"\.\w+")


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


def captions_table(spec: dict[str, Any]) -> str | None:
    """Return the path of the captions CSV that a folder's `captions` names, if it names one.

    It may name the ending of side files instead, or say `none`.

    >>> [captions_table({"captions": text}) for text in ("a.csv", ".txt", "none")]
    ['a.csv', None, None]
    """
    given = spec.get("captions")
    return None if given in (None, NO_CAPTIONS) or captions_ending(spec) else given


def captions_ending(spec: dict[str, Any]) -> str | None:
    """Return the ending of side files, in lower case, that a folder's `captions` names, if it does.

    >>> captions_ending({"captions": ".TXT"})
    '.txt'
    """
    given = spec.get("captions") or ""
    return given.lower() if ENDING.fullmatch(given) else None
