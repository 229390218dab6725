"""What a folder's key `captions` may say: a table, the ending of side files, or `none`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

NO_CAPTIONS = "none"
ENDING = re.compile(r"\.\w+")


def captions_table(spec: Mapping[str, Any]) -> str | None:
    """Return the path of the captions CSV that a folder's `captions` names, if it names one.

    It may name the ending of side files instead, or say `none`.

    >>> [captions_table({"captions": text}) for text in ("a.csv", ".txt", "none")]
    ['a.csv', None, None]
    """
    given = spec.get("captions")
    return None if given in (None, NO_CAPTIONS) or captions_ending(spec) else given


def captions_ending(spec: Mapping[str, Any]) -> str | None:
    """Return the ending of side files, in lower case, that a folder's `captions` names, if it does.

    >>> captions_ending({"captions": ".TXT"})
    '.txt'
    """
    given = spec.get("captions") or ""
    return given.lower() if ENDING.fullmatch(given) else None
