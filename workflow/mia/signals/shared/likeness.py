"""How alike two images are: what black-box signals store of an output and the image itself.

Pixels are in [0, 1]. Distances are roots of mean squares, so that they are in units of pixels and
a threshold such as δ = 0.15 reads as in Carlini et al. 2023 (arXiv 2301.13188, section 4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mia.signals.shared.ssim import grey, ssim

if TYPE_CHECKING:
    from torch import Tensor

TILES = 4  # tiles a side
LIKENESS = ("l1_pixel", "rms_pixel", "tile_rms", "ssim")


def unit(pixels: Tensor) -> Tensor:
    """Return images of about [−1, 1] in [0, 1], as an image file would hold them, not rounded."""
    return (pixels.clamp(-1, 1) + 1) / 2


def likeness(image: Tensor, output: Tensor) -> Tensor:
    """Return `LIKENESS` of pairs of images, `(rows, 4)`, float64.

    They are the mean absolute difference, the root of the mean squared difference, the largest such
    root among tiles (`tile_rms`), and the SSIM of the grey images.

    Args:
        image, output: `(rows, 3, height, width)` in [0, 1].
    """
    import torch

    image, output = image.double(), output.double()
    l1 = (image - output).abs().flatten(1).mean(1)
    similar = ssim(grey(image), grey(output))
    return torch.stack([l1, rms(image, output), tile_rms(image, output), similar], 1)


def rms(one: Tensor, other: Tensor) -> Tensor:
    """Return √mean (one − other)² of each row, `(rows,)`, float64."""
    return (one.double() - other.double()).flatten(1).square().mean(1).sqrt()


def tile_rms(one: Tensor, other: Tensor) -> Tensor:
    """Return the largest `rms` among 4 × 4 tiles of each row, `(rows,)`, float64.

    Two images that share a background alone are far apart in the tile that shows the object. Tiles
    are of nearly equal size where 4 does not divide a side.

    Args:
        one, other: `(rows, channels, height, width)`, sides of at least 4.
    """
    import torch

    squares = (one.double() - other.double()).square()
    rows = [
        part for band in squares.tensor_split(TILES, -2) for part in band.tensor_split(TILES, -1)
    ]
    return torch.stack([tile.flatten(1).mean(1).sqrt() for tile in rows]).amax(0)
