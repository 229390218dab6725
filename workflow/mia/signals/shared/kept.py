"""The image that a model made, where a query asks to keep it (`measure: {keep: true}`).

It stands in its row as a list, uint8: row by row, red, green and blue of each pixel, 0 to 255.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mia.query import Query
from mia.signals.shared.besides import KEPT, OUTPUT, asking, asks

if TYPE_CHECKING:
    from torch import Tensor

    from mia.signals.shared.outputs import Output

LISTS = (OUTPUT,)


def keeping(query: Query) -> Query:
    """Return the query that keeps the output of `query` too."""
    return asking(query, KEPT)


def columns(
    measures: Sequence[str],
    numbers: Tensor,
    outputs: Sequence[Output],
    images: Sequence[int],
    query: Query,
) -> dict[str, Tensor]:
    """Return the columns of rows: their measures, `(rows,)` each, and the output where it is kept.

    Args:
        measures: Their names.
        numbers: `(rows, measures)`.
        outputs: The output of each row's draw.
        images: Place of each row's image in it.
        query: Of any row; whether to keep is the same for all.
    """
    import torch

    found = dict(zip(measures, numbers.T, strict=True))
    if not asks(query, KEPT):
        return found
    pixels = torch.stack([out.pixels[image] for out, image in zip(outputs, images, strict=True)])
    return {**found, OUTPUT: (pixels * 255).round().to(torch.uint8).permute(0, 2, 3, 1).flatten(1)}
