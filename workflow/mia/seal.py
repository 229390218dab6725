"""Checksums inside our own files, so that a bit that flips on a disk is an error, not a number.

A sealed file holds the key `mia.crc32` and eight hexadecimal digits where its format keeps remarks.
The digits are the CRC-32 of all its bytes, with zeros in place of the digits. So they cover header
and footer too, which the checksums of Parquet's pages leave out. An older run wrote no key; such a
file is not checked.
"""

from __future__ import annotations

import re
import shlex
import zlib
from functools import lru_cache
from mmap import ACCESS_READ, mmap
from pathlib import Path

KEY = "mia.crc32"
UNSEALED = "00000000"
# Finds the key in Parquet's footer, in JSON, and in JSON within JSON.
PLACE = re.compile(KEY.encode() + rb'(?:\x18\x08|\\?": ?\\?")([0-9a-f]{8})')
PARQUET = b"PAR1"


class UnreadableFile(ValueError):
    """A file is not what is expected; the message names it and says what to do."""


class DamagedFile(UnreadableFile):
    """A file of the pipeline is not as it was written."""

    def __init__(self, path: str | Path, found: str) -> None:
        super().__init__(
            f"{path}: damaged: {found}. To have it made anew: rm {shlex.quote(str(path))}, "
            "then run again"
        )


def seal(path: str | Path) -> None:
    """Fill in the checksum of a file that was written with `UNSEALED` under `KEY`."""
    with open(path, "r+b") as file, mmap(file.fileno(), 0) as data:
        place = _place(data)
        if place is None or data[place : place + 8] != UNSEALED.encode():
            raise ValueError(f"{path}: no place for a checksum")
        data[place : place + 8] = _checksum(data, place)


def check(path: str | Path) -> None:
    """Raise a DamagedFile unless a sealed file is as it was written.

    A process checks each version of a file once.
    """
    stat = Path(path).stat()
    _check(str(path), stat.st_size, stat.st_mtime_ns, stat.st_ino)


@lru_cache(maxsize=4096)
def _check(path: str, size: int, *_of_this_version: int) -> None:
    if not size:
        raise DamagedFile(path, "it is empty")
    with open(path, "rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        place = _place(data)
        if place is None:
            return
        found, expected = _checksum(data, place), data[place : place + 8]
    if found != expected:
        raise DamagedFile(path, f"its checksum is {found.decode()}, not {expected.decode()}")


def _place(data: mmap) -> int | None:
    """Return where the eight digits begin: near Parquet's end, at the head of other formats."""
    find = data.rfind if data[:4] == PARQUET else data.find
    start = find(KEY.encode())
    match = PLACE.match(data, start) if start >= 0 else None
    return match.start(1) if match else None


def _checksum(data: mmap, place: int) -> bytes:
    with memoryview(data) as view, view[:place] as head, view[place + len(UNSEALED) :] as tail:
        total = zlib.crc32(tail, zlib.crc32(UNSEALED.encode(), zlib.crc32(head)))
    return f"{total:08x}".encode()
