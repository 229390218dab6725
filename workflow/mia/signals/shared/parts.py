"""Rows that go through a backward pass together, as many as memory has room for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def in_parts(
    batch: Any, what: str, rows: int, most: int, work: Callable[[Sequence[int]], Sequence[Tensor]]
) -> tuple[Tensor, ...]:
    """Return what `work` gives for all rows, done for at most `most` rows at a time.

    A part that does not fit into memory is halved. The size that fitted is kept for later batches;
    it is not that of evaluations without a gradient, which take less memory.

    Args:
        batch: Keeps that size; `mia.measuring.batch.Batch`.
        what: Name under which it is kept.
        rows: Number of rows.
        most: Most rows at a time, 1 or more.
        work: Places of some rows to tensors with one row each.
    """
    import torch

    key, done, start = ("rows at once", what), [], 0
    while start < rows:
        size = min(most, batch.learnt.get(key, most))
        places = range(start, min(start + size, rows))
        try:
            done.append(work(places))
        except torch.OutOfMemoryError:
            if len(places) == 1:
                raise
            batch.learnt[key] = len(places) // 2
        else:
            start = places.stop
            continue
        torch.cuda.empty_cache()
    return tuple(torch.cat(found) for found in zip(*done, strict=True))
