"""Take images that are files on this machine, as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mia.images.download.fetcher import Contents, Results


@contextmanager
def fetched(urls: dict[str, str], spec: Mapping[str, Any]) -> Iterator[tuple[Results, Contents]]:
    """As `Fetcher` says; locators are paths.

    A file that cannot be read by now is a row that says so.
    """
    results = dict.fromkeys(urls, ("success", ""))
    yield results, read_files(urls, results)


def read_files(paths: dict[str, str], results: Results) -> Contents:
    """Yield (key, bytes) of the files that can be read; `results` tells of the others."""
    for key, path in sorted(paths.items()):
        try:
            if not Path(path).is_file():
                results[key] = ("missing_file", f"{path}: no such file")
                continue
            data = Path(path).read_bytes()
        except OSError as error:
            results[key] = ("unreadable_file", f"{path}: {error.strerror}")
        else:
            yield key, data
