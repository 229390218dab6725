"""Which calls of Snakemake are at work in a folder, so that a lock is only taken from the dead."""

from __future__ import annotations

import atexit
import fcntl
import os
import socket
from pathlib import Path
from typing import IO

from mia.locks import is_held

_held: list[IO[str]] = []  # a lock ends with its process


def announce(folder: Path) -> None:
    """Leave a note of this process in `folder` until it ends; one that is killed leaves its note.

    A note is a file named `{host}-{process}`, locked as long as the process lives.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{socket.gethostname()}-{os.getpid()}"
    temporary = path.with_name(f".{path.name}")
    note = open(temporary, "w")  # noqa: SIM115 - held until the process ends
    fcntl.flock(note, fcntl.LOCK_EX)
    os.replace(temporary, path)
    _held.append(note)
    atexit.register(path.unlink, missing_ok=True)


def others(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the notes of processes that live on this machine, and those of other machines.

    Notes of processes of this machine that were killed are removed. Whether a process of another
    machine lives cannot be seen from here, as not every shared file system shares its locks.
    """
    alive, elsewhere = [], []
    for note in sorted(folder.glob("[!.]*")):
        if note.name.rpartition("-")[0] != socket.gethostname():
            elsewhere.append(note)
        elif is_held(note):
            alive.append(note)
        else:
            note.unlink(missing_ok=True)
    return alive, elsewhere
