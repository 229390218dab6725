"""Fetch images from their addresses, through img2dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mia.images.download import run_img2dataset
from mia.images.download.fetcher import Contents, Results


@contextmanager
def fetched(urls: dict[str, str], spec: Mapping[str, Any]) -> Iterator[tuple[Results, Contents]]:
    """As `Fetcher` says; `spec` limits time and bytes, and says who asks."""
    allowed = tuple(spec.get("allow_hosts", ()))
    rules = run_img2dataset.Rules(spec["timeout"], spec["byte_limit"], allowed, spec["user_agent"])
    with run_img2dataset.downloaded(urls, rules) as (results, places):
        yield results, run_img2dataset.pictures(places)
