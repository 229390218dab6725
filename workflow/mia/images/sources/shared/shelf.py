"""Kinds of image sources by name: the directory is the registry, a file's name is the `source:`."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from mia.images.sources.shared.contract import Source

SOURCES = Path(__file__).parents[1]


def known_sources() -> list[str]:
    """Return the names of all kinds of image sources that a config may name, sorted."""
    names = sorted(path.stem for path in SOURCES.glob("[!_]*.py"))
    return [name for name in names if source(name).in_configs]


def source_code(name: str) -> str:
    """Return the dotted name of a source's module."""
    return f"mia.images.sources.{name}"


@cache
def source(name: str) -> Source:
    """Return the kind of image source that a config calls `name`."""
    return importlib.import_module(source_code(name)).Source()
