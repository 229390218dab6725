"""The same Snakefile on a real SLURM: a job is cancelled on the way, the numbers are the same."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.util import find_spec

import pytest

from killing import at_work, kill, slowed, wait_for
from slurm_cluster import slurm, why_not
from workbench import Workbench, assert_same_numbers

# This cluster has no accounts and one small node, and nobody else asks it how jobs fare.
HERE = (
    "--workflow-profile=profiles/slurm",
    "--slurm-no-account",
    "--slurm-status-command=squeue",
    "--slurm-init-seconds-before-status-checks=1",
    "--seconds-between-status-checks=1",
    "--latency-wait=10",
    "--group-components=attack=10",
)
# One that learns and one that asks no model, beside the one that is slowed.
FURTHER = {
    "loss_auto": {"attack": "loss", "timesteps": "auto", "grid": [100, 300, 450]},
    "blind_caption": {},
}
RULE_MEASURE = re.compile("rule_measure_wildcards_(.+)_(mine)_([0-9]+)")
pytestmark = pytest.mark.slow


def slow(bench: Workbench) -> Workbench:
    """Measuring is one job, and so long that it can be cancelled on the way."""

    def further(config: dict) -> None:
        config["attacks"].update(FURTHER)
        config["image_sets"]["mine"]["shards"] = 1

    slowed(bench).configure(further)
    return bench


def measuring(bench: Workbench) -> tuple[str, str] | None:
    """SLURM's number of a measuring job, and its name, once something of it is in the ledger."""
    running = ["squeue", "--noheader", "--states=RUNNING", "--format=%i %k"]
    for line in subprocess.check_output(running, text=True).splitlines():
        number, _, comment = line.partition(" ")
        if found := RULE_MEASURE.fullmatch(comment):
            model, image_set, shard = found.groups()
            ledger = bench.folder / "results/ledger/measure" / model / image_set
            if list(ledger.glob("*.parquet")):
                return number, f"measure/{model}/{image_set}/{shard}"
    return None


def test_a_cluster_gives_the_numbers_of_one_machine(finished_run, tmp_path):
    """From nothing on the cluster; on one machine only what the finished run has not measured."""
    if reason := why_not():
        pytest.skip(reason)
    assert find_spec("snakemake_executor_plugin_slurm"), "pip install '.[slurm]'"
    alone = slow(finished_run.copy())
    alone.run().done()
    alone = Workbench(alone.folder.rename(tmp_path / "alone"))

    cluster = slow(finished_run.copy())
    for made in ("results", ".snakemake"):
        shutil.rmtree(cluster.folder / made)
    log = tmp_path / "snakemake.log"
    with (
        slurm(tmp_path / "slurm", cores=16),
        open(log, "w") as output,
        cluster.start(*HERE, output=output) as snakemake,
    ):
        try:
            found = wait_for(lambda: measuring(cluster) or snakemake.poll() is not None, every=0.2)
            assert found is not True, log.read_text()
            number, job = found
            subprocess.run(["scancel", number], check=True)
            assert snakemake.wait() == 0, log.read_text()
        finally:
            kill(at_work(cluster.folder))
    assert f"SLURM-job '{number}' failed, SLURM status is: 'CANCELLED'" in log.read_text()
    assert "Nothing to be done" in cluster.run("--dry-run").done().text
    assert 0 < cluster.evals_of(job) < alone.evals_of(job)
    assert_same_numbers(alone, cluster)
