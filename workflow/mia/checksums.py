"""Checksums, kept in a sealed file, of the files beside it that have no room for one (CSV)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from mia import storage
from mia.seal import DamagedFile

NAME = "checksums.json"  # maps each file's name to its sha256


def write(paths: Iterable[Path], output: Path) -> None:
    """Write the checksums of `paths`, which lie in the folder of `output`."""
    storage.write_json({path.name: _sha256(path.read_bytes()) for path in paths}, output)


def read(path: Path) -> str:
    """Return the text of a UTF-8 file after checking its checksum.

    An older run wrote no checksums; such a file is not checked.

    Raises:
        DamagedFile: The file, or the file of checksums, is not as it was written.
    """
    data, beside = path.read_bytes(), path.with_name(NAME)
    if beside.is_file():
        found, expected = _sha256(data), storage.read_json(beside).get(path.name)
        if expected not in (None, found):
            raise DamagedFile(path, f"its sha256 is {found}, not {expected}")
    return data.decode("utf-8")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
