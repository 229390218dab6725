"""Measured rows on their way into the ledger: collected, then appended every few seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mia.measuring.answer import Answer, is_infinite, together
from mia.measuring.signal_coverage import SignalCoverage
from mia.query import Query


class LedgerWriter:
    """Appends rows at least every `seconds`, and merges its own segments at the end.

    Args:
        signals: Signal name to what is measured of it.
        seconds: Most work that a killed job may lose.
        provenance: Recorded with every segment, not part of any key.
    """

    def __init__(
        self, signals: Mapping[str, SignalCoverage], seconds: float, provenance: Mapping[str, Any]
    ) -> None:
        self.signals, self.seconds, self.provenance = signals, seconds, dict(provenance)
        self._pending: dict[str, list] = {}
        self._since = time.monotonic()

    def add(
        self, name: str, image_ids: Sequence[str], queries: Sequence[Query], values: Answer
    ) -> None:
        """Add one row per image and query, `values` by column (`mia.measuring.answer`)."""
        self._pending.setdefault(name, []).append((image_ids, queries, values))
        if time.monotonic() - self._since > self.seconds:
            self.flush()

    def flush(self) -> None:
        """Append what is pending.

        Raises:
            RuntimeError: A value is infinite, as half precision can make it.
        """
        for name, parts in self._pending.items():
            rows = self._rows(name, parts)
            if is_infinite(rows, self.signals[name].module):
                raise RuntimeError(
                    f"signal {name}: a measured value is infinite under "
                    f"measure.dtype {self.provenance['dtype']}; float32 has a wider range"
                )
            self.signals[name].ledger.append(name, rows, self._metadata(name))
        self._pending, self._since = {}, time.monotonic()

    def close(self) -> None:
        """Append what is pending and merge the segments written here."""
        self.flush()
        for name, signal in self.signals.items():
            signal.ledger.compact(name, self._metadata(name))

    def _rows(self, name: str, parts: list) -> pd.DataFrame:
        signal = self.signals[name]
        ids = [image_id for image_ids, _, _ in parts for image_id in image_ids]
        queries = [query for _, queries, _ in parts for query in queries]
        answers = [(len(image_ids), columns) for image_ids, _, columns in parts]
        keys = {"image_id": ids, "input_hash": signal.input_hashes(ids, queries)}
        keys["query"] = [query.name for query in queries]
        return pd.concat([pd.DataFrame(keys), together(signal.module, answers)], axis=1)

    def _metadata(self, name: str) -> dict[str, Any]:
        return {"fingerprint": self.signals[name].fingerprint, **self.provenance}
