"""Files that hold many images each: those that a config's `path` names."""

from __future__ import annotations

from glob import glob, has_magic
from pathlib import Path, PurePosixPath

from mia.given.folder_files import list_files, shown
from mia.images.locators import file_locator

PATH = "a file, a folder of such files, or a pattern such as `data/*{ending}`"


def packed_files(path: str, ending: str) -> list[str]:
    """Return the files with an ending that `path` names, sorted.

    Args:
        path: A file; a folder, which stands for all such files in and below it; or a pattern.
        ending: In lower case, with its dot.

    Raises:
        ValueError: There is none, or one is a link to nothing or has a name that is not UTF-8.
    """
    if Path(path).is_dir():
        listing = list_files(path)
        for name in (*listing.dangling, *listing.not_utf8):
            if _ends(name, ending):
                raise ValueError(
                    f"{path}: {shown(name)}: a link to nothing, or a name that is not UTF-8"
                )
        found = [file_locator(path, name) for name in listing.files if _ends(name, ending)]
    elif Path(path).is_file() or not has_magic(path):
        found = [str(PurePosixPath(path))] if Path(path).is_file() and _ends(path, ending) else []
    else:
        found = [str(PurePosixPath(name)) for name in glob(path, recursive=True)]
        found = [name for name in found if _ends(name, ending) and Path(name).is_file()]
    if not found:
        raise ValueError(f"{path}: expected {PATH.format(ending=ending)}; found none")
    return sorted(found)


def _ends(name: str, ending: str) -> bool:
    return PurePosixPath(name).suffix.lower() == ending
