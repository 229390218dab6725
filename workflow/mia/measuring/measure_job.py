"""What a measuring job has to do: images, and what is wanted and missing of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from mia.measuring.other_captions import as_asked
from mia.measuring.shard import Shard
from mia.measuring.signal_coverage import SignalCoverage
from mia.query import Query


@dataclass(frozen=True)
class MeasureJob:
    """Images, each once, and the signals wanted on them.

    Args:
        shard: The images.
        signals: Signal name to what is held and missing of it.
        repeat: Whether all of this was measured before. Then each image goes through the model by
            itself. This reveals a number that depends on the rest of its batch or on a generator
            of the process.
        control: What the images' captions were replaced by, if they were (`mia.told_captions`).
        asked: The queries wanted under the control; `signals` have them without it.
    """

    shard: Shard
    signals: Mapping[str, SignalCoverage]
    repeat: bool = False
    control: str | None = None
    asked: tuple[Query, ...] = ()

    @property
    def missing(self) -> dict[Query, list[str]]:
        """The images that each query must still be measured on."""
        found: dict[Query, list[str]] = {}
        for signal in self.signals.values():
            found |= signal.missing
        return found

    def shared(self, queries: Sequence[Query]) -> frozenset[Hashable]:
        """Return the evaluations that more than one signal needs for `queries`."""
        needed: dict[str, set[Hashable]] = {name: set() for name in self.signals}
        for query in queries:
            needed[query.signal] |= self.signals[query.signal].module.predictions(query)
        counts = Counter(evaluation for mine in needed.values() for evaluation in mine)
        return frozenset(evaluation for evaluation, count in counts.items() if count > 1)

    def table(self, signal: str) -> pd.DataFrame:
        """Return all answers of one signal, with columns `repeat` and, of a control, `captions`."""
        rows = self.signals[signal].table(self.shard.images).assign(repeat=self.repeat)
        if self.control is None:
            return rows
        return as_asked(rows, [q for q in self.asked if q.signal == signal], self.control)
