"""Notes of the Snakemake runs at work in a folder, so that a lock is only taken from the dead."""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mia.locks import is_held

NOTES = Path(".snakemake/runs")  # below the working directory
RUNS = ".runs"  # the same below the results folder
SINCE = time.strftime("%Y-%m-%d %H:%M:%S")
_held: dict[Path, IO[str]] = {}  # a lock ends with its process


@dataclass(frozen=True)
class Note:
    """The note that a run of Snakemake leaves of itself: a file named `{host}-{process}`.

    Args:
        path: The file, locked as long as the process lives.
        results: The results folder, as a whole path; empty if the config was not yet read.
        since: When the process began, as text; empty in the same case.
        running: Whether its jobs have begun.
    """

    path: Path
    results: str = ""
    since: str = ""
    running: bool = False

    @property
    def host(self) -> str:
        """Name of its machine."""
        return self.path.name.rpartition("-")[0]

    @property
    def process(self) -> str:
        """Number of its process there."""
        return self.path.name.rpartition("-")[2]

    @property
    def elsewhere(self) -> bool:
        """Whether the process is on another machine, whose locks this machine may not see."""
        return self.host != socket.gethostname()

    @property
    def alive(self) -> bool:
        """Whether the process lives, if it runs on this machine."""
        return not self.elsewhere and is_held(self.path)

    def __str__(self) -> str:
        since = f", since {self.since}" if self.since else ""
        return f"process {self.process} on {self.host}{since}"


def announce(folder: Path, results: str = "", running: bool = False) -> None:
    """Write a note of this process into `folder`, and remove the note when the process ends.

    A killed process leaves its note. A second call adds `results`, the results folder, and that
    jobs run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{socket.gethostname()}-{os.getpid()}"
    if path not in _held:
        temporary = path.with_name(f".{path.name}")
        _held[path] = open(temporary, "w", encoding="utf-8")  # noqa: SIM115 - held until the process ends
        fcntl.flock(_held[path], fcntl.LOCK_EX)
        os.replace(temporary, path)
        atexit.register(path.unlink, missing_ok=True)
    told = {"results": os.path.realpath(results), "since": SINCE, "running": running}
    _held[path].seek(0)
    json.dump(told if results else {}, _held[path])
    _held[path].truncate()
    _held[path].flush()


def notes(folder: Path) -> list[Note]:
    """Return the notes of all other processes, the dead included."""
    own = f"{socket.gethostname()}-{os.getpid()}"
    paths = (path for path in sorted(folder.glob("[!.]*")) if path.name != own)
    return [Note(path, **_told(path)) for path in paths]


def _told(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # the run ended just now, or an older version wrote it
        return {}


def others(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the notes of live processes on this machine, and those of other machines.

    Notes of killed processes of this machine are removed.
    """
    alive, elsewhere = [], []
    for note in notes(folder):
        if note.elsewhere:
            elsewhere.append(note.path)
        elif note.alive:
            alive.append(note.path)
        else:
            note.path.unlink(missing_ok=True)
    return alive, elsewhere


def in_the_way(folder: Path, results: str, begun: bool = False) -> str | None:
    """Return which other run may be at work on `results` and what to do; None if none may be.

    Args:
        folder: Where notes lie.
        results: The results folder.
        begun: Whether only runs count whose jobs have begun, or may have.
    """
    whole = os.path.realpath(results)
    for note in notes(folder):
        if note.results not in ("", whole) or (begun and not note.running):
            continue
        if note.elsewhere:
            files = " and ".join(map(str, both(note.path, results)))
            return (
                f"{results}: a run may be at work here: {note}. Whether it lives can only be seen "
                f"on {note.host}: wait for it, or, if it surely has ended, delete {files} "
                "and call `make resume` with the same variables"
            )
        if note.alive:
            return (
                f"{results}: a run is at work here: {note}. Wait for it (`make why` shows what is "
                "left to do), or end it with Ctrl-C in its terminal; do not unlock the folder"
            )
    return None


def both(path: Path, results: str) -> list[Path]:
    """Return a note and its double: a run leaves one here and one in its results folder."""
    places = [folder / path.name for folder in (NOTES, Path(results) / RUNS)]
    return [path, *(place for place in places if place != path and place.exists())]


def why_locked(folder: Path, results: str) -> str:
    """Return why Snakemake finds its lock taken, and what to do."""
    dead = [str(note) for note in notes(folder) if note.results == os.path.realpath(results)]
    return in_the_way(folder, results) or (
        f"{results}: no run is at work here, but one that was killed left its lock "
        f"({'; '.join(dead) or 'without a note'}): call `make resume` with the same variables, "
        "which takes the lock and goes on"
    )
