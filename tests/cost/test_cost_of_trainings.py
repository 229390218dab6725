"""What `make cost` says of trainings: those that are not done, shadow models together."""

from types import SimpleNamespace

import pandas as pd
import pytest

from mia import result_paths, storage
from mia.config.read import read
from mia.cost.hours import Pace
from mia.cost.trainings import training_costs, training_lines

CONFIG = {
    "results": "r",
    "image_sets": {"set": {"source": "builtin", "split": {"a": 30, "b": 50, "c": 40}}},
    "training": {
        "mine": {"set": "set:a", "representation_set": "set", "epochs": 10, "shadows": 6},
        "other": {"set": "set:c", "like": "mine", "device": "cuda"},
    },
    "models": {
        "mine": {"source": "training", "training": "mine"},
        "other": {"source": "training", "training": "other"},
    },
    "targets": {
        "fair": {
            "model": "mine",
            "control": "other",
            "references": "mine-shadows",
            "members": "set:a",
            "nonmembers": "set:b",
        }
    },
    "attacks": {"lira": {}},
    "measure": {"device": "cpu"},
}
HOURS = SimpleNamespace(pace=lambda model: Pace(2.0, "measured here"))


def costs(folder):
    found = training_costs(read(CONFIG), folder, HOURS)
    return {cost.name: cost for cost in found}


def test_shadow_models_cost_half_the_images_each(tmp_path):
    found = costs(tmp_path)
    assert [*found] == ["mine", "other", "mine, its shadows"]
    assert found["mine"].evals == 30 * 10 * 3
    shadows = found["mine, its shadows"]
    assert (shadows.models, shadows.images, shadows.evals) == (6, 40, 6 * 40 * 10 * 3)
    line = next(one for one in training_lines(read(CONFIG), tmp_path, HOURS) if "shadows" in one)
    assert "7,200" in line and f"{7200 * 2 / 3600:.1f}" in line


def test_kept_images_count_once_there_is_a_manifest(tmp_path):
    rows = pd.DataFrame({"part": ["a"] * 4 + ["b"] * 6, "kept": [True] * 8 + [False] * 2})
    storage.write(rows, tmp_path / result_paths.MANIFEST.format(set="set"))
    found = costs(tmp_path)
    assert (found["mine"].images, found["mine, its shadows"].images) == (4, 4)


def test_what_is_done_costs_nothing(tmp_path):
    for name in ("mine", "other", *(f"mine-shadow-{number}" for number in range(1, 5))):
        storage.write_json({}, tmp_path / result_paths.CHECKPOINTS.format(training=name))
    (left,) = costs(tmp_path).values()
    assert (left.name, left.models) == ("mine, its shadows", 2)
    for number in (5, 6):
        path = result_paths.CHECKPOINTS.format(training=f"mine-shadow-{number}")
        storage.write_json({}, tmp_path / path)
    assert training_lines(read(CONFIG), tmp_path, HOURS) == []


@pytest.mark.parametrize("name", ["other"])
def test_the_pace_of_another_device_is_not_told(name, tmp_path):
    cost = costs(tmp_path)[name]
    assert cost.seconds is None and "does not run on cpu" in cost.basis
    assert any(f"{cost.evals:,}" in line for line in training_lines(read(CONFIG), tmp_path, HOURS))
