"""kill -9 in the middle of measuring: nothing is lost but the last flush, nothing done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from mia import tables
from micro_experiment import IMAGES
from workbench import Workbench, assert_same_numbers

TIMESTEPS = list(range(0, 1000, 10))
EVALS = IMAGES * len(TIMESTEPS)
PATIENCE = 300  # seconds that a step of these tests may take on a slow machine
pytestmark = pytest.mark.slow


def slowed(bench: Workbench) -> Workbench:
    """Ask one query after the other, flush often, and forget what was measured before."""
    loss = {"timesteps": TIMESTEPS, "draws": 1}
    bench.configure(lambda config: config.update(attacks={"loss": loss, "coin": {}}))
    measure = {"device": "cpu", "batch_size": 1, "flush_seconds": 0.2}
    bench.configure(lambda config: config.update(measure=measure))
    bench.forget_measurements()
    return bench


@pytest.fixture(scope="module")
def undisturbed(finished_run):
    """The slowed experiment without a kill: its folder, moved aside."""
    bench = slowed(finished_run.copy())
    assert bench.run().done().evals == EVALS
    kept = finished_run.folder / "undisturbed"
    bench.folder.rename(kept)
    return Workbench(kept)


def measuring(bench) -> dict[int, str]:
    """Measuring processes that work in `bench`: process number to shard."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_text().split("\0")
            if "mia.stages.measure" in words and (process / "cwd").readlink() == bench.folder:
                found[int(process.name)] = words[words.index("--shard") + 1]
        except OSError:  # it ended just now, or is not ours to look at
            continue
    return found


def segments(bench):
    return sorted((bench.folder / "results/ledger").glob("measure/*/*/denoise-*.parquet"))


def in_ledger(bench) -> Counter:
    """How often each (picture, query) was measured, over all segments."""
    rows = pd.concat([tables.read(path) for path in segments(bench)])
    return Counter(zip(rows["image_id"], rows["query"], strict=True))


def wait_for(what):
    """Return what `what()` returns as soon as it is true."""
    end = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


def waits_for_a_lock(process: int) -> bool:
    """Whether a measuring process has opened the lock of its shard."""
    files = [os.path.realpath(path) for path in Path(f"/proc/{process}/fd").iterdir()]
    return any(Path(file).name.startswith("lock-") for file in files)


@pytest.fixture
def started(bench, tmp_path):
    """The slowed experiment, and Snakemake at work in it: both shards have flushed."""
    with open(tmp_path / "snakemake.log", "w") as log:
        snakemake = slowed(bench).start(output=log)
        wait_for(lambda: len(measuring(bench)) == 2 and len(segments(bench)) >= 6)
        yield bench, snakemake
        for process in measuring(bench):
            os.kill(process, signal.SIGKILL)


def test_a_killed_job_goes_on_from_its_last_flush(started, undisturbed):
    bench, snakemake = started
    for process in measuring(bench):
        os.kill(process, signal.SIGKILL)
    assert snakemake.wait() == 1
    stored = in_ledger(bench)
    assert 0 < len(stored) < EVALS

    measured, _ = bench.make_run()
    assert measured.evals == EVALS - len(stored)
    assert set(in_ledger(bench).values()) == {1} and len(in_ledger(bench)) == EVALS
    assert_same_numbers(undisturbed, bench)
    assert bench.run().done().jobs == []


def test_a_killed_snakemake_leaves_jobs_that_are_waited_for(started, undisturbed):
    """The orphans are held still until the jobs of the next call stand at the lock."""
    bench, snakemake = started
    orphans = measuring(bench)
    assert len(orphans) == 2
    for process in orphans:
        os.kill(process, signal.SIGSTOP)
    snakemake.kill()
    snakemake.wait()

    locked = bench.run()
    assert locked.code == 1 and "cannot be locked" in locked.text
    bench.run("--unlock").done()
    again = bench.start(output=subprocess.DEVNULL)
    wait_for(lambda: len(measuring(bench)) == 4)
    for process in measuring(bench).keys() - orphans.keys():
        wait_for(lambda process=process: waits_for_a_lock(process))
    for process in orphans:
        os.kill(process, signal.SIGCONT)
    assert again.wait() == 0
    assert set(in_ledger(bench).values()) == {1} and len(in_ledger(bench)) == EVALS
    assert_same_numbers(undisturbed, bench)
    assert bench.run().done().jobs == []
