"""Lines that fit into the window of a terminal."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import IO, Any

LEAST = 20  # columns, however narrow the window
CUT = "…"
ANNOUNCING = ("job_info", "group_info")  # Snakemake's events whose lines name every file of a job


def columns(stream: IO[str] | None = None) -> int:
    """Return the columns of the window: COLUMNS, or the terminal's own, or 80 where there is none.

    Args:
        stream: Looked at first; its terminal may be there where stdout is a pipe.
    """
    if not os.environ.get("COLUMNS"):
        with suppress(OSError, ValueError, AttributeError):
            if found := os.get_terminal_size((stream or sys.stderr).fileno()).columns:
                return max(LEAST, found)
    return max(LEAST, shutil.get_terminal_size((80, 24)).columns)


def cut(line: str, width: int) -> str:
    """Return a line, its end replaced by `…` if it is longer than `width`.

    >>> cut("a long line", 7), cut("short", 7)
    ('a long…', 'short')
    """
    return line if len(line) <= width else line[: width - len(CUT)].rstrip() + CUT


def labelled(label: str, facts: str, width: int) -> str:
    """Return `label: facts` in at most `width` columns.

    Where that is too long, what stands behind the second comma goes first, then the end of the
    label, to a third of the columns, then the end of the line.

    >>> labelled("measure a-long-name", "12 of 40 rows, 3 min left, 7 evals/s", 40)
    'measure a-lo…: 12 of 40 rows, 3 min left'
    """
    if len(label) + len(facts) + 2 > width:
        facts = ", ".join(facts.split(", ")[:2])
    room = max(width // 3, width - len(facts) - 2)
    return cut(f"{cut(label, room)}: {facts}", width)


class _Narrow(logging.Formatter):
    """Another formatter's lines, those that announce jobs cut to the window of a stream."""

    def __init__(self, inner: logging.Formatter, stream: IO[str]) -> None:
        super().__init__()
        self.inner, self.stream = inner, stream

    def format(self, record: logging.LogRecord) -> str:
        text = self.inner.format(record)
        if str(getattr(record, "event", "")).lower() not in ANNOUNCING:
            return text
        width = columns(self.stream)
        return "\n".join(cut(line, width) for line in text.splitlines())


def narrow(handlers: Iterable[Any]) -> None:
    """Let log handlers cut the lines that announce jobs, where they write to a terminal.

    Errors stay whole, and so does Snakemake's own log below `.snakemake/log`.
    """
    for handler in handlers:
        stream, inner = getattr(handler, "stream", None), handler.formatter
        if inner and stream and stream.isatty():
            handler.setFormatter(_Narrow(inner, stream))
