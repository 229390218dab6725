"""The same Snakefile on a real SLURM: a job is cancelled on the way, the numbers are the same."""

from __future__ import annotations

import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from killing import at_work, kill, wait_for
from micro_experiment import PROJECT
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
# Of each kind one: it learns, it reads a reference model, it takes many steps, it asks no model.
ATTACKS = ("loss_auto", "loss_ratio", "secmi", "rediffuse", "blind_caption")
RULE_MEASURE = re.compile("rule_measure_wildcards_(.+)_(openmoji)_([0-9]+)")
pytestmark = pytest.mark.slow


def tiny(folder: Path, model: Path) -> Workbench:
    """A copy of the pipeline that goes the road of `config/tiny.yaml`."""
    bench = Workbench.build(folder, model)
    text = (PROJECT / "config/tiny.yaml").read_text(encoding="utf-8")
    config = {**yaml.safe_load(text), "results": "results"}
    config["attacks"] = {name: config["attacks"][name] for name in ATTACKS}
    (folder / "config/config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
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


def test_a_cluster_gives_the_numbers_of_one_machine(tiny_sd, tmp_path):
    if reason := why_not():
        pytest.skip(reason)
    assert find_spec("snakemake_executor_plugin_slurm"), "pip install '.[slurm]'"
    cluster = tiny(tmp_path / "cluster", tiny_sd)
    cluster.configure(lambda config: config["measure"].update(flush_seconds=0.2))
    log = tmp_path / "snakemake.log"
    with (
        slurm(tmp_path / "slurm", cores=16),
        open(log, "w") as output,
        cluster.start(*HERE, output=output) as snakemake,
    ):
        try:
            found = wait_for(lambda: measuring(cluster) or snakemake.poll() is not None)
            assert found is not True, log.read_text()
            number, job = found
            subprocess.run(["scancel", number], check=True)
            assert snakemake.wait() == 0, log.read_text()
        finally:
            kill(at_work(cluster.folder))
    assert f"SLURM-job '{number}' failed, SLURM status is: 'CANCELLED'" in log.read_text()
    assert "Nothing to be done" in cluster.run("--dry-run").done().text

    alone = tiny(tmp_path / "alone", tiny_sd)
    alone.run().done()
    assert 0 < cluster.evals_of(job) < alone.evals_of(job)
    assert_same_numbers(alone, cluster)
