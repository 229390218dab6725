"""kill -9 in the middle of measuring: nothing is lost but the last flush, nothing done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from killing import TIMESTEPS, at_work, kill, slowed, wait_for
from mia import storage
from mia.query import dump, grid
from micro_experiment import IMAGES
from workbench import Workbench, assert_same_numbers

EVALS = IMAGES * len(TIMESTEPS)
KILLS, BATCH = 5, 8
pytestmark = pytest.mark.slow


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
    return {
        process: words[words.index("--shard") + 1]
        for process, words in at_work(bench.folder).items()
        if "mia.stages.measure" in words
    }


def segments(bench):
    return sorted((bench.folder / "results/ledger").glob("measure/*/*/denoise-*.parquet"))


def in_ledger(bench) -> Counter:
    """How often each (image, query) was measured, over all segments."""
    rows = pd.concat([storage.read(path) for path in segments(bench)])
    return Counter(zip(rows["image_id"], rows["query"], strict=True))


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
        kill(measuring(bench))


def test_a_killed_job_goes_on_from_its_last_flush(started, undisturbed):
    bench, snakemake = started
    kill(measuring(bench))
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
    assert locked.code == 1 and "left its lock" in locked.text
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


# The measure stage as Snakemake calls it, once for each line that comes in, in a process of its own
# that needs no second import of torch. Every eval is a byte in the file `evals`: work that a kill
# takes away is counted too.
COUNTED = """
import json, os, sys
from mia.denoisers.stable_diffusion import StableDiffusion
from mia.stages import measure
import mia.measuring

epsilon = StableDiffusion.epsilon

def counted(self, z, *rest):
    with open("evals", "ab") as file:
        file.write(b"." * len(z))
    return epsilon(self, z, *rest)

StableDiffusion.epsilon = counted
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


def measure_arguments() -> list[str]:
    """Command line of the first shard, flushing after every batch."""
    settings = {"device": "cpu", "dtype": "float32", "batch_size": BATCH, "compile": False}
    settings |= {"flush_seconds": 1e-9, "repeats": 0, "seed": 0}
    settings |= {"parts": ["member", "nonmember"], "shards": 2}
    settings["queries"] = dump(grid("denoise", TIMESTEPS, 1))
    named = {
        "model": "results/models/tiny/model.json",
        "manifest": "results/images/mine/manifest.parquet",
        "latents": "results/latents/tiny/mine/000.safetensors",
        "shard": "000",
        "settings": json.dumps(settings),
        "threads": "1",
        "ledger": "results/ledger/measure/tiny/mine",
        "output": "killed/signals/tiny/mine/denoise/000.parquet",
    }
    return [word for name, value in named.items() for word in (f"--{name}", value)]


def test_five_kills_at_random_lose_at_most_a_flush_each(bench, undisturbed):
    """At seeded moments, wherever they fall: in a forward pass, a write, a merge of segments."""
    slowed(bench)
    evals, output = (
        bench.folder / "evals",
        bench.folder / "killed/signals/tiny/mine/denoise/000.parquet",
    )
    evals.touch()
    keys = pd.read_parquet(undisturbed.folder / "results/signals/tiny/mine/denoise/000.parquet")
    moments = np.sort(np.random.default_rng(0).integers(1, len(keys), KILLS))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": "workflow"}
    with subprocess.Popen(
        [sys.executable, "-c", COUNTED],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=bench.folder,
        env=environment,
    ) as server:

        def start() -> int:
            print(json.dumps(measure_arguments()), file=server.stdin, flush=True)
            return int(server.stdout.readline())

        for moment in moments:
            job = start()
            wait_for(lambda moment=moment: evals.stat().st_size >= moment, every=0.001)
            os.kill(job, signal.SIGKILL)
            assert int(server.stdout.readline()) == -signal.SIGKILL
            assert not output.exists()
        start()
        assert int(server.stdout.readline()) == 0
        server.stdin.close()

    assert len(pd.read_parquet(output)) == len(keys)
    assert 0 <= evals.stat().st_size - len(keys) <= KILLS * BATCH
    measured, _ = bench.make_run()
    assert measured.evals == EVALS - len(keys)
    assert_same_numbers(undisturbed, bench)
