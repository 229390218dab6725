"""Traits that find near-duplicates: a perceptual hash, the mirror image's, a thumbnail."""

from __future__ import annotations

import imagehash
import numpy as np
from PIL import Image, ImageOps

SIDE = 32


def perceptual_hash(picture: Image.Image) -> str:
    """Return the 64-bit pHash of an image as 16 hexadecimal digits.

    Each bit is the sign of one of the 8×8 lowest DCT coefficients of a 32×32 grey image against
    their median (imagehash).
    """
    return str(imagehash.phash(picture))


def mirror_hash(picture: Image.Image) -> str:
    """Return the pHash of the image's left-right mirror image."""
    return perceptual_hash(ImageOps.mirror(picture))


def thumbnail(picture: Image.Image) -> bytes:
    """Return the image squeezed to 32×32 pixels: 3,072 bytes, rows of RGB."""
    small = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
    return small.tobytes()


def thumbnails(stored: list[bytes]) -> np.ndarray:
    """Return stored thumbnails as a uint8 array `(n, 32, 32, 3)`."""
    return np.frombuffer(b"".join(stored), np.uint8).reshape(-1, SIDE, SIDE, 3)


def rmse(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the root mean square difference of thumbnails, pair by pair, in [0, 1].

    Args:
        a: uint8 array `(n, 32, 32, 3)`.
        b: The same.

    Returns:
        float64 array `(n,)`; 0 for equal images, 1 for black against white.

    >>> rmse(np.zeros((1, 32, 32, 3), np.uint8), np.full((1, 32, 32, 3), 255, np.uint8)).tolist()
    [1.0]
    """
    difference = a.astype(np.int32) - b
    return np.sqrt((difference**2).mean(axis=(1, 2, 3))) / 255


def bits(hashes: list[str]) -> np.ndarray:
    """Return hexadecimal hashes as uint64, for Hamming distances."""
    return np.array([int(text, 16) for text in hashes], dtype=np.uint64)
