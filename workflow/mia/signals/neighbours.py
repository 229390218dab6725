"""`neighbours`: the denoising loss of crops and mirror images of the image, same draw.

The image itself is changed and encoded anew: `crop` keeps the central share of both sides,
resized back with an antialiased bicubic filter; `flip` mirrors left and right. A row holds
`l1_neighbour`, `loss_neighbour`, `l4_neighbour`: mean |r|, r², r⁴ of the residual r.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from mia.query import Query

if TYPE_CHECKING:
    from torch import Tensor

    from mia.measuring.batch import Batch, Rows

MEASURES = ("l1_neighbour", "loss_neighbour", "l4_neighbour")
NEEDS_PIXELS = True


def predictions(query: Query) -> frozenset[Hashable]:
    """Return the U-Net evaluations that answer `query`, one identifier each."""
    return frozenset({("neighbour", query.timestep, query.draw, query.condition, *query.further)})


def measure(batch: Batch, rows: Rows) -> Tensor:
    """Return the measures of `rows`: `(rows, len(MEASURES))`, float64."""
    import torch

    kind = next(iter(rows.further.items()))
    z0 = batch.once(("neighbour", kind), lambda: batch.encode(changed(batch.pixels, *kind)))
    noise = batch.noise(rows)
    estimate = batch.epsilon(batch.noised(rows, noise, z0[rows.image]), rows, rows.condition)
    residual = (noise - estimate).flatten(1).double().abs()
    return torch.stack([(residual**p).mean(1) for p in (1, 2, 4)], dim=1)


def changed(pixels: Tensor, kind: str, amount: float) -> Tensor:
    """Return crops (`kind` crop, `amount` the share kept) or mirror images (`kind` flip).

    Args:
        pixels: `(images, 3, height, width)` in [−1, 1].
    """
    import torch

    if kind == "flip":
        return pixels.flip(-1)
    height, width = pixels.shape[-2:]
    rows, columns = (max(1, round(amount * side)) for side in (height, width))
    top, left = (height - rows) // 2, (width - columns) // 2
    crop = pixels[..., top : top + rows, left : left + columns]
    resized = torch.nn.functional.interpolate(
        crop, (height, width), mode="bicubic", antialias=True, align_corners=False
    )
    return resized.clamp(-1, 1)
