"""How a JPEG file was compressed, from its header: a trace of who saved it."""

from __future__ import annotations

from PIL import Image
from PIL.JpegImagePlugin import get_sampling

# Sum of the luminance table of the JPEG standard (ITU-T T.81, table K.1), which is quality 50.
STANDARD_SUM = 3688


def quality(picture: Image.Image) -> int | None:
    """Return the quality, 1 to 100, by which libjpeg would quantise as coarsely.

    It follows from the sum of the luminance table. Below 25 it is too high, as libjpeg cuts off
    steps above 255. None if the image is no JPEG.

    >>> quality(Image.new("RGB", (8, 8)))
    """
    table = (getattr(picture, "quantization", None) or {}).get(0)
    if not table:
        return None
    scale = 100 * sum(table) / STANDARD_SUM
    found = (200 - scale) / 2 if scale <= 100 else 5000 / scale
    return max(1, min(100, round(found)))


def sampling(picture: Image.Image) -> int | None:
    """Return the chroma subsampling: 0 (4:4:4), 1 (4:2:2), 2 (4:2:0) or -1 (another, or grey).

    None if the image is no JPEG.
    """
    return get_sampling(picture) if hasattr(picture, "layers") else None
