"""Answers of a model for as many rows at once as its GPU has memory for."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def within_memory(ask: Callable[[slice], Tensor], rows: int, size: int) -> tuple[Tensor, int]:
    """Return what `ask` answers for all rows, and how many rows at once turned out to fit.

    Args:
        ask: A slice of the rows to their answers, one row each.
        rows: How many there are, at least one.
        size: Most rows that are asked for at once. It is halved as long as they do not fit.

    Raises:
        torch.OutOfMemoryError: A single row does not fit.
    """
    answers: list[Tensor] = []
    start = 0
    while start < rows:
        part = slice(start, min(start + size, rows))
        try:
            answers.append(ask(part))
            start = part.stop
            continue
        except torch.OutOfMemoryError:
            if part.stop - part.start == 1:
                raise
        torch.cuda.empty_cache()
        size = -(-(part.stop - part.start) // 2)
    return torch.cat(answers), size
