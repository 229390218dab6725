"""What is known of an image once it is opened: one row, whether it could be used or not."""

from __future__ import annotations

import hashlib
from typing import Any

import pandas as pd
from PIL import Image

from mia.images import hashes, jpeg
from mia.images.pictures import PictureError, open_picture, to_rgb
from mia.images.statistics import statistics

PLANNED = ("key", "part", "row", "url", "place", "caption", "alternates", "family", "sha256")
STRINGS = ("image_id", "format", "mode", "phash", "phash_mirror")
NUMBERS = ("width", "height", "bytes", "jpeg_quality", "jpeg_sampling", "has_exif")
STATISTICS = tuple(statistics(Image.new("RGB", (8, 8))))
COLUMNS = (
    "image_id",
    *NUMBERS,
    "format",
    "mode",
    "phash",
    "phash_mirror",
    "thumbnail",
    *STATISTICS,
)


def describe(data: bytes, pixel_limit: int) -> dict[str, Any]:
    """Return `status`, `error` and, for a usable image, the values of `COLUMNS`.

    `image_id` is the sha256 of the bytes, in hexadecimal; the size is the file's own, in pixels;
    `has_exif` is 1 or 0.

    >>> describe(b"<html>", 100)["status"]
    'not_an_image'
    """
    try:
        picture = open_picture(data, pixel_limit)
        rgb = to_rgb(picture)
    except PictureError as error:
        return {"status": error.status, "error": str(error)}
    return {
        "status": "success",
        "error": "",
        "image_id": hashlib.sha256(data).hexdigest(),
        "width": picture.width,
        "height": picture.height,
        "bytes": len(data),
        "jpeg_quality": jpeg.quality(picture),
        "jpeg_sampling": jpeg.sampling(picture),
        "has_exif": int("exif" in picture.info),
        "format": picture.format,
        "mode": picture.mode,
        "phash": hashes.perceptual_hash(rgb),
        "phash_mirror": hashes.mirror_hash(rgb),
        "thumbnail": hashes.thumbnail(rgb),
        **statistics(rgb),
    }


def captioned(url: str | None, key: str, image_set: str) -> dict[str, Any]:
    """Return `status`, `error` and `image_id` of a row of a set that has captions alone.

    Rows with one address are one image, in any set. A row without an address is like no other.

    >>> one, other = (captioned("http://a/b", key, "mine") for key in ("0" * 16, "1" * 16))
    >>> one == other, one["status"]
    (True, 'success')
    """
    name = url if isinstance(url, str) and url else f"{image_set}:{key}"
    image_id = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    return {"status": "success", "error": "", "image_id": image_id}


def typed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with each column's type set, so that a shard of failures looks like any other."""
    kinds = dict.fromkeys((*set(PLANNED) - {"row"}, "status", "error", *STRINGS), "string")
    kinds |= dict.fromkeys(NUMBERS, "Int64") | dict.fromkeys(STATISTICS, "float64")
    return rows.astype({**kinds, "row": "int64", "thumbnail": "object"})
