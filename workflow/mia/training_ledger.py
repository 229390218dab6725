"""Trainings kept by content: an edit that changes no weight trains nothing again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any


def kept_training(ledger: str | Path, key: Any, make: Callable[[Path], None]) -> Path:
    """Return the folder of the training with `key`, made by `make(folder)` if there is none.

    The folder appears under its final name only when it is whole, so a killed training leaves none.

    Args:
        ledger: Folder of all trainings.
        key: JSON-like: everything that changes the result.
        make: Fills an empty folder.
    """
    text = json.dumps(key, sort_keys=True)
    folder = Path(ledger, hashlib.sha256(text.encode()).hexdigest()[:24])
    if folder.is_dir():
        return folder
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        make(temporary)
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def replace_tree(source: Path, target: Path) -> None:
    """Copy `source` over `target`; what was there goes."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
