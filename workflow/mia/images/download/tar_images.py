"""Take images out of tars, each from its place in the file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mia.images.download.fetcher import Contents, Results


@contextmanager
def fetched(urls: dict[str, str], spec: Mapping[str, Any]) -> Iterator[tuple[Results, Contents]]:
    """As `Fetcher` says; places are JSON: tar, first byte, number of bytes."""
    results = dict.fromkeys(urls, ("success", ""))
    yield results, _images(urls, results)


def _images(places: dict[str, str], results: Results) -> Contents:
    for key, place in sorted(places.items()):
        tar, start, size = json.loads(place)
        try:
            with open(tar, "rb") as file:
                file.seek(start)
                data = file.read(size)
        except OSError as error:
            results[key] = ("unreadable_file", f"{tar}: {error.strerror}")
            continue
        if len(data) < size:
            results[key] = ("unreadable_file", f"{tar}: ends before the image does")
        else:
            yield key, data
