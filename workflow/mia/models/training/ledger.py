"""Trainings kept by content: an edit that changes no weight trains nothing again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mia import storage
from mia.file_hash import file_hash
from mia.locks import exclusive

HASHES = "sha256.json"  # of a kept training: path to sha256 of every other file


def kept_training(ledger: str | Path, key: Any, make: Callable[[Path], None]) -> Path:
    """Return the folder of the training with `key`, made by `make(folder)` if there is none.

    The folder appears under its final name only when it is whole, so a killed training leaves none.
    A training that outlived its Snakemake is waited for, and its result is taken. A kept training
    that is no longer as it was written is made anew, with a warning.

    Args:
        ledger: Folder of all trainings.
        key: JSON-like: everything that changes the result.
        make: Fills an empty folder.
    """
    text = json.dumps(key, sort_keys=True)
    folder = Path(ledger, hashlib.sha256(text.encode()).hexdigest()[:24])
    temporary = folder.with_name(f".{folder.name}.tmp")
    with exclusive(folder.with_name(f".{folder.name}.lock")):
        if folder.is_dir():
            if not (changed := _changed(folder)):
                return folder
            print(f"warning: {changed}: damaged; it is trained anew", file=sys.stderr)
            shutil.rmtree(folder)
        shutil.rmtree(temporary, ignore_errors=True)  # left by one that was killed
        temporary.mkdir()
        try:
            make(temporary)
            storage.write_json(_hashes(temporary), temporary / HASHES)
            _put_on_disk(temporary)
            os.replace(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return folder


def replace_tree(source: Path, target: Path) -> None:
    """Copy `source` to `target`, whole or not at all; it replaces what was there."""
    with replacing_tree(target) as temporary:
        shutil.copytree(source, temporary, dirs_exist_ok=True)


@contextmanager
def replacing_tree(target: Path) -> Iterator[Path]:
    """Yield an empty folder; after the block it replaces `target`, unless the block failed."""
    temporary, old = (target.with_name(f".{target.name}.{word}.tmp") for word in ("new", "old"))
    with exclusive(target.with_name(f".{target.name}.lock")):
        for left_over in (temporary, old):
            shutil.rmtree(left_over, ignore_errors=True)
        temporary.mkdir(parents=True)
        try:
            yield temporary
            _put_on_disk(temporary)
            if target.exists():
                os.replace(target, old)
            os.replace(temporary, target)
            shutil.rmtree(old, ignore_errors=True)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _hashes(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file below `folder`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != HASHES)
    return {path.relative_to(folder).as_posix(): file_hash(path) for path in files}


def _changed(folder: Path) -> Path | None:
    """Return a file that is not as it was written, if any; an older run kept no hashes."""
    if not (folder / HASHES).is_file():
        return None
    try:
        expected = storage.read_json(folder / HASHES)
    except ValueError:
        return folder / HASHES
    found = _hashes(folder)
    unlike = sorted(name for name in found | expected if found.get(name) != expected.get(name))
    return folder / unlike[0] if unlike else None


def _put_on_disk(folder: Path) -> None:
    """Wait until every file below `folder` would outlast a loss of power."""
    for path in folder.rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
