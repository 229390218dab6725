"""kill -9 in the middle of measuring: nothing is lost but the last flush, nothing done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from killing import TIMESTEPS, at_work, counted_jobs, kill, slowed, wait_for
from mia import storage
from mia.attacks.shared import generated
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


PARTS = ("member", "nonmember")
OUTPUT = "killed/signals/tiny/mine/{signal}/000.parquet"


def measure_arguments(queries, batch: int, ledger: str, output: str = OUTPUT, parts=PARTS):
    """Command line of the first shard, flushing after every batch."""
    settings = {"device": "cpu", "dtype": "float32", "batch_size": batch, "compile": False}
    settings |= {"flush_seconds": 1e-9, "repeats": 0, "seed": 0}
    settings |= {"parts": parts, "shards": 2, "queries": dump(queries)}
    named = {
        "model": "results/models/tiny/model.json",
        "manifest": "results/images/mine/manifest.parquet",
        "latents": "results/latents/tiny/mine/000.safetensors",
        "pictures": "results/images/mine/raw/000/pictures.tar",
        "shard": "000",
        "settings": json.dumps(settings),
        "threads": "1",
        "ledger": ledger,
    }
    words = [word for name, value in named.items() for word in (f"--{name}", value)]
    return [*words, "--output", *(output.format(signal=name) for name in signals_of(queries))]


def signals_of(queries) -> list[str]:
    return sorted({query.signal for query in queries})


def test_five_kills_at_random_lose_at_most_a_flush_each(bench, undisturbed):
    """At seeded moments, wherever they fall: in a forward pass, a write, a merge of segments."""
    slowed(bench)
    output = bench.folder / OUTPUT.format(signal="denoise")
    keys = pd.read_parquet(undisturbed.folder / "results/signals/tiny/mine/denoise/000.parquet")
    moments = np.sort(np.random.default_rng(0).integers(1, len(keys), KILLS))
    asked = grid("denoise", TIMESTEPS, 1)
    arguments = measure_arguments(asked, BATCH, "results/ledger/measure/tiny/mine")
    with counted_jobs(bench.folder) as jobs:
        for moment in moments:
            jobs.kill_at(moment, arguments)
            assert not output.exists()
        jobs.finish(arguments)
        evals = jobs.evals()
    assert len(pd.read_parquet(output)) == len(keys)
    assert 0 <= evals - len(keys) <= KILLS * BATCH
    measured, _ = bench.make_run()
    assert measured.evals == EVALS - len(keys)
    assert_same_numbers(undisturbed, bench)


OUTPUTS = (
    *grid("gradient", (99, 199), 1),
    *grid("gradient", (99,), 1, further=(("timesteps", "99+199"),)),
    *generated.queries(10, 2.0, 2, "caption"),
)


def test_gradients_and_generations_go_on_after_a_kill_too(bench):
    """The first kill falls amid a chain of ten steps: its images are made again, from the start."""
    part = PARTS[:1]
    whole = measure_arguments(OUTPUTS, 2, "whole/ledger", f"whole/{OUTPUT}", part)
    killed = measure_arguments(OUTPUTS, 2, "killed/ledger", parts=part)
    with counted_jobs(bench.folder) as jobs:
        jobs.finish(whole)
        needed = jobs.evals()
        for moment in (25, 120, 200):
            jobs.kill_at(needed + moment, killed)
        jobs.finish(killed)
        lost = jobs.evals() - 2 * needed
    images = len(storage.read(bench.folder / f"whole/{OUTPUT}".format(signal="gradient"))) // 3
    chain = 2 * 2 * 10  # draws, conditions, steps
    assert needed == images * (4 + chain)
    assert 0 < lost <= 3 * 2 * (4 + chain)
    for name in ("gradient", "generation"):
        once, again = (
            storage.read(bench.folder / folder / OUTPUT.format(signal=name))
            for folder in ("whole", "")
        )
        pd.testing.assert_frame_equal(once, again, rtol=1e-4, atol=1e-6)
        stored = sorted((bench.folder / "killed/ledger").glob(f"{name}-*.parquet"))
        rows = pd.concat([storage.read(path) for path in stored])
        assert len(rows) == len(once) and not rows.duplicated(["image_id", "query"]).any()
