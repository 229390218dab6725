"""Render OpenMoji's images, serve them over loopback, and download them like any others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mia.images.download import addresses, loopback
from mia.images.download.fetcher import Contents, Results
from mia.images.sources.shared import openmoji


@contextmanager
def fetched(urls: dict[str, str], spec: Mapping[str, Any]) -> Iterator[tuple[Results, Contents]]:
    """As `Fetcher` says.

    Raises:
        ValueError: The built-in set is another.
    """
    if spec["builtin"] != "openmoji":
        raise ValueError(f"no built-in set {spec['builtin']!r}; known: openmoji")
    with TemporaryDirectory(prefix="mia-openmoji-") as folder, loopback.served(folder) as address:
        for url in urls.values():
            code = openmoji.code_of(url)
            Path(folder, f"{code}.png").write_bytes(openmoji.render(code))
        local = {key: url.replace(openmoji.ADDRESS, address) for key, url in urls.items()}
        with addresses.fetched(local, {**spec, "allow_hosts": [loopback.HOST]}) as found:
            yield found
