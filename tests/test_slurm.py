"""The same Snakefile on a real SLURM: a job is cancelled on the way, the numbers are the same."""

from __future__ import annotations

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from killing import at_work, kill, wait_for
from micro_experiment import PROJECT, copy_pipeline
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
    "--group-components=attack=34",
)
pytestmark = pytest.mark.slow


def tiny(folder: Path) -> Workbench:
    """The pipeline with `config/tiny.yaml`, its ledger written twice a second."""
    copy_pipeline(folder)
    config = yaml.safe_load((PROJECT / "config/tiny.yaml").read_text(encoding="utf-8"))
    config["measure"]["flush_seconds"] = 0.5
    (folder / "config").mkdir()
    (folder / "config/config.yaml").write_text(yaml.safe_dump({**config, "results": "results"}))
    return Workbench(folder)


def measuring(bench: Workbench) -> tuple[str, str] | None:
    """SLURM's number of a measuring job that has something in its ledger, and its model."""
    running = ["squeue", "--noheader", "--states=RUNNING", "--format=%i %k"]
    for line in subprocess.check_output(running, text=True).splitlines():
        number, _, comment = line.partition(" rule_measure_wildcards_")
        model = comment.split("_openmoji")[0]
        if comment and list(bench.folder.glob(f"results/ledger/measure/{model}/*/*.parquet")):
            return number, model
    return None


def test_a_cluster_gives_the_numbers_of_one_machine(tmp_path):
    if reason := why_not():
        pytest.skip(reason)
    assert find_spec("snakemake_executor_plugin_slurm"), "pip install '.[slurm]'"
    cluster, log = tiny(tmp_path / "cluster"), tmp_path / "snakemake.log"
    with (
        slurm(tmp_path / "slurm"),
        open(log, "w") as output,
        cluster.start(*HERE, output=output) as snakemake,
    ):
        try:
            found = wait_for(lambda: measuring(cluster) or snakemake.poll() is not None)
            assert found is not True, log.read_text()
            number, model = found
            subprocess.run(["scancel", number], check=True)
            assert snakemake.wait() == 0, log.read_text()
        finally:
            kill(at_work(cluster.folder))
    assert f"SLURM job '{number}'" in log.read_text()
    assert "Nothing to be done" in cluster.run("--dry-run").done().text
    measure_log = cluster.folder / f"results/logs/measure/{model}/openmoji/000.log"
    assert int(MEASURED.search(measure_log.read_text()).group(1)) > 0

    local = tiny(tmp_path / "local")
    trained = "results/ledger/train"
    shutil.copytree(cluster.folder / trained, local.folder / trained)
    local.run().done()
    assert_same_numbers(cluster, local)
