"""The stage `score` with references: no label of the target is read, and all images are scored."""

import json

import numpy as np
import pandas as pd
import pytest

from mia import storage
from mia.attacks.shared.contract import LearnsFromReferences
from mia.config.attacks import build_attack
from mia.stages import score as stage

N, MODELS = 80, ["target", "control", *(f"r{number}" for number in range(8))]
IDS = [f"image{number:03d}" for number in range(N)]
ENTRIES = {
    "lira": {},
    "bavaria": {},
    "learnt": {
        "attack": "logistic_losses",
        "timesteps": [100],
        "draws": 2,
        "learns_from": "references",
    },
}


def scored(folder, name, member):
    """Score by files: the target's labels are `member`, all else stays the same."""
    number = np.arange(N)
    membership = pd.DataFrame({"set": "s", "key": IDS, "image_id": IDS, "member": member})
    membership = membership.assign(group=IDS, fold="evaluation", block=number % 6, kept=True)
    storage.write(membership, folder / "membership.parquet")
    rng = np.random.default_rng(0)
    halves = np.argsort(rng.random((8, N)), axis=0) < 4
    sides = {f"r{i}": np.where(half, "in", "out") for i, half in enumerate(halves)}
    storage.write(pd.DataFrame({"image_id": IDS, **sides}), folder / "references.parquet")
    attack, files = build_attack(name, ENTRIES[name]), {model: [] for model in MODELS}
    hard = rng.normal(size=N)
    for model in MODELS:
        learnt = sides[model] == "in" if model in sides else number % 2 == 0
        for query in attack.queries:
            loss = np.exp(hard - 0.5 * learnt + 0.2 * rng.normal(size=N))
            table = pd.DataFrame({"key": IDS, "image_id": IDS, **query.fields()})
            path = folder / f"queries/{model}/s/{query.path}.parquet"
            repeats = table.assign(loss_caption=loss, l1_caption=loss).iloc[:2].to_dict("records")
            about = {"set": "s", "fields": [*query.fields()], "devices": ["cpu"]}
            rows = table.assign(loss_caption=loss, l1_caption=loss)
            storage.write(rows, path, {**about, "repeats": repeats})
            files[model].append(str(path))
    storage.write_json({"alpha_bar": [0.5] * 1000, "tensors": []}, folder / "model.json")
    arguments = ["--settings", json.dumps({"name": name, "entry": ENTRIES[name], "seed": 5})]
    arguments += ["--target", "t", "--model", str(folder / "model.json")]
    arguments += ["--membership", str(folder / "membership.parquet")]
    arguments += ["--signals", *files["target"], "--controls", *files["control"]]
    arguments += ["--references", *(path for model in MODELS[2:] for path in files[model])]
    arguments += ["--known", str(folder / "references.parquet")]
    arguments += ["--output", str(folder / "score.parquet")]
    run(arguments)
    return storage.read(folder / "score.parquet"), storage.metadata(folder / "score.parquet")


def run(arguments):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["score", *arguments])
        stage.main()


@pytest.mark.parametrize("name", ENTRIES)
def test_labels_of_the_target_change_no_score(name, tmp_path):
    member = np.arange(N) % 2 == 0
    mixed = np.random.default_rng(1).permutation(member)
    (one, about), (two, _) = (scored(tmp_path, name, labels) for labels in (member, mixed))
    pd.testing.assert_frame_equal(one, two)
    assert about["trained"] is False and about["fit_image_ids"] == []
    assert bool(about["fitted"]) == (name != "learnt"), "priors and deviations are told"


@pytest.mark.parametrize("name", ENTRIES)
def test_every_image_has_a_score_on_the_model_and_on_its_control(name, tmp_path):
    table, about = scored(tmp_path, name, np.arange(N) % 2 == 0)
    assert "block" not in table and len(table) == N
    for column in ("score", "draw_0", "draw_1", "control_control"):
        assert np.isfinite(table[column]).all(), column
    assert about["repeats"] == {"pictures": 2, "difference": 0.0}
    assert isinstance(build_attack(name, ENTRIES[name]), LearnsFromReferences)
