"""The ledger: every number ever measured for a model and an image set, whatever the shards.

Segments are Parquet files named `{signal}-{first 16 hex of the sha256 of their bytes}.parquet`,
written under a temporary name and renamed. A segment is only ever added or, by the job that wrote
it, merged. A segment whose bytes do not match its name is left out with a warning, so that its
rows are measured again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mia import storage

KEY = ["image_id", "input_hash", "query"]


class Ledger:
    """The segments in `folder`.

    Args:
        folder: One folder per (model, image set).
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._written: dict[str, list[Path]] = {}

    def read(
        self, signal: str, fingerprint: str, image_ids: Collection[str] | None = None
    ) -> pd.DataFrame:
        """Return the rows of `signal` that were measured by code with `fingerprint`.

        Args:
            signal: Its name.
            fingerprint: That of the code that is asked for.
            image_ids: Images whose rows are wanted, all by default. Other rows are dropped segment
                by segment, so that a job never holds those of all shards at once.

        Returns:
            Columns `image_id`, `input_hash`, `query` (a `Query.name`), the measures and `device`
            (what they were measured on); one row per key, empty where nothing was measured.
        """
        parts = [pd.DataFrame(columns=KEY)]
        wanted = None if image_ids is None else pa.array(list(image_ids), pa.string())
        pending = self._segments(signal)
        while pending:
            try:
                parts.append(self._read_segment(pending.pop(), fingerprint, wanted))
            except FileNotFoundError:  # its writer merged it just now: look again
                pending = self._segments(signal)
                parts = parts[:1]
        rows = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
        return rows.drop_duplicates(KEY, ignore_index=True)

    def append(self, signal: str, rows: pd.DataFrame, metadata: Mapping[str, Any]) -> None:
        """Add a segment; `metadata` must hold `fingerprint`."""
        self._written.setdefault(signal, []).append(self._write(signal, rows, metadata))

    def compact(self, signal: str, metadata: Mapping[str, Any]) -> None:
        """Merge the segments of `signal` that this object wrote into one."""
        segments = self._written.pop(signal, [])
        if len(segments) < 2:
            return
        merged = pd.concat([storage.read(path) for path in segments], ignore_index=True)
        new = self._write(signal, merged, metadata)
        for path in set(segments) - {new}:
            path.unlink()

    def _segments(self, signal: str) -> list[Path]:
        """Return segments sorted by name: of two rows with one key, all readers take the same."""
        return sorted(self.folder.glob(f"{signal}-*.parquet"))

    def _write(self, signal: str, rows: pd.DataFrame, metadata: Mapping[str, Any]) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = storage.temporary_name(self.folder / signal)
        try:
            storage.write(rows, temporary, metadata)
            path = self.folder / f"{signal}-{_digest(temporary.read_bytes())}.parquet"
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        return path

    def _read_segment(self, path: Path, fingerprint: str, wanted: pa.Array | None) -> pd.DataFrame:
        content = path.read_bytes()
        if _digest(content) != path.stem.rpartition("-")[2]:
            print(f"warning: {path}: damaged; its rows are measured again", file=sys.stderr)
            return pd.DataFrame(columns=KEY)
        buffer = pa.BufferReader(content)
        table = pq.read_table(buffer)
        about = table.schema.metadata or {}
        if about.get(b"fingerprint") != f'"{fingerprint}"'.encode():
            return pd.DataFrame(columns=KEY)
        if wanted is not None:
            table = table.filter(pc.is_in(table["image_id"], wanted))
        return table.to_pandas().assign(device=json.loads(about.get(b"device", '"unknown"')))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
