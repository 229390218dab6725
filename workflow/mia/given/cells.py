"""One rule for cells of columns of any type: a cell is text, or an error that names its row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from mia.excerpt import excerpt, listed

STRINGS = (types.is_string, types.is_large_string, types.is_string_view)
BYTES = (types.is_binary, types.is_large_binary, types.is_binary_view, types.is_fixed_size_binary)
LISTS = (types.is_list, types.is_large_list, types.is_fixed_size_list)
NUMBERS = (types.is_integer, types.is_floating, types.is_decimal)


@dataclass(frozen=True)
class Column:
    """A column of a table that somebody wrote, and what is expected in it.

    Args:
        name: Its name in the table.
        expected: What is expected, in words, for messages.
        digits: Number of hexadecimal digits of a hash, in either case; half as many bytes are the
            hash itself.
        numbers: Whether numbers are expected, rather than text.
    """

    name: str
    expected: str = "text"
    digits: int = 0
    numbers: bool = False

    def require(self, kind: pa.DataType, called: str) -> None:
        """Raise a ValueError if no cell of this type can hold what is expected."""
        kind = _inner(kind)
        if types.is_struct(kind):
            fields = listed(field.name for field in kind)
            held = f"a struct with the fields {fields}; take one of them into a column of its own"
        elif not any(is_kind(kind) for is_kind in (*STRINGS, *BYTES, *NUMBERS[:2], types.is_null)):
            if self.numbers and types.is_decimal(kind):
                return
            held = str(kind)
        else:
            return
        raise ValueError(f"{called}: column {self.name!r} holds {held}; expected {self.expected}")

    def error(self, called: str, row: int, kind: pa.DataType, held: str) -> ValueError:
        """Return the error for a cell of a type that holds something other than expected."""
        return ValueError(
            f"{called}: row {row}: column {self.name!r} ({kind}) holds {held}; "
            f"expected {self.expected}"
        )


def values(cells: pa.Array, column: Column, called: str, rows: np.ndarray) -> list:
    """Return each cell's text, None if it is empty; a column of numbers may give floats.

    Bytes are UTF-8. A list gives its first entry, a category its value, an integer its digits. A
    float is not text, but NaN counts as empty.

    Args:
        cells: Cells of a type that `column.require` accepts.
        column: Their column.
        called: What messages call the table.
        rows: `(n,)`, the number that messages give each cell's row.

    Raises:
        ValueError: A cell is no text; the message names the table, the row and the column.
    """
    kind = cells.type
    if isinstance(kind, pa.BaseExtensionType):
        return values(cells.storage, column, called, rows)
    if types.is_dictionary(kind):
        return values(cells.dictionary_decode(), column, called, rows)
    if any(is_kind(kind) for is_kind in LISTS):
        return _first_entries(cells, column, called, rows)
    if column.numbers and any(is_kind(kind) for is_kind in NUMBERS):
        return cells.cast(pa.float64(), safe=False).to_pylist()
    if types.is_floating(kind):
        return _no_floats(cells, column, called, rows)
    if any(is_kind(kind) for is_kind in STRINGS):
        try:
            found = cells.to_pylist()
        except UnicodeDecodeError:
            found = _decoded(cells.cast(pa.large_binary()), column, called, rows)
    elif any(is_kind(kind) for is_kind in BYTES):
        found = _decoded(cells, column, called, rows)
    else:
        return [None if cell is None else str(cell) for cell in cells.to_pylist()]
    for row, text in zip(rows, found, strict=True):
        if text is not None and "\0" in text:
            held = f"a NUL character: {excerpt(text)}"
            raise column.error(called, row, kind, held)
    if column.digits:
        return [None if text is None else text.strip().lower() for text in found]
    return found


def _inner(kind: pa.DataType) -> pa.DataType:
    """Return the type of the values that a category, a list or an extension type holds."""
    while True:
        if isinstance(kind, pa.BaseExtensionType):
            kind = kind.storage_type
        elif types.is_dictionary(kind) or any(is_kind(kind) for is_kind in LISTS):
            kind = kind.value_type
        else:
            return kind


def _first_entries(cells: pa.Array, column: Column, called: str, rows: np.ndarray) -> list:
    firsts = pc.list_slice(cells, 0, 1)
    parents = pc.list_parent_indices(firsts).to_numpy()
    found: list = [None] * len(cells)
    inner = values(firsts.flatten(), column, called, rows[parents])
    for parent, value in zip(parents, inner, strict=True):
        found[parent] = value
    return found


def _no_floats(cells: pa.Array, column: Column, called: str, rows: np.ndarray) -> list[None]:
    numbers = cells.to_numpy(zero_copy_only=False).astype(np.float64)
    known = np.flatnonzero(~np.isnan(numbers))
    if len(known):
        held = f"the number {numbers[known[0]]}"
        raise column.error(called, rows[known[0]], cells.type, held)
    return [None] * len(cells)


def _decoded(cells: pa.Array, column: Column, called: str, rows: np.ndarray) -> list:
    found = []
    for row, data in zip(rows, cells.to_pylist(), strict=True):
        try:
            if data is not None and column.digits and len(data) == column.digits // 2:
                found.append(data.hex())
            else:
                found.append(None if data is None else data.decode())
        except UnicodeDecodeError as error:
            held = f"{len(data):,} bytes that are no UTF-8"
            raise column.error(called, row, cells.type, held) from error
    return found
