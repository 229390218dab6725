"""Fingerprints of given tables, images and models: by their bytes, never by their dates.

Snakemake compares fingerprints as parameters of its rules; the files are no inputs of rules. If a
file cannot be read, its fingerprint says why; the job that needs the file says it too.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path, PurePosixPath

from mia.given.folder_files import FolderError, FolderFiles, list_files
from mia.given.remembered_hashes import LARGE, FileHashes, Span
from mia.images.locators import digest, file_locator, shard

DIGITS = 16
THREADS = 4  # that read a large folder; hashing lets other threads run
# Files of a model's folder that are loaded, and code, which is refused; others are never read.
LOADED = (".json", ".txt", ".model", ".safetensors", ".py")


class Contents:
    """Fingerprints of files and folders, as they are when they are first asked for.

    Args:
        store: Where hashes of files are remembered.
        now: The clock, in nanoseconds.
    """

    def __init__(self, store: Path, now: Callable[[], int] = time.time_ns) -> None:
        self._hashes = FileHashes(store, now)
        self._listing = cache(_listing)

    def file(self, path: str, spans: Sequence[Span] | None = None) -> str:
        """Return the first digits of a file's sha256, or why there is none; `spans` as there."""
        found = self._file(path, spans)
        self._hashes.save()
        return found

    def folder(self, path: str, suffixes: Collection[str] = LOADED) -> str:
        """Return how many files a folder holds with one of `suffixes`, and one digest of them."""
        listing = self._listing(path)
        if isinstance(listing, str):
            return listing
        names = sorted((*listing.files, *listing.dangling))
        found = self._combined(path, [name for name in names if _ends(name, suffixes)])
        self._hashes.save()
        return found

    def names(self, path: str, read: Collection[str] = ()) -> str:
        """Return how many files a folder holds, and one digest of their names.

        The digest also covers the bytes of files with a suffix in `read`. Leftovers do not count.
        """
        listing = self._listing(path)
        if isinstance(listing, str):
            return listing
        names = [listing.files, listing.not_utf8, listing.dangling]
        bytes_too = self._combined(path, [name for name in listing.files if _ends(name, read)])
        self._hashes.save()
        return f"{sum(map(len, names))} names, {_short([*names, bytes_too])}"

    def shards(self, folders: Iterable[str], shards: int) -> list[dict[str, str]]:
        """Return, for each shard of an image set, its files by folder: how many, and one digest.

        A file belongs to the shard that the plan gives its image to.
        """
        found: list[dict[str, str]] = [{} for _ in range(shards)]
        for path in sorted(set(folders)):
            listing = self._listing(path)
            if isinstance(listing, str):
                continue
            threads = self._threads(path, listing.files)
            names: list[list[str]] = [[] for _ in range(shards)]
            for name in listing.files:
                names[shard(digest(file_locator(path, name)), shards)].append(name)
            for number, mine in enumerate(names):
                found[number][path] = self._combined(path, mine, threads)
        self._hashes.save()
        return found

    def _combined(self, folder: str, names: list[str], threads: int | None = None) -> str:
        paths = [os.path.join(folder, name) for name in names]
        if (threads or self._threads(folder, names)) == 1:
            hashes = list(map(self._file, paths))
        else:
            with ThreadPoolExecutor(THREADS) as pool:
                hashes = list(pool.map(self._file, paths))
        found = [list(pair) for pair in zip(names, hashes, strict=True)]
        return f"{len(names)} files, {_short(found)}"

    def _threads(self, folder: str, names: Collection[str]) -> int:
        """Return how many threads read files of a folder; print a note if reading takes long."""
        unread = self._hashes.unread(os.path.join(folder, name) for name in names)
        if unread <= LARGE:
            return 1
        print(f"reading {folder}: {unread / 1e9:.1f} GB of its files, once", file=sys.stderr)
        return THREADS

    def _file(self, path: str, spans: Sequence[Span] | None = None) -> str:
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                return "not a file"
            return self._hashes.sha256(path, spans)[:DIGITS]
        except FileNotFoundError:
            return "not there"
        except OSError as error:
            return f"cannot be read: {error.strerror}"


def _listing(path: str) -> FolderFiles | str:
    """Return the files of a folder, or why it has none."""
    try:
        return list_files(path)
    except FolderError as error:
        return str(error)


def _ends(name: str, suffixes: Collection[str]) -> bool:
    return PurePosixPath(name).suffix.lower() in suffixes


def _short(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:DIGITS]
