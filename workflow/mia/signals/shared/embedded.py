"""What a query may ask besides: how alike an output and the image are to an image encoder.

A query with the further field `embedded` is answered by the encoder that `audit.embedding` names,
in the column `cosine`. Its row holds all other columns too. So it answers the query without the
field, whose `cosine` is NaN, and an image that the model has made is made once for both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mia.query import Query

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

    from mia.signals.shared.outputs import Output

FIELD = "embedded"
COSINE = ("cosine",)


def compares_embeddings(query: Query) -> bool:
    """Return whether the answer depends on the image encoder."""
    return bool(dict(query.further).get(FIELD))


def bare(query: Query) -> Query:
    """Return the query without the field: what says how outputs are made."""
    return replace(query, further=tuple(pair for pair in query.further if pair[0] != FIELD))


def answered_by(query: Query) -> tuple[Query, ...]:
    """Return the query with the field, for one without it."""
    if compares_embeddings(query):
        return ()
    return (replace(query, further=tuple(sorted((*query.further, (FIELD, True))))),)


def narrow(rows: pd.DataFrame, query: Query) -> pd.DataFrame:
    """Return rows with the field as those of `query`, which lacks it."""
    return rows.assign(**dict.fromkeys(COSINE, float("nan")))


def cosine(
    query: Query,
    image: Tensor,
    outputs: Sequence[Output],
    row: int,
    embed: Callable[[Tensor], Tensor] | None,
    once: Callable[..., Any],
) -> Tensor:
    """Return `COSINE` of the last of `outputs` of one image, `(1,)`, float64, in [−1, 1].

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
