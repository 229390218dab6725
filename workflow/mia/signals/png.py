"""`png`: how many bytes the image takes, encoded anew without loss. It asks the model nothing.

The image is the one that the model sees: cut, scaled to the model's resolution and rounded to 8
bits. So a row says how much there is in the image, not how its file was stored. A row holds
`png_bytes`: the length of a PNG file of these pixels (RGB, 8 bits, not interlaced, filters chosen
line by line by the encoder, zlib level 9, no further chunks), 1 or more.
"""

from __future__ import annotations

from collections.abc import Hashable
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from mia.query import Query

if TYPE_CHECKING:
    from torch import Tensor

    from mia.measuring.batch import Batch, Rows

MEASURES = ("png_bytes",)
NEEDS_PIXELS = True
LEVEL = 9


def predictions(query: Query) -> frozenset[Hashable]:
    """Return the U-Net evaluations that answer `query`: none."""
    return frozenset()


def measure(batch: Batch, rows: Rows) -> Tensor:
    """Return the measures of `rows`: `(rows, len(MEASURES))`, float64."""
    import torch

    def sizes() -> Tensor:
        found = [png_bytes(pixels) for pixels in batch.pixels.cpu().numpy()]
        return torch.tensor(found, dtype=torch.float64, device=batch.z0.device)

    return batch.once("png", sizes)[rows.image][:, None]


def png_bytes(pixels: np.ndarray) -> int:
    """Return the bytes of one image as PNG.

    Args:
        pixels: `(3, height, width)` in [−1, 1].
    """
    from PIL import Image

    levels = np.rint((np.clip(pixels, -1, 1).astype(np.float64) + 1) * 127.5).astype(np.uint8)
    file = BytesIO()
    image = Image.fromarray(np.ascontiguousarray(levels.transpose(1, 2, 0)))
    image.save(file, "PNG", optimize=False, compress_level=LEVEL)
    return len(file.getvalue())
