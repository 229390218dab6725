"""The image that a model made, where a query asks to keep it (`measure: {keep: true}`).

It stands in its row as a list, uint8: row by row, red, green and blue of each pixel, 0 to 255.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mia.query import Query
from mia.signals.shared.besides import KEPT, OUTPUT, asking

if TYPE_CHECKING:
    from torch import Tensor

    from mia.measuring.batch import Rows
    from mia.signals.shared.outputs import Output

LISTS = (OUTPUT,)


def keeping(query: Query) -> Query:
    """Return the query that keeps the output of `query` too."""
    return asking(query, KEPT)


def columns(
    measures: Sequence[str], numbers: Tensor, rows: Rows, outputs: Sequence[Output]
) -> dict[str, Tensor]:
    """Return the columns of rows: their measures, `(rows,)` each, and the output where it is kept.

    Args:
        measures: Their names.
        numbers: `(rows, measures)`.
        rows: The rows, which ask alike.
        outputs: Of each row.
    """
    import torch

    found = dict(zip(measures, numbers.T, strict=True))
    if not rows.further.get(KEPT):
        return found
    pairs = zip(outputs, rows.image.tolist(), strict=True)
    pixels = torch.stack([output.pixels[image] for output, image in pairs])
    return {**found, OUTPUT: (pixels * 255).round().to(torch.uint8).permute(0, 2, 3, 1).flatten(1)}
