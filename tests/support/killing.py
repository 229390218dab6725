"""Work slow enough to be killed, who is at it, and how to end it the hard way."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from workbench import Workbench

TIMESTEPS = list(range(0, 1000, 10))
PATIENCE = 600  # seconds that a step of a test may take on a slow machine


def slowed(bench: Workbench, batch_size: int = 1) -> Workbench:
    """Ask one query after the other, flush often, and forget what was measured before."""
    loss = {"timesteps": TIMESTEPS, "draws": 1}
    bench.configure(lambda config: config.update(attacks={"loss": loss, "coin": {}}))
    measure = {"device": "cpu", "batch_size": batch_size, "flush_seconds": 0.2, "repeats": 0}
    bench.configure(lambda config: config.update(measure=measure))
    bench.forget_measurements()
    return bench


def at_work(folder: Path) -> dict[int, list[str]]:
    """Processes whose working directory is `folder`: process number to command line."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found[int(process.name)] = (process / "cmdline").read_text().split("\0")
        except OSError:  # it ended just now, or is not ours to look at
            continue
    return found


def stages(folder: Path) -> dict[int, str]:
    """Jobs at work in `folder`: process number to stage."""
    return {
        process: words[words.index("-m") + 1].removeprefix("mia.stages.")
        for process, words in at_work(folder).items()
        if "-m" in words and words[words.index("-m") + 1].startswith("mia.stages.")
    }


def kill(processes: Iterable[int]) -> None:
    """`kill -9`, whoever is still there."""
    for process in processes:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue


def wait_for(what: Callable[[], Any], every: float = 0.05) -> Any:
    """Return what `what()` returns as soon as it is true."""
    end = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(every)
    return found
