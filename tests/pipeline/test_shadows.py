"""Shadow models down the whole road: trained on halves, asked, learnt from, and added to."""

import pandas as pd
import pytest

from mia import storage
from mia.images.halves import half_of

OWN = {
    "set": "mine:member", "representation_set": "mine", "epochs": 2, "batch_size": 4,
    "channels": [32, 32], "vae_steps": 2, "vae_channels": [8, 16, 16], "latent_channels": 4,
    "vocabulary": 400,
}  # fmt: skip
REFERENCES = {
    "lira": {"draws": 1},
    "bavaria": {"draws": 1},
    "learnt": {
        "attack": "logistic_losses",
        "timesteps": [100],
        "draws": 1,
        "learns_from": "references",
    },
}
pytestmark = pytest.mark.slow


def shadows(bench, count):
    def change(config):
        config["training"] = {"own": {**OWN, "shadows": count}}
        config["models"] = {"own": {"source": "training", "training": "own"}}
        config["targets"]["fair"] |= {"model": "own", "references": "own-shadows"}
        config["attacks"] = {"loss": {"draws": 1}, "coin": {}, "blind_caption": {}, **REFERENCES}

    bench.configure(change)


@pytest.fixture(scope="module")
def trained(finished_run):
    bench = finished_run.copy()
    shadows(bench, 4)
    bench.run().done()
    return bench


def test_each_half_is_learnt_by_its_model_and_known_to_the_target(trained):
    results = trained.folder / "results"
    manifest = storage.read(results / "images/mine/manifest.parquet")
    known = storage.read(results / "targets/fair/references.parquet").set_index("image_id")
    assert [*known] == [f"own-shadow-{number}" for number in (1, 2, 3, 4)]
    for number, name in enumerate(known, start=1):
        half = half_of(manifest, ["member", "nonmember"], 0, number)
        assert {*known.index[known[name] == "in"]} == {*half["image_id"]} & {*known.index}
        index = storage.read_json(results / f"training/{name}/index.json")
        assert index["members"] == len(half)
    weights = {
        storage.read_json(results / f"models/{name}/model.json")["weights"] != "" for name in known
    }
    assert weights == {True}


def test_attacks_that_learn_from_them_are_reported_on_every_image(trained):
    summary = trained.summary()
    assert {*REFERENCES} < {*summary.index}
    kept = storage.read(trained.folder / "results/targets/fair/membership.parquet")["kept"].sum()
    for name in REFERENCES:
        row = summary.loc[name]
        assert row["n_member"] + row["n_nonmember"] == kept
        assert row["evals_alone"] == 5
    asked = (trained.folder / "results/queries/own-shadow-1/mine/denoise").glob("*.parquet")
    assert len([path for path in asked if len(pd.read_parquet(path))]) == 1
    page = (trained.folder / "results/report.html").read_text(encoding="utf-8")
    assert "own-shadow-1" in page


def test_two_more_shadow_models_train_two_more(trained):
    shadows(trained, 6)
    jobs = trained.run().done().jobs
    assert {job for job in jobs if job.startswith("train/")} == {
        "train/own-shadow-5",
        "train/own-shadow-6",
    }
    assert not [job for job in jobs if job.startswith("measure/own-shadow-1")]
    assert {"score/fair/lira", "references/fair"} <= {*jobs}
    assert "score/fair/loss" not in jobs
