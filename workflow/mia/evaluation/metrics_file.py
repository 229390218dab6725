"""What metrics/{target}/{attack}.json holds, as types: `mia.stages.evaluate` writes it."""

from __future__ import annotations

from typing import Any, TypedDict


class Numbers(TypedDict):
    """The numbers of an attack's scores, each with its interval and its no-signal band.

    `tpr` and `carried` have one entry per limit of the FPR. `carried` and `balanced_accuracy` are
    None where calibration left no images to choose a threshold on.
    """

    n_member: int
    n_nonmember: int
    auc: dict[str, Any]
    partial_auc: dict[str, Any]
    tpr: list[dict[str, Any]]
    carried: list[dict[str, Any]] | None
    balanced_accuracy: dict[str, Any] | None
    advantage: dict[str, Any]
    flags: list[str]


class Metrics(Numbers):
    """The numbers of one attack on one target, beside what its score file says of it.

    `blind` says that it saw the images and no model. `fitted` holds what it has learnt, JSON-ready.
    `repeats` is None where nothing was measured twice, `between_draws` with fewer than two draws,
    `between_runs` without replicates of the model, `blind_twin` where the row has a control, its
    target has no manifest, or too few images come before those that are reported on.
    """

    target: str
    attack: str
    module: str
    access: str
    blind: bool
    trained: bool
    fitted: dict[str, Any]
    repeats: dict[str, Any] | None
    between_draws: dict[str, Any] | None
    between_runs: dict[str, Any] | None
    epsilon: dict[str, Any]
    blind_twin: dict[str, Any] | None
