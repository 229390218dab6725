"""A run that is ended the hard way at any stage goes on, and ends as if nothing had happened.

One stage of each kind is killed; with `--slow --every-stage`, each of them.
"""

from __future__ import annotations

import shutil
import subprocess
import time

import numpy as np
import pytest

from killing import at_work, kill, stages, wait_for
from workbench import Workbench, assert_same_numbers

STAGES = {
    "plan", "download", "rows", "manifest", "membership", "model", "encode", "measure", "gather",
    "score", "evaluate", "audit", "tables", "figures", "loss_figures", "report",
}  # fmt: skip
# It fetches, joins shards, decides on a target, asks a model, keeps a ledger, writes many files at
# once, has its like beside it, draws, and ends the run.
OF_EACH_KIND = {
    "download", "manifest", "membership", "encode", "measure", "gather", "score", "figures",
    "report",
}  # fmt: skip
TRAINING = {
    "set": "mine:member", "representation_set": "mine", "epochs": 20, "keep": [10, 20],
    "batch_size": 4, "channels": [32, 32], "vae_steps": 60, "vae_channels": [8, 16, 16],
    "latent_channels": 4, "vocabulary": 400,
}  # fmt: skip
TRAINED = {"tiny": {"source": "training", "training": "tiny", "epoch": 20}}


def forget(bench: Workbench) -> None:
    """Delete all that a run made."""
    shutil.rmtree(bench.folder / "results")
    shutil.rmtree(bench.folder / ".snakemake")


def seen(wanted: set[str], bench: Workbench, snakemake: subprocess.Popen) -> bool:
    """Wait until one of the stages `wanted` is at work, or Snakemake ended; say whether one is."""

    def at_one() -> bool:
        return bool(wanted.intersection(stages(bench.folder).values()))

    wait_for(lambda: at_one() or snakemake.poll() is not None)
    return snakemake.poll() is None


def kill_once_in_each(
    wanted: set[str], bench: Workbench, *arguments: str, within: float = 0.8
) -> None:
    """Kill Snakemake and all its jobs while a stage is at work, until each of `wanted` was hit.

    The blow falls `within` seconds after a stage is first seen. If it ended just before, the run
    goes on without it; so a run that came to its end is forgotten and begun anew for what is left.
    """
    delays, left = np.random.default_rng(0), set(wanted)
    while left:
        snakemake = bench.start(*arguments, "--nolock", cores=4, output=subprocess.DEVNULL)
        if not seen(left, bench, snakemake):
            assert snakemake.returncode == 0
            forget(bench)
            continue
        time.sleep(delays.uniform(0, within))
        left -= set(stages(bench.folder).values())
        while running := at_work(bench.folder):
            kill(running)
        snakemake.wait()


@pytest.mark.slow
def test_a_run_killed_at_its_stages_ends_as_if_undisturbed(bench, finished_run, request):
    """Snakemake and all its jobs get a `kill -9`, once as each of the stages is at work."""
    every = request.config.getoption("--every-stage")
    forget(bench)
    kill_once_in_each(STAGES if every else OF_EACH_KIND, bench)
    assert bench.resume().returncode == 0
    bench.make_run()
    assert_same_numbers(finished_run.kept, bench)
    assert bench.run().done().jobs == []


@pytest.mark.slow
def test_a_training_killed_on_the_way_gives_the_same_weights(bench):
    """Of a model trained on the members, VAE first, both killed as they learn."""
    bench.configure(lambda config: config.update(training={"tiny": TRAINING}, models=TRAINED))
    model = "results/models/tiny/model.json"
    bench.run(model).done()
    undisturbed = (bench.folder / model).read_bytes()
    for made in ("training", "ledger/train", "models"):
        shutil.rmtree(bench.folder / "results" / made)
    kill_once_in_each({"vae", "train"}, bench, model, within=8)
    assert bench.resume().returncode == 0
    bench.run(model).done()
    assert (bench.folder / model).read_bytes() == undisturbed


@pytest.mark.slow
def test_a_full_disk_stops_a_run_that_goes_on_when_there_is_room(bench, finished_run):
    """The results lie on a real file system of a few hundred kB, then of enough."""
    results = bench.folder / "results"
    forget(bench)
    results.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=500k", "tmpfs", str(results)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a file system of a given size needs root")
    try:
        stopped = bench.run()
        assert stopped.code == 1 and stopped.jobs
        subprocess.run(["mount", "-o", "remount,size=64m", str(results)], check=True)
        bench.make_run()
        assert_same_numbers(finished_run.kept, bench)
    finally:
        subprocess.run(["umount", str(results)], check=True)


def test_a_lock_is_taken_from_the_dead_only(bench):
    """A run that is held still counts as alive; only after its end is its lock removed."""
    shutil.rmtree(bench.folder / "results")
    snakemake = bench.start(output=subprocess.DEVNULL)
    wait_for(lambda: stages(bench.folder))
    refused = bench.resume()
    assert refused.returncode == 1 and f"process {snakemake.pid}" in refused.stderr
    while running := at_work(bench.folder):
        kill(running)
    snakemake.wait()
    locked = bench.run("measured")
    assert locked.code == 1 and "left its lock" in locked.text
    taken = bench.resume()
    assert taken.returncode == 0, taken.stderr
    bench.run("results/images/mine/manifest.parquet").done()
    assert not list((bench.folder / ".snakemake/runs").iterdir())


def test_a_run_of_another_machine_is_never_taken_for_dead(bench):
    note = bench.folder / ".snakemake/runs/node17-4242"
    note.parent.mkdir(exist_ok=True)
    note.touch()
    refused = bench.resume()
    assert refused.returncode == 1
    assert "node17-4242" in refused.stderr and "started on node17" in refused.stderr
    note.unlink()
    assert bench.resume().returncode == 0
