"""A Parquet file that holds images: on this machine, or in a pinned dataset of the hub.

Of a file of the hub that is not in its cache only the byte ranges are asked for that are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import types

from mia.excerpt import listed
from mia.given.cells import BYTES, Column, values
from mia.given.table import BYTES_AT_ONCE, ROWS_AT_ONCE, cells_at, sound
from mia.hub_error import HubError, unreachable
from mia.images.sources.shared.columns_key import Columns
from mia.images.sources.shared.hub_file import cached_file

AHEAD = 2**16  # bytes that are asked for beyond those needed
ON_HUB = re.compile(r"hf://datasets/([^@]+)@([0-9a-f]{40})/(.+)")


@dataclass(frozen=True, order=True)
class RowGroup:
    """Rows of a Parquet file that are stored together.

    Args:
        file: The file's name.
        number: The group's number in the file.
        first: The position of its first row in the file.
        rows: How many rows it has.
    """

    file: str
    number: int
    first: int
    rows: int


def location(name: str) -> str:
    """Return where a file is read: its copy in the hub's cache if there is one, else its name."""
    if not (on_hub := ON_HUB.fullmatch(name)):
        return name
    repo, revision, file = on_hub.groups()
    return str(cached_file(repo, revision, file) or name)


@contextmanager
def opened(name: str) -> Iterator[pq.ParquetFile]:
    """Yield an open file; a ValueError if it is no sound Parquet file."""
    with (
        sound(name),
        _bytes(location(name)) as source,
        pq.ParquetFile(source, buffer_size=BYTES_AT_ONCE, pre_buffer=False) as file,
    ):
        yield file


@contextmanager
def _bytes(place: str) -> Iterator[str | IO[bytes]]:
    if not (on_hub := ON_HUB.fullmatch(place)):
        yield place
        return
    from huggingface_hub import HfFileSystem

    try:
        source = HfFileSystem().open(place, "rb", block_size=AHEAD)
    except Exception as error:
        repo, revision, file = on_hub.groups()
        what, wanted = f"{file} of hub dataset {repo}", f"{repo} {file} --repo-type dataset"
        raise HubError(unreachable(what, wanted, revision, error)) from error
    with source:
        yield source


def row_groups(name: str, columns: Columns) -> list[RowGroup]:
    """Return a file's row groups; only its footer is read.

    Raises:
        ValueError: A column is missing, is there twice, or holds something else than expected.
    """
    with opened(name) as file:
        require_columns(file.schema_arrow, columns, name)
        sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    firsts = np.cumsum([0, *sizes])[:-1]
    return [RowGroup(name, n, int(firsts[n]), size) for n, size in enumerate(sizes)]


def spans(groups: Sequence[RowGroup], name: str, columns: Columns) -> list[tuple[int, int]]:
    """Return which bytes are read for some row groups: the footer, and these columns of each."""
    read = {columns.image, *(column.name for column in columns.texts)}
    with opened(name) as file:
        footer = file.metadata.serialized_size + 8  # its length and a mark follow
        found = [(Path(location(name)).stat().st_size - footer, footer)]
        for group in groups:
            about = file.metadata.row_group(group.number)
            for chunk in map(about.column, range(about.num_columns)):
                if chunk.path_in_schema.split(".")[0] in read:
                    starts = (chunk.dictionary_page_offset, chunk.data_page_offset)
                    first = min(start for start in starts if start is not None)
                    found.append((first, chunk.total_compressed_size))
    return found


def require_columns(schema: pa.Schema, columns: Columns, called: str) -> None:
    """Raise a ValueError if a table has not the columns of images and texts."""
    bytes_in = [field.name for field in schema if holds_bytes(field.type)]
    hint = f"; bytes are in: {listed(bytes_in)}" if bytes_in else ""
    for name in (columns.image, *(column.name for column in columns.texts)):
        if name not in schema.names:
            hint = hint if name == columns.image else ""
            raise ValueError(f"{called}: no column {name!r}; found: {listed(schema.names)}{hint}")
        if schema.names.count(name) > 1:
            raise ValueError(f"{called}: column {name!r} is there twice")
    kind = schema.field(columns.image).type
    if not holds_bytes(kind):
        raise ValueError(
            f"{called}: column {columns.image!r} holds {kind}; expected an image's bytes, or a "
            f"struct {{bytes, path}}{hint}"
        )
    for column in columns.texts:
        column.require(schema.field(column.name).type, called)


def holds_bytes(kind: pa.DataType) -> bool:
    """Whether a column may hold images: bytes, or a struct that has `bytes`."""
    if types.is_struct(kind):
        index = kind.get_field_index("bytes")
        return index >= 0 and any(is_kind(kind.field(index).type) for is_kind in BYTES[:2])
    return any(is_kind(kind) for is_kind in BYTES[:2])


def texts_of(group: RowGroup, columns: list[Column], taken: np.ndarray) -> Mapping[str, list]:
    """Return the texts of rows of a row group, by column.

    Args:
        group: The row group.
        columns: What is read.
        taken: Positions in the group, which rise, at least one.
    """
    found: dict[str, list[Any]] = {column.name: [] for column in columns}
    if not columns:
        return found
    start = 0
    with opened(group.file) as file:
        for batch in file.iter_batches(ROWS_AT_ONCE, row_groups=[group.number], columns=[*found]):
            rows = taken[slice(*np.searchsorted(taken, [start, start + len(batch)]))]
            for column in columns if len(rows) else ():
                cells = cells_at(batch[column.name], rows - start)
                numbers = group.first + rows + 1
                found[column.name] += values(cells, column, group.file, numbers)
            start += len(batch)
    return found
