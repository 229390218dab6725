"""The benchmark of scale calls every stage after measuring as the rules do."""

from pathlib import Path

from mia.stages.bench import scale

WORKFLOW = Path(__file__).parents[1] / "workflow"


def test_every_stage_after_measuring_runs_on_the_made_up_target(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(WORKFLOW))
    found = scale(images=80, queries=4)
    after = ["score", "evaluate", "audit", "tables", "figures", "loss_figures", "report"]
    assert found.keys() >= {*after}
    assert all(used["mib"] > 0 for used in found.values() if isinstance(used, dict))
