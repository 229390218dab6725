"""Fingerprints of the given files that an image set's plan and downloads are made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mia.config.contents import Contents
from mia.fingerprint import PACKAGE
from mia.given.remembered_hashes import Span
from mia.images.sources.shared.contract import GivenFile, GivenFolder
from mia.images.sources.shared.parts import specs
from mia.images.sources.shared.shelf import source

CHECKOUT = PACKAGE.parents[1]


def plan_contents(contents: Contents, spec: Mapping[str, Any]) -> dict[str, str]:
    """Return fingerprints, by path, of all that a plan is made from; images count by name alone.

    Files of this package are named from the top of the checkout, wherever it lies.
    """
    read: dict[str, set[str]] = {}
    for folder in _folders(spec):
        read.setdefault(folder.path, set()).update(folder.read)
    own = {path.relative_to(CHECKOUT).as_posix(): path for path in _package_files(spec)}
    return {
        **_of_files(contents, _files(spec)),
        **{path: contents.names(path, endings) for path, endings in sorted(read.items())},
        **{name: contents.file(str(path)) for name, path in own.items()},
    }


def download_contents(contents: Contents, spec: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return fingerprints, by path, of the given files that each shard's download reads."""
    tables = _of_files(contents, (file for file in _files(spec) if file.holds_images))
    folders = list(_folders(spec))
    (whole,) = contents.shards((folder.path for folder in folders if folder.addressed), 1)
    plain = (folder.path for folder in folders if not folder.addressed)
    return [{**tables, **whole, **own} for own in contents.shards(plain, spec["shards"])]


def _of_files(contents: Contents, files: Iterator[GivenFile]) -> dict[str, str]:
    read: dict[str, list[GivenFile]] = {}
    for file in files:
        read.setdefault(file.path, []).append(file)
    return {path: contents.file(path, _spans(of)) for path, of in sorted(read.items())}


def _spans(of: Iterable[GivenFile]) -> list[Span] | None:
    """Return which bytes of a file several parts read; None for all."""
    found: list[Span] = []
    for file in of:
        if file.spans is None or (spans := file.spans()) is None:
            return None
        found += spans
    return found


def _given(spec: Mapping[str, Any]) -> Iterator[GivenFolder | GivenFile]:
    for part in specs(spec).values():
        yield from source(spec["source"]).given(part)


def _folders(spec: Mapping[str, Any]) -> Iterator[GivenFolder]:
    return (given for given in _given(spec) if isinstance(given, GivenFolder))


def _files(spec: Mapping[str, Any]) -> Iterator[GivenFile]:
    return (given for given in _given(spec) if isinstance(given, GivenFile))


def _package_files(spec: Mapping[str, Any]) -> Iterator[Path]:
    return iter(source(spec["source"]).package_files)
