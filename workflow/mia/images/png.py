"""Prepare PNG files for Pillow: unneeded chunks are left out, transparent values kept.

Pillow refuses a file for a text or profile above its limits, or for any other damaged remark. It
compares a transparent grey value of 2 or 4 bits with levels of 8 bits, and a transparent colour of
16 bits a channel with high bytes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Beside the critical chunks, whose names begin with a capital: transparency, animation, EXIF.
NEEDED = (b"tRNS", b"acTL", b"fcTL", b"fdAT", b"eXIf")
DEPTH, COLOUR = 24, 25  # places in the file
GREY, RGB = 0, 2
LEVELS = {2: 85, 4: 17}  # size of a grey step of so many bits, in steps of 8 bits


def without_remarks(data: bytes) -> bytes:
    """Return a PNG without the chunks that its pixels do not need; other files are unchanged.

    >>> text = (5).to_bytes(4) + b"tEXta\\0bcd" + bytes(4)
    >>> without_remarks(SIGNATURE + text) == SIGNATURE, without_remarks(b"GIF8") == b"GIF8"
    (True, True)
    """
    if not data.startswith(SIGNATURE):
        return data
    kept, place = [SIGNATURE], len(SIGNATURE)
    while place < len(data):
        length = int.from_bytes(data[place : place + 4])
        kind, end = data[place + 4 : place + 8], place + 12 + length
        if kind[:1].isupper() or kind in NEEDED or len(kind) < 4:
            kept.append(data[place:end])
        place = end
    return b"".join(kept)


def mend_transparency(picture: Image.Image, data: bytes, opened: Callable) -> None:
    """Correct the transparency of a loaded PNG where Pillow does not read it as its file says.

    Args:
        picture: The loaded image; changed in place.
        data: Its file.
        opened: Opens `data` once more, without loading it.
    """
    value = picture.info.get("transparency")
    depth, colour = data[DEPTH], data[COLOUR]
    if value is None:
        return
    if colour == GREY and depth in LEVELS:
        picture.info["transparency"] = value * LEVELS[depth]
    if colour == RGB and depth == 16:
        levels = 256 * np.asarray(picture, dtype=np.uint16) + _low_bytes(opened)
        shown = (levels != value).any(axis=2)
        del picture.info["transparency"]
        picture.putalpha(Image.fromarray(255 * shown.astype(np.uint8)))


def _low_bytes(opened: Callable) -> np.ndarray:
    """Low bytes of 16 bits a channel: the file read as if they came first."""
    picture = opened()
    picture.tile = [tile._replace(args="RGB;16L") for tile in picture.tile]
    return np.asarray(picture)
