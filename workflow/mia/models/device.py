"""Which device a torch job runs on; on a machine with several GPUs, each job gets its own."""

from __future__ import annotations

import fcntl
import getpass
import tempfile
from pathlib import Path
from typing import IO

_held: list[IO[str]] = []  # a lock ends with its process


def choose(device: str) -> str:
    """Return `cpu` or `cuda:n` for `auto`, `cpu` or `cuda`.

    Of several visible GPUs it is the first that no other job of this user holds; where all are
    held, the first.

    Raises:
        RuntimeError: `cuda` was asked for and none is visible; a promised GPU is never replaced.
    """
    import torch

    count = torch.cuda.device_count() if device != "cpu" else 0
    if device == "cuda" and not count:
        raise RuntimeError("measure.device is cuda, and no CUDA device is visible")
    if not count:
        return "cpu"
    folder = Path(tempfile.gettempdir(), f"fair-mia-{getpass.getuser()}")
    folder.mkdir(exist_ok=True)
    return f"cuda:{free_card(folder, [str(card_name(i)) for i in range(count)])}"


def card_name(index: int) -> object:
    """Return what identifies a GPU on this machine, whatever is visible to this job."""
    import torch

    return getattr(torch.cuda.get_device_properties(index), "uuid", index)


def free_card(folder: Path, names: list[str]) -> int:
    """Lock the first GPU of `names` that is free and return its position; 0 if none is."""
    for position, name in enumerate(names):
        lock = open(folder / f"card-{name}.lock", "w")  # noqa: SIM115 - held until the process ends
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        _held.append(lock)
        return position
    return 0
