"""How the square that a model sees is cut from an image, by the name of the preparation.

`centre` is Stable Diffusion's: one antialiased bicubic resize, then the centre. `adm` is that of
ADM (Dhariwal & Nichol 2021, arXiv 2105.05233) and of DiT, models of ImageNet.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from mia.central_square import halvings
from mia.images.centre import centre_square

CENTRE = "centre"


def adm_square(picture: Image.Image, resolution: int) -> np.ndarray:
    """Return the central square of an RGB image, uint8 `(resolution, resolution, 3)`.

    While the shorter side is at least twice the resolution, both sides are halved, each pixel being
    the mean of a box. The bicubic filter does the rest, as in `centre_square`. So fine detail
    differs from what one resize leaves of it.
    """
    for size in halvings(picture.size, resolution):
        picture = picture.resize(size, Image.Resampling.BOX)
    return centre_square(picture, resolution)


SQUARES: dict[str, Callable[[Image.Image, int], np.ndarray]] = {
    CENTRE: centre_square,
    "adm": adm_square,
}
