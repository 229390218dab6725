"""Images that are read in another order than they are packed in: kept on disk in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO


class Spool:
    """Images by key, in one file."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._places: dict[str, tuple[int, int]] = {}

    def add(self, key: str, data: bytes) -> None:
        """Keep an image."""
        self._places[key] = self._file.tell(), len(data)
        self._file.write(data)

    def sorted(self) -> Iterator[tuple[str, bytes]]:
        """Yield (key, bytes) in the order of keys; nothing may be added any more."""
        for key, (start, size) in sorted(self._places.items()):
            self._file.seek(start)
            yield key, self._file.read(size)


@contextmanager
def spool() -> Iterator[Spool]:
    """Yield an empty spool; its file goes away with it."""
    with TemporaryFile(prefix="mia-images-") as file:
        yield Spool(file)
