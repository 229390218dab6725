"""Why rows of a target were left out, kind by kind."""

from __future__ import annotations

import re

HASH = re.compile(r"\b[0-9a-f]{8,64}\b")


def reason_kind(reason: str) -> str:
    """Return the kind of a reason: the reason without the names of single rows.

    >>> reason_kind("near duplicate of member 0123456789abcdef")
    'near duplicate of member'
    """
    return " ".join(HASH.sub("", str(reason).split(":")[0]).split())
