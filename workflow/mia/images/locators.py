"""The locator that an image is found by, and the shard that follows from it."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath


def file_locator(folder: str, name: str) -> str:
    """Return the locator of an image in a folder: the folder as the config gives it, and its name.

    >>> file_locator("./data/mine/", "a.png")
    'data/mine/a.png'
    """
    return str(PurePosixPath(folder) / name)


def digest(text: str) -> str:
    """Return the first 16 hexadecimal digits of a text's sha256."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def shard(digest: str, shards: int) -> int:
    """Return the shard of a row: its locator's digest modulo the number of shards."""
    return int(digest, 16) % shards
