"""The embeddings of known training images, read a block at a time: an index may exceed memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

VECTORS_AT_ONCE, READ_AT_ONCE = 8192, 2**22  # vectors; bytes


@dataclass(frozen=True)
class KnownVectors:
    """A column of lists of floats in a Parquet table, one per training image, null where unknown.

    Args:
        path: The table.
        column: The column.

    Raises:
        ValueError: The table has no such column, or the column holds something else.
    """

    path: str
    column: str

    def __post_init__(self) -> None:
        import pyarrow.parquet as pq

        from mia.given.table import sound

        with sound(self.path):
            schema = pq.read_schema(self.path)
        if self.column not in schema.names:
            raise ValueError(f"{self.path}: no column {self.column!r}")
        held = schema.field(self.column).type
        if not _is_vector(held):
            raise ValueError(f"{self._where}: holds {held}; expected one list of floats a row")

    def blocks(self, dimension: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the vectors that there are, brought to length 1.

        Args:
            dimension: Length of every vector's list.

        Yields:
            Rows of the table, int64 `(n,)` counted from 0, and float32 `(n, dimension)`.

        Raises:
            ValueError: A vector has another dimension, a number that is not finite, or length 0; or
                there is none. The message names the file, the column and the row.
        """
        import pyarrow.parquet as pq

        from mia.given.table import sound

        start, found = 0, 0
        # Without this, whole row groups would be read into memory.
        with (
            sound(self.path),
            pq.ParquetFile(self.path, buffer_size=READ_AT_ONCE, pre_buffer=False) as file,
        ):
            for batch in file.iter_batches(VECTORS_AT_ONCE, columns=[self.column]):
                rows, vectors = self._block(batch.column(0), start, dimension)
                start, found = start + len(batch), found + len(rows)
                if len(rows):
                    yield rows, vectors
        if not found:
            raise ValueError(f"{self._where}: no embedding in {start} rows")

    def _block(self, lists: pa.Array, start: int, dimension: int) -> tuple[np.ndarray, np.ndarray]:
        import pyarrow.compute as pc

        rows = np.flatnonzero(lists.is_valid()) + start
        lists = lists.drop_null()
        sizes = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
        expected = f"expected {dimension}, as the image set's embeddings have"
        self._require(sizes == dimension, rows, "{} numbers; " + expected, sizes)
        # Numbers too large for float32 become infinite, and nulls among them NaN.
        with np.errstate(over="ignore"):
            values = lists.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
        vectors = values.reshape(len(rows), dimension)
        self._require(np.isfinite(vectors).all(axis=1), rows, "a number that is not finite")
        length = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
        self._require(length[:, 0] > 0, rows, "a vector of length 0, which has no direction")
        return rows, (vectors / length).astype(np.float32)

    def _require(
        self, good: np.ndarray, rows: np.ndarray, what: str, values: np.ndarray | None = None
    ) -> None:
        if not good.all():
            first = np.flatnonzero(~good)[0]
            what = what if values is None else what.format(values[first])
            raise ValueError(f"{self._where}, row {rows[first]}: {what}")

    @property
    def _where(self) -> str:
        return f"{self.path}, column {self.column!r}"


def _is_vector(held: pa.DataType) -> bool:
    from pyarrow import types

    lists = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    return any(is_kind(held) for is_kind in lists) and types.is_floating(held.value_type)
