"""How a program of this package ends on a damaged file."""

from __future__ import annotations

import sys
from types import TracebackType

from mia.seal import UnreadableFile


def in_one_line(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Say which file is damaged and the way out, without a traceback; an excepthook."""
    if issubclass(kind, UnreadableFile):
        print(f"error: {error}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)
