"""Ways in which people put one file in the place of another, dates older than before."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

YEAR = 365 * 24 * 3600


def older(path: Path) -> None:
    """Set a date long before that of anything a run makes."""
    stamp = time.time() - YEAR
    os.utime(path, (stamp, stamp))


def in_place(path: Path, data: bytes) -> None:
    """As `cp -p` does: the same inode, an older date."""
    path.write_bytes(data)
    older(path)


def renamed(path: Path, data: bytes) -> None:
    """As `mv` and `rsync -a` do: a new inode under the old name."""
    new = path.with_name(f"{path.name}.new")
    in_place(new, data)
    os.replace(new, path)


def unpacked(path: Path, data: bytes) -> None:
    """As `tar -x` does: removed, and made anew."""
    path.unlink()
    in_place(path, data)


def linked(path: Path, data: bytes) -> None:
    """A link to a file that lies elsewhere."""
    elsewhere = path.parent.parent / f".{path.name}.elsewhere"
    in_place(elsewhere, data)
    path.unlink()
    path.symlink_to(elsewhere.resolve())


def moved_in(path: Path, data: bytes) -> None:
    """As `mv` of a whole folder does: no file in it gets a new date of any kind."""
    folder = path.parent
    new = folder.with_name(f"{folder.name}.new")
    shutil.copytree(folder, new, symlinks=True)
    in_place(new / path.name, data)
    shutil.rmtree(folder)
    new.rename(folder)


WAYS = (in_place, renamed, unpacked, linked, moved_in)


def changed(data: bytes) -> bytes:
    """Other bytes of the same length: one digit is another one, so that JSON stays JSON."""
    middle = len(data) // 2
    for i in (*range(middle, len(data)), *range(middle)):
        if data[i : i + 1].isdigit():
            return data[:i] + (b"2" if data[i : i + 1] == b"1" else b"1") + data[i + 1 :]
    raise ValueError("no digit in it")
