"""What lies directly in a folder of a model, without what systems and tools leave behind."""

from __future__ import annotations

from pathlib import Path

from mia.given.folder_files import is_utf8, leftover


def entries(folder: Path, *suffixes: str) -> list[Path]:
    """Return what lies directly in a folder and ends in one of `suffixes`, sorted.

    Leftovers such as `._config.json` are left out, and names that are no UTF-8: no library reads
    them. Links are in it, those to nothing too.

    Args:
        folder: May be missing; nothing lies in it then.
        suffixes: Such as `.json`; all names count where none is given.
    """
    return sorted(
        path
        for path in folder.glob("*")
        if not leftover(path.name)
        and is_utf8(path.name)
        and (not suffixes or path.suffix in suffixes)
    )
