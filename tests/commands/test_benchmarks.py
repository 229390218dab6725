"""The benchmarks run as `make bench` runs them, on a little."""

from pathlib import Path

import pytest

from mia.commands.bench import scale
from mia.commands.benchmarks.edit import after_edit

WORKFLOW = Path(__file__).parents[2] / "workflow"


def test_every_stage_after_measuring_runs_on_the_made_up_target(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(WORKFLOW))
    found = scale(images=80, queries=4)
    after = ["score", "evaluate", "audit", "tables", "figures", "loss_figures", "report"]
    assert found.keys() >= {*after, "export"}
    assert all(used["mib"] > 0 for used in found.values() if isinstance(used, dict))


def test_an_edited_attack_runs_through_to_the_report(finished_run, tmp_path):
    run = ("config/config.yaml", "results", "pia")
    with pytest.raises(ValueError, match=r"report\.html: no such file; run `make run"):
        after_edit(*run, tmp_path, checkout=tmp_path)
    found = after_edit(*run, tmp_path, checkout=finished_run.kept.folder)
    assert found["jobs"] == len(["score", "evaluate", "figures", "tables", "report", "all"])
