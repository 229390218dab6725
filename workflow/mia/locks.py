"""Locks: one measuring job per shard at a time, even if a job outlived its Snakemake."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LockError(RuntimeError):
    """Another job works on the same ledger, and waiting for it would not help."""


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file `path`; wait for whoever holds it.

    Locks end with their process, so a killed job leaves none behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def shard_lock(folder: Path, shard: str, shards: int) -> Iterator[None]:
    """Hold the lock of shard `shard` of `shards`; wait for an orphan that still holds it.

    Raises:
        LockError: A live job cuts the same set into another number of shards.
    """
    folder.mkdir(parents=True, exist_ok=True)
    own = folder / f"lock-{shard}-of-{shards}"
    with open(folder / "lock", "w") as common, exclusive(own):
        fcntl.flock(common, fcntl.LOCK_SH)
        for other in sorted(folder.glob("lock-*-of-*")):
            if not other.name.endswith(f"-of-{shards}") and is_held(other):
                raise LockError(
                    f"{other}: a job that cuts this set into another number of shards is still "
                    "running; wait for it or stop it"
                )
        yield


def is_held(path: Path) -> bool:
    """Return whether a live process of this machine holds the lock file `path`."""
    with open(path) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
