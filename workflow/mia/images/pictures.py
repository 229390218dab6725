"""From raw bytes to pixels: one rule for every stage that looks at an image.

An image becomes RGB, with transparent pixels on white. EXIF rotation is not applied, as in
img2dataset and in Stable Diffusion's own preparation. The central square is cut out in the model's
resolution, as `mia.images.squares` says. Values are in [-1, 1].
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image, UnidentifiedImageError

from mia.images import png
from mia.images.squares import CENTRE, SQUARES

FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
# First bytes of the formats: a file that begins so and cannot be opened was cut off.
SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"II*\x00", b"MM\x00*")
TIFF_BITS, TIFF_INTERPRETATION, WHITE_IS_ZERO = 258, 262, 0


class PictureError(ValueError):
    """An image cannot be used.

    Args:
        status: `not_an_image`, `truncated` or `too_many_pixels`.
        message: What was found.
    """

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


def open_picture(data: bytes, pixel_limit: int) -> Image.Image:
    """Return the decoded image as its file has it; an animation gives its first frame.

    Args:
        data: Raw bytes of the file.
        pixel_limit: Most pixels (width × height); checked on the header, before decoding.

    Raises:
        PictureError: The bytes are no image, are cut off, or hold too many pixels.
    """
    data = png.without_remarks(data)
    with _decoding():
        picture = _opened(data)
    width, height = picture.size
    if width * height > pixel_limit:
        raise PictureError(
            "too_many_pixels", f"{width} × {height} pixels; expected at most {pixel_limit}"
        )
    with _decoding():
        picture.load()
        if picture.format == "PNG":
            png.mend_transparency(picture, data, lambda: _opened(data))
    return picture


@contextmanager
def _decoding() -> Iterator[None]:
    """Turn whatever a decoder raises, except for lack of memory, into this image's error."""
    try:
        yield
    except (MemoryError, PictureError):
        raise
    except Exception as error:
        raise PictureError("truncated", str(error) or type(error).__name__) from error


def prepare_checked(
    data: bytes, resolution: int, name: str, preparation: str = CENTRE
) -> np.ndarray:
    """Return an image as `prepare` does; its size was checked when its row was made.

    Raises:
        RuntimeError: Memory does not suffice; the message has `name`.
    """
    with naming(name):
        return prepare(open_picture(data, pixel_limit=2**62), resolution, preparation)


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Raise a RuntimeError that names the image if memory does not suffice for it."""
    try:
        yield
    except MemoryError as error:
        raise RuntimeError(
            f"picture {name}: memory does not suffice for it; give the job more, or leave the "
            "picture out, by a lower pixel_limit of its image set or by an exclude list"
        ) from error


def _opened(data: bytes) -> Image.Image:
    """Read the header only; our own limit counts, so Pillow's is put aside."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        if data.startswith(SIGNATURES):
            message = "the image's header is cut off, or of a kind that is not read"
            raise PictureError("truncated", message) from error
        raise PictureError("not_an_image", f"begins with {data[:24]!r}") from error
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def to_rgb(picture: Image.Image) -> Image.Image:
    """Return the image in RGB, transparent pixels on white, 16-bit grey scaled to 8 bits.

    Raises:
        PictureError: The image has no colours that can be shown.

    >>> to_rgb(Image.new("RGBA", (1, 1), (0, 0, 0, 0))).getpixel((0, 0))
    (255, 255, 255)
    """
    with _decoding():
        if picture.mode.startswith("I;16"):
            picture = _grey(picture)
        if picture.has_transparency_data:
            picture = picture.convert("RGBA")
            white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
            picture = Image.alpha_composite(white, picture)
        return picture.convert("RGB")


def prepare(picture: Image.Image, resolution: int, preparation: str = CENTRE) -> np.ndarray:
    """Return an image as a model sees it.

    Args:
        picture: Any mode, any size.
        resolution: Pixels of both sides.
        preparation: How the square is cut out: a name in `mia.images.squares`.

    Returns:
        float32 array `(3, resolution, resolution)` in [-1, 1].

    >>> prepare(Image.new("L", (40, 30), 255), 8).shape
    (3, 8, 8)
    """
    square = SQUARES[preparation](to_rgb(picture), resolution)
    pixels = square.astype(np.float32).transpose(2, 0, 1)
    return np.ascontiguousarray(pixels / 127.5 - 1)


def _grey(picture: Image.Image) -> Image.Image:
    """Return grey of 12 or 16 bits in 8 bits, with alpha if the file has a transparent value."""
    levels = np.asarray(picture)
    tags = getattr(picture, "tag_v2", {})
    bits = tags.get(TIFF_BITS, (16,))[0]
    grey = (levels >> (bits - 8)).astype(np.uint8)
    if tags.get(TIFF_INTERPRETATION) == WHITE_IS_ZERO:
        grey = 255 - grey
    found = Image.fromarray(grey)
    value = picture.info.get("transparency")
    if value is not None:
        found.putalpha(Image.fromarray(255 * (levels != value).astype(np.uint8)))
    return found
