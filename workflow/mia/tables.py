"""Parquet in and out: whole or not at all, equal content giving equal bytes."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


def write(table: pd.DataFrame, path: str | Path, metadata: Mapping[str, Any] | None = None) -> None:
    """Write `table` under a temporary name and rename it; the index is not kept.

    Args:
        table: Rows in the order wanted; the caller sorts.
        path: Where to; missing folders are made.
        metadata: JSON-like values kept in the file's schema. No dates, no host names.
    """
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    fields = {key: json.dumps(value, sort_keys=True) for key, value in (metadata or {}).items()}
    arrow = arrow.replace_schema_metadata(fields)
    with replacing(path) as temporary:
        pq.write_table(arrow, temporary, compression="zstd")


def read(path: str | Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read the table at `path`.

    Raises:
        ValueError: The file is not Parquet or lacks a column; the message names both.
    """
    return read_arrow(path, columns).to_pandas()


def read_arrow(path: str | Path, columns: list[str] | None = None) -> pa.Table:
    """Read the table at `path` as `read` does, but leave it in Arrow's memory."""
    try:
        return pq.read_table(path, columns=columns, partitioning=None)
    except (pa.ArrowInvalid, KeyError) as error:
        raise ValueError(f"{path}: not the table expected: {error}") from error


def metadata(path: str | Path) -> dict[str, Any]:
    """Return the metadata that `write` kept."""
    fields = pq.read_schema(path).metadata or {}
    return {
        key.decode(): json.loads(value)
        for key, value in fields.items()
        if not key.startswith(b"ARROW:")
    }


def write_json(value: Any, path: str | Path) -> None:
    """Write `value` as sorted, indented JSON, whole or not at all."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_text(text + "\n", path)


def write_text(text: str, path: str | Path) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` when the block succeeds.

    What was written is on the disk before it gets its name, so that a machine that loses power
    keeps no empty file under it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(path)
    try:
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def temporary_name(path: Path) -> Path:
    """Return a path beside `path` that no other process takes, on this machine or another."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
