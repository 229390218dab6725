"""The same Snakefile on a real SLURM: a job is cancelled on the way, the numbers are the same."""

from __future__ import annotations

import subprocess
from importlib.util import find_spec

import pytest

from killing import at_work, kill, slowed, wait_for
from mia import tables
from slurm_cluster import slurm, why_not
from workbench import MEASURED, Workbench, assert_same_numbers

# This cluster has no accounts and one small node, and nobody else asks it how jobs fare.
HERE = (
    "--workflow-profile=profiles/slurm",
    "--slurm-no-account",
    "--slurm-status-command=squeue",
    "--slurm-init-seconds-before-status-checks=1",
    "--seconds-between-status-checks=1",
    "--latency-wait=10",
)
pytestmark = pytest.mark.slow


def measuring(bench: Workbench) -> tuple[str, str] | None:
    """SLURM's number of a measuring job, and its shard, once something is in the ledger."""
    if not list((bench.folder / "results/ledger").glob("measure/*/*/denoise-*.parquet")):
        return None
    running = ["squeue", "--noheader", "--states=RUNNING", "--format=%i %k"]
    for line in subprocess.check_output(running, text=True).splitlines():
        number, _, rule = line.partition(" ")
        if rule.startswith("rule_measure_"):
            return number, rule.rpartition("_")[2]
    return None


def test_a_cluster_gives_the_numbers_of_one_machine(tiny_sd, bench, tmp_path):
    if reason := why_not():
        pytest.skip(reason)
    assert find_spec("snakemake_executor_plugin_slurm"), "pip install '.[slurm]'"
    cluster = slowed(Workbench.build(tmp_path / "cluster", tiny_sd))
    log = tmp_path / "snakemake.log"
    with (
        slurm(tmp_path / "slurm"),
        open(log, "w") as output,
        cluster.start(*HERE, output=output) as snakemake,
    ):
        try:
            found = wait_for(lambda: measuring(cluster) or snakemake.poll() is not None)
            assert found is not True, log.read_text()
            number, shard = found
            subprocess.run(["scancel", number], check=True)
            assert snakemake.wait() == 0, log.read_text()
        finally:
            kill(at_work(cluster.folder))
    assert f"SLURM-job '{number}' failed, SLURM status is: 'CANCELLED'" in log.read_text()
    went_on = cluster.folder / f"results/logs/measure/tiny/mine/{shard}.log"
    answers = tables.read(cluster.folder / f"results/signals/tiny/mine/denoise/{shard}.parquet")
    assert 0 < int(MEASURED.search(went_on.read_text()).group(1)) < len(answers)
    assert "Nothing to be done" in cluster.run("--dry-run").done().text

    slowed(bench, batch_size=64).run().done()
    assert_same_numbers(bench, cluster)
