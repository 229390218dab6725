"""Raw pictures in a tar: members named by key, sorted, equal pictures giving equal bytes."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path


def pack(pictures: Iterable[tuple[str, bytes]], path: str | Path) -> None:
    """Write (key, bytes) pairs, given in sorted order, as a tar at `path`.

    Raises:
        ValueError: The keys are not sorted, or one comes twice.
    """
    last = ""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for key, data in pictures:
            if key <= last:
                raise ValueError(f"{path}: {key!r} after {last!r}; expected sorted, single keys")
            last = key
            member = tarfile.TarInfo(key)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def names(path: str | Path) -> list[str]:
    """Return the keys of the pictures, in the tar's order, which is sorted."""
    with tarfile.open(path, "r:") as tar:
        return tar.getnames()


def unpack(path: str | Path, keys: Iterable[str] | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield (key, bytes) of the pictures named by `keys`, all by default, in the tar's order.

    Raises:
        ValueError: A key is not in the tar; the message names both.
    """
    wanted = None if keys is None else set(keys)
    found = set()
    with tarfile.open(path, "r:") as tar:
        for member in tar:
            if wanted is None or member.name in wanted:
                found.add(member.name)
                yield member.name, tar.extractfile(member).read()
    if wanted is not None and found != wanted:
        missing = sorted(wanted - found)
        raise ValueError(f"{path}: no picture {missing[0]} ({len(missing)} missing in all)")
