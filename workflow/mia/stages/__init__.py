"""Stages: files and command line, one module per rule (`python -m mia.stages.x`)."""

import sys

from mia.seal import UnreadableFile


def _in_one_line(kind, error, trace) -> None:
    """Whatever stage reads a file that is damaged: its name and the way out, no traceback."""
    if issubclass(kind, UnreadableFile):
        print(f"error: {error}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _in_one_line
