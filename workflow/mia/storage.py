"""Read and write Parquet and JSON: whole or not at all; equal content gives equal bytes."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mia import seal


def write(table: pd.DataFrame, path: str | Path, metadata: Mapping[str, Any] | None = None) -> None:
    """Write `table` under a temporary name and rename it; the index is not kept.

    Args:
        table: Rows in the order wanted; the caller sorts.
        path: Where to; missing folders are made.
        metadata: JSON-like values kept in the file's schema. No dates, no host names.
    """
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    with writing(path, arrow.schema, metadata) as add:
        add(arrow)


@contextmanager
def writing(
    path: str | Path, schema: pa.Schema, metadata: Mapping[str, Any] | None = None, **options: Any
) -> Iterator[Callable[[pa.Table], None]]:
    """Yield a function that adds rows to the table at `path`: as `write`, but piece by piece.

    No more than one piece is held. Each begins a row group, so few and large ones read best.

    Args:
        path: Where to; it is there once the block succeeds.
        schema: Of every piece.
        metadata: As `write` takes it.
        options: Of `pyarrow.parquet.ParquetWriter`.
    """
    fields = {key: json.dumps(value, sort_keys=True) for key, value in (metadata or {}).items()}
    options = {"compression": "zstd", "write_page_checksum": True, **options}
    with replacing(path) as temporary:
        with pq.ParquetWriter(temporary, schema.with_metadata(fields), **options) as file:
            yield file.write_table
            file.add_key_value_metadata({seal.KEY: seal.UNSEALED})
        seal.seal(temporary)


def read(path: str | Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Return the table at `path`.

    Raises:
        DamagedFile: The file is not as it was written.
        UnreadableFile: It is not Parquet or lacks a column; the message names both.
    """
    return read_arrow(path, columns).to_pandas()


def read_arrow(path: str | Path, columns: list[str] | None = None) -> pa.Table:
    """Return the table at `path`, as `read` does, but in Arrow's memory."""
    with _whole(path):
        return pq.read_table(
            path, columns=columns, partitioning=None, page_checksum_verification=True
        )


def schema(path: str | Path) -> pa.Schema:
    """Return the schema of the table at `path`."""
    with _whole(path):
        return pq.read_schema(path)


@contextmanager
def _whole(path: str | Path) -> Iterator[None]:
    """Check a file's seal; if the file is still not the table expected, say what is wrong."""
    seal.check(path)
    try:
        yield
    except (pa.ArrowException, KeyError, OSError) as error:
        said = "".join(sign if sign.isprintable() else " " for sign in str(error))
        raise seal.UnreadableFile(
            f"{path}: not the table expected: {said}; if a run wrote it, delete it and run again"
        ) from error


def metadata(path: str | Path) -> dict[str, Any]:
    """Return the metadata that `write` kept."""
    fields = schema(path).metadata or {}
    return {
        key.decode(): json.loads(value)
        for key, value in fields.items()
        if not key.startswith(b"ARROW:")
    }


def write_json(value: Any, path: str | Path) -> None:
    """Write `value` as sorted, indented JSON, whole or not at all; a dictionary is sealed."""
    sealed = isinstance(value, dict)
    value = {**value, seal.KEY: seal.UNSEALED} if sealed else value
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
        if sealed:
            seal.seal(temporary)


def read_json(path: str | Path) -> Any:
    """Return what `write_json` wrote.

    Raises:
        DamagedFile: The file is not as it was written.
    """
    seal.check(path)
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise seal.DamagedFile(path, f"not JSON: {error}") from error
    return {k: v for k, v in value.items() if k != seal.KEY} if isinstance(value, dict) else value


def write_text(text: str, path: str | Path) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` when the block succeeds.

    The content is on the disk before the file gets its name, so a power failure leaves no empty
    file under that name.
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
