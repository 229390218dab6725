"""Hashes of given files: a file is read once, and again when anything of it has changed.

The hashes are remembered in one small file. A file counts as unchanged while its size, dates, inode
and path are the same. One of the dates is ctime, that of the last change to a file's record. No
program sets ctime. So a file is read again if `cp -p`, `mv`, `rsync -a` or `tar` replaced it by an
older file of the same size.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from io import BufferedReader
from pathlib import Path

# A change this soon after a file was read may leave all its dates as they are: clocks of file
# systems tick in steps, FAT's in two seconds. Such a file is not remembered.
YOUNG = 2_000_000_000  # nanoseconds
LARGE = 1_000_000_000  # bytes that are worth a line, as reading them takes seconds
Span = tuple[int, int]
SAVED_EVERY = 2_000_000_000  # bytes that are read again at most when a plan is broken off


class FileHashes:
    """The sha256 of files, remembered in `store`; several threads may ask at once.

    Args:
        store: A JSON file, made when there is something to remember. One that cannot be read or
            written costs time and nothing else. Several processes may use it at once: each writes
            it whole, and what one of them did not see is read again.
        now: The clock, in nanoseconds.
    """

    def __init__(self, store: Path, now: Callable[[], int] = time.time_ns) -> None:
        self._store, self._now = store, now
        self._known = self._load()
        self._new: dict[str, list] = {}
        self._unsaved, self._lock = 0, threading.Lock()

    def sha256(self, path: str, spans: Sequence[Span] | None = None) -> str:
        """Return the sha256 of a file's bytes, 64 hexadecimal digits; links are followed.

        Args:
            path: The file.
            spans: First byte and number of bytes of each stretch that counts; all where not given.

        Raises:
            OSError: The file is not there or cannot be read.
        """
        stamp, name = _stamp(os.stat(path)), _name(path, spans)
        if known := self._remembered(name, stamp):
            return known
        size = stamp[0] if spans is None else sum(length for _, length in spans)
        if size > LARGE:
            print(f"reading {path}: {size / 1e9:.1f} GB, once", file=sys.stderr)
        begun = self._now()
        with open(path, "rb") as file:
            before = _stamp(os.fstat(file.fileno()))
            found = _digest(file, spans)
            after = _stamp(os.fstat(file.fileno()))
        if before == after and begun - max(after[1:3]) > YOUNG:
            with self._lock:
                self._new[name] = [*after, found]
                self._unsaved += size
                if self._unsaved > SAVED_EVERY:
                    self._save()
        return found

    def unread(self, paths: Iterable[str]) -> int:
        """Return how many bytes of some files have to be read; a missing file has 0."""
        total = 0
        for path in paths:
            with contextlib.suppress(OSError):
                stamp = _stamp(os.stat(path))
                total += 0 if self._remembered(path, stamp) else stamp[0]
        return total

    def save(self) -> None:
        """Save the new hashes beside those that other processes have saved since."""
        with self._lock:
            self._save()

    def _remembered(self, path: str, stamp: list[int]) -> str | None:
        known = self._new.get(path) or self._known.get(path)
        if not isinstance(known, list) or known[:-1] != stamp:
            return None
        return known[-1] if isinstance(known[-1], str) else None

    def _save(self) -> None:
        if not self._new:
            return
        self._known = {**self._load(), **self._new}
        self._new, self._unsaved = {}, 0
        temporary = self._store.with_name(f".{self._store.name}.{uuid.uuid4().hex}.tmp")
        with contextlib.suppress(OSError):
            self._store.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(self._known), encoding="utf-8")
            os.replace(temporary, self._store)

    def _load(self) -> dict[str, list]:
        try:
            found = json.loads(self._store.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def _name(path: str, spans: Sequence[Span] | None) -> str:
    """What a hash is remembered by."""
    if spans is None:
        return path
    return f"{path}: {hashlib.sha256(json.dumps(spans).encode()).hexdigest()}"


def _digest(file: BufferedReader, spans: Sequence[Span] | None) -> str:
    if spans is None:
        return hashlib.file_digest(file, "sha256").hexdigest()
    found = hashlib.sha256(json.dumps(spans).encode())
    for start, length in spans:
        file.seek(start)
        while length > 0 and (data := file.read(min(length, 2**20))):
            found.update(data)
            length -= len(data)
    return found.hexdigest()


def _stamp(found: os.stat_result) -> list[int]:
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
