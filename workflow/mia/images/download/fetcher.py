"""What every module offers that fetches images: from the web, or from files on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

Results = dict[str, tuple[str, str]]
Contents = Iterator[tuple[str, bytes]]


class Fetcher(Protocol):
    """A module that `fetched_by` of an image source names."""

    def fetched(
        self, urls: dict[str, str], spec: Mapping[str, Any]
    ) -> AbstractContextManager[tuple[Results, Contents]]:
        """Fetch the images of one shard.

        Args:
            urls: Key to locator.
            spec: The keys of the set that its source declares as `fetched`; `user_agent`, who asks.

        Returns:
            A context with key to (status, error), complete when the images are read, and the
            images, as (key, bytes).
        """
