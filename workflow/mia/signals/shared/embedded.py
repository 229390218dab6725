"""How alike an output and the image are to an image encoder, where a query asks it besides.

The encoder is the one that `audit.embedding` names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from mia.query import Query
from mia.signals.shared.besides import EMBEDDED, asks

if TYPE_CHECKING:
    from torch import Tensor

    from mia.signals.shared.outputs import Output


def compares_embeddings(query: Query) -> bool:
    """Return whether the answer depends on the image encoder."""
    return asks(query, EMBEDDED)


def cosine(
    query: Query,
    image: Tensor,
    outputs: Sequence[Output],
    row: int,
    embed: Callable[[Tensor], Tensor] | None,
    once: Callable[..., Any],
) -> Tensor:
    """Return the cosine of the last of `outputs` of one image, `(1,)`, float64, in [−1, 1].

    Both images are at the model's resolution. It is NaN where the query has not the field.

    Args:
        query: Says whether to compare.
        image: The image, `(3, height, width)` in [−1, 1].
        outputs: Draws 0 … d.
        row: Of the image in `outputs`.
        embed: `embed_image` of the batch.
        once: `once` of the batch: the image itself is embedded once for all draws.

    Raises:
        ValueError: The query has the field, and the batch has no encoder.
    """
    import torch

    if not compares_embeddings(query):
        return torch.full((1,), torch.nan, dtype=torch.float64)
    if embed is None:
        raise ValueError("a batch without an image encoder: a query compares embeddings")
    own = once(("embedding", row), lambda: embed(image))
    return (own @ embed(2 * outputs[-1].pixels[row] - 1))[None]
