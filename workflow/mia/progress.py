"""Progress of a stage: short lines in its log, which the terminal of the run shows.

A line is `progress: ` and facts, those first that matter most, as a narrow terminal cuts the end.
The longer a job has run, the rarer are its lines, since the log of a job that fails is shown whole.
"""

from __future__ import annotations

import sys
import time

MARK = "progress: "
EVERY = 15.0  # seconds between two lines at first
SHARE = 60  # later, the time that the job has run, divided by this


class Progress:
    """Work whose length is known, at its start.

    Args:
        total: Its length, in any unit; at least 1.
        every: Seconds to the first line, and the least to the next.
    """

    def __init__(self, total: int, every: float = EVERY) -> None:
        self.total, self.done, self.every = total, 0, every
        self.start = time.monotonic()
        self.due = self.start + every

    @property
    def is_due(self) -> bool:
        """Whether it is time for a line."""
        return time.monotonic() >= self.due

    def tell(self, where: str, *facts: str) -> None:
        """Write a line to stderr: where the work is, the time that is left, then other facts."""
        now = time.monotonic()
        spent = now - self.start
        self.due = now + max(self.every, spent / SHARE)
        left = spent * (self.total - self.done) / max(1, self.done)
        print(MARK + ", ".join([where, f"{in_words(left)} left", *facts]), file=sys.stderr)


def in_words(seconds: float) -> str:
    """Return a time in the largest unit of which there are two, or in seconds.

    >>> [in_words(seconds) for seconds in (0.4, 119, 150, 7100, 10_000, 200_000)]
    ['0 s', '119 s', '2 min', '118 min', '3 h', '2 days']
    """
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def latest(log: str) -> str | None:
    """Return the facts of the last line of progress in the text of a log, if there is one.

    >>> latest("progress: 1 of 2\\nwarning\\nprogress: 2 of 2, 0 s left\\n")
    '2 of 2, 0 s left'
    """
    lines = [line for line in log.splitlines() if line.startswith(MARK)]
    return lines[-1].removeprefix(MARK) if lines else None
