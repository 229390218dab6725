"""Raw images in a tar: members named by key, sorted; equal images give equal bytes."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mia.seal import DamagedFile


def pack(pictures: Iterable[tuple[str, bytes]], path: str | Path) -> dict[str, str]:
    """Write (key, bytes) pairs, given in sorted order, as a tar at `path`.

    Returns:
        The sha256 of each image, by key.

    Raises:
        ValueError: The keys are not sorted, or one comes twice.
    """
    last, written = "", {}
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for key, data in pictures:
            if key <= last:
                raise ValueError(f"{path}: {key!r} after {last!r}; expected sorted, single keys")
            last, written[key] = key, hashlib.sha256(data).hexdigest()
            member = tarfile.TarInfo(key)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return written


def names(path: str | Path) -> list[str]:
    """Return the keys of the images, in the tar's order, which is sorted."""
    with _opened(path) as tar:
        return tar.getnames()


def unpack(path: str | Path, hashes: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Yield (key, bytes) of the images named in `hashes`, in the tar's order.

    Args:
        path: The tar.
        hashes: Key to the sha256 of the image's bytes; "" where it is not known.

    Raises:
        DamagedFile: A key is not in the tar, or its image has other bytes.
    """
    found = set()
    for key, data in contents(path):
        if key in hashes:
            found.add(key)
            if hashes[key] not in ("", hashlib.sha256(data).hexdigest()):
                raise DamagedFile(path, f"picture {key} has not the sha256 {hashes[key]}")
            yield key, data
    if missing := sorted(set(hashes) - found):
        raise DamagedFile(path, f"no image {missing[0]} ({len(missing)} missing in all)")


def contents(path: str | Path) -> Iterator[tuple[str, bytes]]:
    """Yield (key, bytes) of all images, in the tar's order."""
    with _opened(path) as tar:
        for member in tar:
            file = tar.extractfile(member)
            if file is None:
                raise DamagedFile(path, f"{member.name} is no file")
            yield member.name, file.read()


@contextmanager
def _opened(path: str | Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar
    except tarfile.TarError as error:
        raise DamagedFile(path, f"no tar: {error}") from error
