"""The locator that an image is found by, and the shard that follows from it."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

BLOCK = 100  # rows of a Parquet file that lie in one shard, so that few jobs read a row group
IN_PARQUET = re.compile(r"(?s)(.+\.parquet#)(\d+)", re.IGNORECASE)


def file_locator(folder: str, name: str) -> str:
    """Return the locator of an image in a folder: the folder as the config gives it, and its name.

    >>> file_locator("./data/mine/", "a.png")
    'data/mine/a.png'
    """
    return str(PurePosixPath(folder) / name)


def inner_locator(file: str, name: str | int) -> str:
    """Return the locator of an image inside a file: the file, and its row or name there.

    >>> inner_locator("data/t.parquet", 17)
    'data/t.parquet#17'
    """
    return f"{file}#{name}"


def shard_name(locator: str) -> str:
    """Return the name whose digest decides a row's shard: its locator, or that of its block.

    >>> shard_name("data/t.parquet#1734"), shard_name("data/a.png")
    ('data/t.parquet#1700', 'data/a.png')
    """
    found = IN_PARQUET.fullmatch(locator)
    return f"{found[1]}{int(found[2]) // BLOCK * BLOCK}" if found else locator


def digest(text: str) -> str:
    """Return the first 16 hexadecimal digits of a text's sha256."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def shard(digest: str, shards: int) -> int:
    """Return the shard of a row: the digest of its `shard_name` modulo the number of shards."""
    return int(digest, 16) % shards
