"""What targets cost that have no model: nothing is measured for them, and the reason why."""

from __future__ import annotations

from mia.config.experiment import Experiment
from mia.config.kinds import AUDIT_ONLY, FULL, SCORES_ONLY

WHY = {
    AUDIT_ONLY: "it has no model; its sets are fetched and judged on the CPU",
    SCORES_ONLY: "its scores were made elsewhere; they are evaluated on the CPU",
}


def free_targets(experiment: Experiment) -> list[str]:
    """Return a line for each target that asks no model: its evals are a dash, with the reason."""
    kinds = {name: experiment.kind(name) for name in experiment.config["targets"]}
    return [
        f"target {name} ({kind}): evals –: {WHY[kind]}"
        for name, kind in kinds.items()
        if kind != FULL
    ]
