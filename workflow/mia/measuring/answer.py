"""What a signal answered, by column: a number for each row, or a list of numbers for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mia.signals.shared.contract import columns_of, traits_of

if TYPE_CHECKING:
    from torch import Tensor

Answer = Mapping[str, np.ndarray]


def answer(signal: ModuleType, measured: Tensor | Mapping[str, Tensor]) -> Answer:
    """Return what `signal.measure` returned, by column.

    Returns:
        `(rows,)` for each of its `MEASURES`; `(rows, length)` for each of its `LISTS` that was
        asked for.

    Raises:
        ValueError: A column is missing, is not the signal's, or has not the shape of its kind.
    """
    if not isinstance(measured, Mapping):
        return dict(zip(signal.MEASURES, measured.cpu().numpy().T, strict=True))
    columns = {name: values.cpu().numpy() for name, values in measured.items()}
    wrong = {*columns} - {*columns_of(signal)} | {*signal.MEASURES} - {*columns}
    wrong |= {name for name, values in columns.items() if values.ndim != _ndim(signal, name)}
    if wrong:
        raise ValueError(
            f"signal {signal.__name__}: {', '.join(sorted(wrong))}: expected (rows,) for each of "
            "MEASURES and (rows, length) for those of LISTS that were asked for"
        )
    return columns


def together(signal: ModuleType, answers: Sequence[tuple[int, Answer]]) -> pd.DataFrame:
    """Return the rows of several answers in one table, with all columns of the signal.

    Args:
        answers: Number of rows and columns of each.

    Returns:
        A list is an array in a cell, and None where it was not asked for.
    """
    numbers = {
        name: np.concatenate([columns[name] for _, columns in answers]) for name in signal.MEASURES
    }
    lists = {
        name: [cell for rows, columns in answers for cell in columns.get(name, [None] * rows)]
        for name in traits_of(signal).lists
    }
    return pd.DataFrame(numbers | lists)


def is_infinite(table: pd.DataFrame, signal: ModuleType) -> bool:
    """Return whether a number of the signal is infinite, in a list or by itself."""
    cells = [cell for name in traits_of(signal).lists for cell in table[name] if cell is not None]
    numbers = table[list(signal.MEASURES)].to_numpy()
    return bool(np.isinf(numbers).any() or any(np.isinf(cell).any() for cell in cells))


def _ndim(signal: ModuleType, name: str) -> int:
    return 2 if name in traits_of(signal).lists else 1
