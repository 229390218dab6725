"""Work slow enough to be killed, who is at it, and how to end it the hard way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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


# The measure stage as Snakemake calls it, once for each line that comes in, in a process of its own
# that needs no second import of torch and diffusers. Every eval is a byte in the file `evals`: work
# that a kill takes away is counted too.
COUNTED = """
import json, os, sys
import mia.measuring.meter
from diffusers import AutoencoderKL, UNet2DConditionModel
from mia.measuring.batch import Batch
from mia.stages import measure

def counted(self, name, value):
    if name == "evals":
        with open("evals", "ab") as file:
            file.write(b"." * (value - getattr(self, "evals", 0)))
    object.__setattr__(self, name, value)

Batch.__setattr__ = counted
for line in sys.stdin:
    process = os.fork()
    if not process:
        sys.argv, code = ["measure", *json.loads(line)], 1
        try:
            measure.main()
            code = 0
        finally:
            os._exit(code)
    print(process, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class CountedJobs:
    """Measure jobs whose evals are counted as they are done.

    Args:
        server: Runs `COUNTED`.
        folder: Where it runs.
    """

    server: subprocess.Popen
    folder: Path

    def evals(self) -> int:
        """Return the evals of all jobs so far, those that a kill took away among them."""
        return (self.folder / "evals").stat().st_size

    def kill_at(self, evals: int, arguments: list[str]) -> None:
        """Start a job, and `kill -9` it as soon as so many evals are counted."""
        job = self._start(arguments)
        wait_for(lambda: self.evals() >= evals, every=0.001)
        os.kill(job, signal.SIGKILL)
        assert self._code() == -signal.SIGKILL

    def finish(self, arguments: list[str]) -> None:
        """Run a job to its end."""
        self._start(arguments)
        assert self._code() == 0

    def _start(self, arguments: list[str]) -> int:
        print(json.dumps(arguments), file=self.server.stdin, flush=True)
        return int(self.server.stdout.readline())

    def _code(self) -> int:
        return int(self.server.stdout.readline())


@contextmanager
def counted_jobs(folder: Path) -> Iterator[CountedJobs]:
    """Run measure jobs in `folder`."""
    (folder / "evals").touch()
    with subprocess.Popen(
        [sys.executable, "-c", COUNTED],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": "workflow"},
    ) as server:
        yield CountedJobs(server, folder)
        server.stdin.close()
