"""The central square of an image in a model's size, at the cost of the centre alone.

Pillow's antialiased bicubic filter brings the shorter side to the resolution; then the central
square is cut out. On the way an image of 2 × 30,000 pixels would grow to 512 × 7,680,000: some
gigabytes, of which nearly all is cut off. So for an image that is much longer than wide, only the
pixels of the square are computed. The arithmetic is Pillow's own, and the result is the same to the
byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from PIL import Image

from mia.central_square import corner, scaled

LONG = 8  # times as long as wide: an image up to this is resized whole
BITS = 22  # number of bits of a weight after the point
SUPPORT = 2.0  # of the bicubic filter, in pixels


def centre_square(picture: Image.Image, resolution: int) -> np.ndarray:
    """Return the central square of an RGB image, uint8 `(resolution, resolution, 3)`."""
    if max(picture.size) > LONG * min(picture.size):
        return of_long(picture, resolution)
    size = scaled(picture.size, resolution)
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    left, top = corner(size, resolution)
    return np.asarray(picture.crop((left, top, left + resolution, top + resolution)))


def of_long(picture: Image.Image, resolution: int) -> np.ndarray:
    """Return what `centre_square` does, computing no pixel outside the square."""
    size = scaled(picture.size, resolution)
    axes = [_Axis(*sides, resolution) for sides in zip(picture.size, size, strict=True)]
    across, down = axes
    box = (across.first, down.first, across.last, down.last)
    pixels = np.asarray(picture.crop(box))
    # The order of the two axes matters, as each step rounds. Pillow 13 takes the columns first if
    # the height shrinks by more than twice what the width does.
    (width, height), (wide, high) = picture.size, size
    if height > high and height - high > 2 * (width - wide):
        return across.along(down.along(pixels, 0), 1)
    return down.along(across.along(pixels, 1), 0)


@dataclass
class _Axis:
    """Which pixels of one axis make those of the square, and by which weights.

    Attributes:
        first: The first pixel that is needed; last: the one after the last.
        places: Pixel of each weight, `(resolution, taps)`, counted from `first`.
        weights: Integers of `BITS` bits after the point, `(resolution, taps)`.
    """

    before: int
    after: int
    resolution: int

    def __post_init__(self) -> None:
        start = (self.after - self.resolution) // 2
        if self.before == self.after:
            self.first, self.last = start, start + self.resolution
            return
        scale = self.before / self.after
        widened = max(scale, 1.0)
        centres = (np.arange(start, start + self.resolution) + 0.5) * scale
        low = (centres - SUPPORT * widened + 0.5).astype(np.int64).clip(0)
        high = (centres + SUPPORT * widened + 0.5).astype(np.int64).clip(max=self.before)
        self.first, self.last = int(low.min()), int(high.max())
        places = low[:, None] + np.arange(2 * ceil(SUPPORT * widened) + 1)
        weights = _bicubic((places - centres[:, None] + 0.5) * (1.0 / widened))
        weights = np.where(places < high[:, None], weights, 0.0)
        weights = weights / np.cumsum(weights, axis=1)[:, -1:]  # summed one by one, as in C
        self.weights = np.trunc(weights * 2**BITS + np.copysign(0.5, weights)).astype(np.int64)
        self.places = places.clip(max=self.last - 1) - self.first

    def along(self, pixels: np.ndarray, axis: int) -> np.ndarray:
        """Return uint8 pixels, cut to `first` … `last`, resampled along an axis."""
        if self.before == self.after:
            return pixels
        lines = np.moveaxis(pixels, axis, 0)
        total = np.full((self.resolution, *lines.shape[1:]), 2 ** (BITS - 1), np.int64)
        for places, weights in zip(self.places.T, self.weights.T, strict=True):
            total += lines[places] * weights[:, None, None]
        return np.moveaxis((total >> BITS).clip(0, 255).astype(np.uint8), 0, axis)


def _bicubic(x: np.ndarray) -> np.ndarray:
    """Keys' cubic convolution with a = -1/2, in Pillow's order of operations."""
    a, x = -0.5, np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    return np.where(x < 1, near, np.where(x < 2, (((x - 5) * x + 8) * x - 4) * a, 0.0))
