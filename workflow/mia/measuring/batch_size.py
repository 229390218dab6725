"""How many evaluations go through the U-Net at once: as given, or grown while it pays."""

from __future__ import annotations

FIRST, WORTH = 16, 1.05


class BatchSize:
    """A fixed size, or `auto`: doubled while that is worth at least 5 % of speed.

    Running out of memory shows as a smaller size used than was given; that ends the growth too.

    >>> size = BatchSize("auto")
    >>> size.report(16, evals=160, seconds=1.0); size.now
    32
    >>> size.report(32, evals=162, seconds=1.0); size.now  # hardly faster: back, for good
    16
    >>> size.report(16, evals=900, seconds=1.0); size.now
    16
    """

    def __init__(self, wanted: int | str) -> None:
        self.growing = wanted == "auto"
        self.now = FIRST if self.growing else int(wanted)
        self._best = 0.0

    def report(self, used: int, evals: int, seconds: float) -> None:
        """Learn from a chunk of images measured at size `now`, of which `used` fitted."""
        if used < self.now:
            self.now, self.growing = used, False
        if not self.growing or not evals:
            return
        speed = evals / seconds
        if speed < WORTH * self._best:
            self.now, self.growing = self.now // 2, False
        else:
            self.now, self._best = 2 * self.now, speed
