"""Which files of a folder are images, by their endings; others are counted by their kind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

OPENED = frozenset(
    [
        *(".apng", ".avif", ".bmp", ".gif", ".jfi", ".jfif", ".jif", ".jpe", ".jpeg"),
        *(".jpg", ".mpo", ".pjp", ".pjpeg", ".png", ".tif", ".tiff", ".webp"),
    ]
)
# Formats that nothing here opens: rows with a status, so that they count as failures.
UNSUPPORTED = frozenset(
    [
        *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".exr"),
        *(".flif", ".heic", ".heics", ".heif", ".heifs", ".hif", ".ico", ".j2c", ".j2k"),
        *(".jls", ".jp2", ".jpc", ".jpf", ".jpm", ".jpx", ".jxl", ".jxr", ".kdc"),
        *(".mef", ".mrw", ".nef", ".nrw", ".orf", ".pbm", ".pcx", ".pef", ".pgm"),
        *(".pnm", ".ppm", ".qoi", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf"),
        *(".srw", ".tga", ".wdp", ".x3f"),
    ]
)
PLAIN_ENDING = re.compile(r"\.[a-z][a-z0-9_]{0,11}")


def ending(name: str) -> str:
    """Return a file's ending in lower case, with its dot; "" where it has none.

    >>> [ending(name) for name in ("a/B.JPG", "a.b/c", ".png")]
    ['.jpg', '', '']
    """
    return PurePosixPath(name).suffix.lower()


def is_picture(name: str) -> bool:
    """Whether a file is an image, by its ending; it may be one that is not opened here."""
    return ending(name) in OPENED or ending(name) in UNSUPPORTED


def kinds(names: Iterable[str], captions: Collection[str] = ()) -> dict[str, int]:
    """Count files that are no images by their endings; those of `captions` by themselves.

    >>> kinds(["a.txt", "b.TXT", "c.txt", "LICENSE", "x.0001"], ["c.txt"])
    {'.txt': 2, '.txt, read as captions': 1, 'no ending': 1, 'other endings': 1}
    """
    return dict(sorted(Counter(_kind(name, captions) for name in names).items()))


def _kind(name: str, captions: Collection[str]) -> str:
    found = ending(name)
    if name in captions:
        return f"{found}, read as captions"
    return (found if PLAIN_ENDING.fullmatch(found) else "other endings") if found else "no ending"
