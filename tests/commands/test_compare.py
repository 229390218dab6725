"""The stage `compare`: two runs of the same targets, attack by attack."""

import sys

import numpy as np
import pandas as pd
import pytest
import yaml

from made_target import membership, scores, write_scores
from mia import storage
from mia.commands import compare
from mia.stats.metrics import auc

ATTACKS = {"loss": {}, "late": {"attack": "loss", "timesteps": [700]}, "coin": {}}


def write_run(folder, name, attacks, shift):
    """A config and the files of its run; `shift` maps an attack to a change of its scores."""
    parts = {part: {"path": part, "captions": f"{part}.csv"} for part in ("seen", "unseen")}
    config = {
        "results": str(folder / name),
        "image_sets": {"mine": {"source": "folder", "parts": parts}},
        "models": {"tiny": {"source": "path", "path": str(folder)}},
        "targets": {"t": {"model": "tiny", "members": "mine:seen", "nonmembers": "mine:unseen"}},
        "attacks": attacks,
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    members = membership(per_class=200)
    storage.write(members, folder / name / "targets/t/membership.parquet")
    for seed, attack in enumerate(ATTACKS):
        table = scores(members, 0.5, seed)
        table["score"] += shift.get(attack, 0.0) * np.random.default_rng(9).normal(size=400)
        write_scores(folder / name / f"scores/t/{attack}.parquet", table)
    return str(path)


@pytest.fixture
def compared(tmp_path, monkeypatch):
    """Compare a run with one whose `loss` differs though asked alike, and `late` is asked anew."""
    (tmp_path / "model_index.json").write_text("{}")
    full = write_run(tmp_path, "full", ATTACKS, {})
    late = {**ATTACKS, "late": {"attack": "loss", "timesteps": [600]}}
    other = write_run(tmp_path, "other", late, {"loss": 0.1, "late": 0.1})
    argv = ["compare", "--full", full, "--other", other, "--papers", full]
    monkeypatch.setattr(sys, "argv", [*argv, "--output", str(tmp_path / "compare.csv")])
    compare.main()
    return tmp_path, pd.read_csv(tmp_path / "compare.csv", keep_default_na=False).set_index(
        "attack"
    )


def test_differences_are_paired_on_the_evaluation_fold(compared):
    folder, table = compared
    assert list(table.index) == ["loss", "late"]  # the coin asks no model
    members = storage.read(folder / "full/targets/t/membership.parquet")
    rows = members["fold"] == "evaluation"
    areas = [
        auc(
            storage.read(folder / run / "scores/t/loss.parquet")["score"][rows],
            members["member"][rows],
        )
        for run in ("full", "other")
    ]
    found = table.loc["loss"]
    assert (found["full"], found["other"]) == pytest.approx(tuple(areas), abs=1e-5)
    assert found["difference"] == pytest.approx(areas[0] - areas[1], abs=1e-5)
    assert found["low"] < found["difference"] < found["high"]


def test_an_attack_asked_alike_that_scores_otherwise_is_flagged(compared):
    assert compared[1]["flags"].to_dict() == {"loss": "not_reproducible", "late": ""}
