"""The files of a folder that somebody gives: images, a model, an embedding model.

Links to files and to folders are followed. What systems and tools leave behind is left out and
counted. What cannot be listed is an error that names it.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

# Names are compared in lower case; a leftover is counted under its name as it stands here.
LEFTOVERS = {
    name.lower(): name
    for name in (
        *(".DS_Store", ".ipynb_checkpoints", "Thumbs.db", "ehthumbs.db", "desktop.ini"),
        *("__MACOSX", "@eaDir", "lost+found", "$RECYCLE.BIN", "System Volume Information"),
    )
}
CYCLE = "link to a folder above or listed already"


class FolderError(ValueError):
    """A folder cannot be listed; the message names the file and says what to do."""


@dataclass(frozen=True)
class FolderFiles:
    """What a folder holds. All names are relative, with `/`, as they are on the disk, sorted.

    Args:
        files: Plain files whose names are UTF-8, and links to plain files.
        not_utf8: Plain files with a name, or in a folder with a name, that is not UTF-8; bytes
            that are no text are surrogates, as Python's `os.fsdecode` gives them.
        dangling: Links to something that is not there.
        left_out: Count of files by kind: names of `LEFTOVERS`, `._*`, `.*`, `CYCLE`.
    """

    files: tuple[str, ...]
    not_utf8: tuple[str, ...]
    dangling: tuple[str, ...]
    left_out: dict[str, int]


def list_files(folder: str | Path) -> FolderFiles:
    """Return what `folder` and all folders below it hold.

    Each folder is listed once: under its own name if it lies here, else under the first link to it
    by name. A link to a folder that is listed, or that `folder` lies in, is only counted.

    Raises:
        FolderError: No such folder; a folder below it that cannot be opened; a FIFO, socket or
            device; two names that differ in their Unicode form only.
    """
    try:
        above = [os.stat(place) for place in (Path(folder), *Path(folder).resolve().parents)]
    except FileNotFoundError as error:
        raise FolderError(f"{folder}: no such folder") from error
    except OSError as error:
        raise FolderError(f"{folder}: cannot be opened: {error.strerror}") from error
    if not stat.S_ISDIR(above[0].st_mode):
        raise FolderError(f"{folder}: not a folder")
    files, dangling = [], []
    left_out: Counter[str] = Counter()
    for kind, name in _walk(os.fspath(folder), set(map(_identity, above[1:]))):
        if kind == "file":
            files.append(name)
        elif kind == "dangling":
            dangling.append(name)
        else:
            left_out[kind] += 1
    files.sort()
    _require_distinct(folder, files)
    return FolderFiles(
        tuple(name for name in files if is_utf8(name)),
        tuple(name for name in files if not is_utf8(name)),
        tuple(sorted(dangling)),
        dict(sorted(left_out.items())),
    )


def compared(name: str) -> str:
    """Return the form in which two names of files are compared: NFC, without `./` and `//`.

    >>> compared("./u\u0308/a.png") == "\u00fc/a.png"
    True
    """
    name = name if name.isascii() else unicodedata.normalize("NFC", name)
    return str(PurePosixPath(name)) if "./" in name or "//" in name else name


def is_utf8(name: str) -> bool:
    """Return whether the bytes of a file's name are UTF-8."""
    try:
        return name.isascii() or bool(name.encode())
    except UnicodeEncodeError:
        return False


def shown(name: str) -> str:
    r"""Return a name that can be printed: bytes that are not UTF-8 as `\xff`.

    >>> shown("caf\udce9.png")
    'caf\\xe9.png'
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _walk(folder: str, listed: set[tuple[int, int]]) -> Iterator[tuple[str, str]]:
    """Yield (`file`, `dangling` or the kind that is left out; name) of everything below.

    `listed` are identities of folders that are not to be listed; it grows.
    """
    queue = [("", folder)]
    for prefix, place in queue:  # grows: links wait until all that is no link is listed
        links: list[tuple[str, str]] = []
        yield from _below(place, prefix, listed, links)
        queue += sorted(links)


def _below(
    folder: str, prefix: str, listed: set[tuple[int, int]], links: list[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """Yield what `_walk` does, but for links to folders; these go to `links`."""
    if (identity := _identity(os.stat(folder))) in listed:
        yield CYCLE, prefix
        return
    listed.add(identity)
    try:
        with os.scandir(folder) as found:
            entries = list(found)
    except OSError as error:
        raise FolderError(f"{shown(folder)}: cannot be listed: {error.strerror}") from error
    for entry in entries:
        name = prefix + entry.name
        if kind := leftover(entry.name):
            for _ in range(_count(entry)):
                yield kind, name
        elif (mode := _mode(entry)) is None:
            yield "dangling", name
        elif stat.S_ISREG(mode):
            yield "file", name
        elif not stat.S_ISDIR(mode):
            raise FolderError(
                f"{shown(entry.path)}: {_special(mode)}; expected plain files: move it elsewhere"
            )
        elif entry.is_symlink():
            links.append((f"{name}/", entry.path))
        else:
            yield from _below(entry.path, f"{name}/", listed, links)


def leftover(name: str) -> str | None:
    """Return the kind that a name is left out as; None if it is not left out."""
    if name.startswith("._"):
        return "._*"
    return LEFTOVERS.get(name.lower()) or (".*" if name.startswith(".") else None)


def _count(entry: os.DirEntry) -> int:
    """Return how many files a left-out entry holds, as far as its folders can be opened."""
    if not entry.is_dir(follow_symlinks=False):
        return 1
    return sum(len(files) for _, _, files in os.walk(entry.path))


def _mode(entry: os.DirEntry) -> int | None:
    """Return the kind of file that an entry is or leads to; None if it leads nowhere."""
    try:
        if entry.is_file(follow_symlinks=False):
            return stat.S_IFREG  # known without asking the disk again
        return entry.stat().st_mode
    except PermissionError as error:
        raise FolderError(f"{shown(entry.path)}: cannot be opened: {error.strerror}") from error
    except OSError:
        return None


def _special(mode: int) -> str:
    kinds = {stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _require_distinct(folder: str | Path, names: Iterable[str]) -> None:
    first: dict[str, str] = {}
    for name in names:
        if (other := first.setdefault(compared(name), name)) != name:
            raise FolderError(
                f"{folder}: {other!a} and {name!a} are one name in two Unicode forms; "
                "rename or remove one"
            )
