"""What the jobs of a run are doing, in its terminal: read from their logs while they run.

A thread of Snakemake's own process does it. So it ends with the run however that ends, it knows
which jobs run, and a job on a cluster is shown like one here. It uses a name that Snakemake does
not document (tests/house/test_progress.py).
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import IO, Any

from mia.progress import in_words, latest
from mia.window import columns, labelled

EVERY = 20.0  # seconds between two looks
MOST = 6  # lines of one look
TAIL = 8192  # bytes of a log's end, in which the last line of progress is looked for


class Look:
    """What is remembered from one look to the next.

    Args:
        young: Seconds for which a job without progress is not worth a line.
    """

    def __init__(self, young: float) -> None:
        self.young = young
        self.begun = time.time()
        self.since: dict[Any, float] = {}  # job: when it was first seen, by the monotonic clock

    def see(self, running: Iterable[Any]) -> None:
        """Remember since when jobs run, and forget those that have ended."""
        now = time.monotonic()
        self.since = {job: self.since.get(job, now) for job in running}

    def lines(self, width: int) -> list[str]:
        """Return a line for each job that runs, the oldest first, none wider than `width`."""
        now = time.monotonic()
        told = [
            labelled(_label(job), facts, width)
            for job, since in sorted(self.since.items(), key=lambda item: item[1])
            if job.log and (facts := self._facts(str(job.log[0]), now - since))
        ]
        more = len(told) - MOST
        return told if more <= 0 else [*told[:MOST], f"and {more} more jobs"]

    def _facts(self, log: str, age: float) -> str | None:
        """Return the last progress in a log, or for how long the job has been there."""
        try:
            with open(log, "rb") as file:
                about = os.fstat(file.fileno())
                file.seek(max(0, about.st_size - TAIL))
                text = file.read().decode(errors="replace")
            fresh = about.st_mtime >= self.begun - 1  # else it is of an earlier run
        except OSError:
            fresh = False
        if fresh and (facts := latest(text)):
            return facts
        if age < self.young:
            return None
        return f"{in_words(age)} so far" if fresh else f"waiting, {in_words(age)} so far"


def show(
    running: Callable[[], Iterable[Any]], stream: IO[str] | None = None, every: float = EVERY
) -> None:
    """Start to write what jobs are doing to `stream`, every so many seconds.

    Args:
        running: Gives Snakemake's jobs, or groups of jobs, that run now.
        stream: By default stderr, where Snakemake writes too.
        every: Seconds from one look to the next.
    """
    arguments = (running, stream or sys.stderr, every)
    threading.Thread(target=_follow, args=arguments, name="progress", daemon=True).start()


def _follow(running: Callable[[], Iterable[Any]], stream: IO[str], every: float) -> None:
    look, due = Look(every / 2), time.monotonic() + every
    while True:
        time.sleep(min(1.0, every))
        look.see(single(running()))
        if time.monotonic() < due:
            continue
        due = time.monotonic() + every
        if lines := look.lines(columns(stream)):
            stream.write("".join(f"{line}\n" for line in lines))
            stream.flush()


def single(running: Iterable[Any]) -> list[Any]:
    """Return jobs, those of a group one by one."""
    return [job for one in tuple(running) for job in (one.jobs if one.is_group() else [one])]


def _label(job: Any) -> str:
    """Return the name of a job's rule, and what its wildcards are."""
    return " ".join([job.rule.name, *map(str, job.wildcards)])
