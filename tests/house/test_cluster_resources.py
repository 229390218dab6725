"""What jobs ask of a cluster, and that its profile keeps what the default one promises."""

import re
from pathlib import Path

import pytest
import yaml

from workbench import ANNOUNCED

ROOT = Path(__file__).parents[2]
LOCAL_ONLY = {"resources"}  # a limit on this machine's GPUs


@pytest.mark.parametrize(("device", "rules"), [("cpu", set()), ("cuda", {"encode", "measure"})])
def test_a_card_is_asked_for_where_the_config_asks_for_one(bench, device, rules):
    bench.configure(lambda config: config["measure"].update(device=device))
    planned = ANNOUNCED.findall(bench.run("--dry-run", "--forceall").done().text)
    assert {rule for rule, text in planned if re.search(r"gpu=1\b", text)} == rules
    for rule, text in planned:
        assert rule == "all" or ("mem_mb=" in text and "runtime=" in text), rule


def test_the_slurm_profile_keeps_what_holds_everywhere():
    default, slurm = (
        yaml.safe_load((ROOT / f"profiles/{name}/config.yaml").read_text(encoding="utf-8"))
        for name in ("default", "slurm")
    )
    kept = {key: value for key, value in default.items() if key not in LOCAL_ONLY}
    assert kept.items() <= slurm.items()
    assert slurm["retries"] > 0 and "slurm-array-jobs" not in slurm


def test_no_rule_retries_by_itself():
    """Inside a cluster's job it would try again with the memory that was too little."""
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        assert "retries:" not in path.read_text(encoding="utf-8"), path


SLURM = ("--workflow-profile", "profiles/slurm")
BARE = ("--executor", "slurm", "--jobs", "5")


@pytest.mark.parametrize(
    ("device", "options", "warned"),
    [
        ("auto", SLURM, True),
        ("auto", BARE, True),
        ("cuda", SLURM, False),
        ("auto", (), False),
        ("auto", (*SLURM, "--set-resources", "measure:gpu=1"), False),
        ("auto", (*BARE, "--set-resources", "measure:gres=gpu:1"), False),
    ],
)
def test_auto_on_a_cluster_is_warned_of(device, options, warned, bench):
    """No GPU is requested, and jobs would be slow without a word."""
    bench.configure(lambda config: config["measure"].update(device=device))
    said = bench.run("--dry-run", "results/images/mine/plan/000.parquet", *options).done().text
    assert said.count("measure.device is auto: no GPU is requested") == warned
